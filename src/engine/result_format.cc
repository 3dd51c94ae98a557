#include "engine/result_format.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/properties.h>

#include <algorithm>
#include <set>
#include <vector>

#include "base/error.h"
#include "base/terminal_text.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

using arrow::RecordBatch;
using arrow::Schema;
using Sink = std::shared_ptr<arrow::io::OutputStream>;

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  const bool no_such_type = status.IsNotImplemented() || status.IsTypeError();
  throw Fail(no_such_type ? ErrorKind::kUnsupported : ErrorKind::kUnavailable,
             "Cannot write the result: {}", status.message());
}

/// Text on its way to a stream, in pieces worth a call.
class TextSink {
 public:
  explicit TextSink(Sink to) : to_(std::move(to)) {}

  std::string* buffer() { return &buffer_; }

  void FlushIfLarge() {
    if (buffer_.size() >= kPiece) Flush();
  }

  void Flush() {
    Check(to_->Write(buffer_.data(), static_cast<int64_t>(buffer_.size())));
    Check(to_->Flush());
    buffer_.clear();
  }

 private:
  static constexpr size_t kPiece = 1 << 16;
  Sink to_;
  std::string buffer_;
};

/// The columns' names, "a", "a_2", … where they repeat.
std::vector<std::string> UniqueNames(const Schema& schema) {
  std::set<std::string> taken;
  std::vector<std::string> names;
  for (const auto& field : schema.fields()) {
    std::string name = field->name();
    for (int number = 2; !taken.insert(name).second; ++number) {
      name = fmt::format("{}_{}", field->name(), number);
    }
    names.push_back(std::move(name));
  }
  return names;
}

class JsonWriter : public ResultWriter {
 public:
  JsonWriter(const Schema& schema, Sink to) : sink_(std::move(to)) {
    for (const std::string& name : UniqueNames(schema)) {
      std::string key;
      AppendJsonString(name, &key);
      keys_.push_back(key + ":");
    }
  }

  void Write(const RecordBatch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      WriteRow(batch, row, sink_.buffer());
      sink_.FlushIfLarge();
    }
  }

  void Finish() override {
    sink_.buffer()->append(empty_ ? "[]\n" : "]\n");
    sink_.Flush();
  }

 private:
  void WriteRow(const RecordBatch& batch, int64_t row, std::string* to) {
    to->append(empty_ ? "[{" : ",\n {");
    empty_ = false;
    for (int column = 0; column < batch.num_columns(); ++column) {
      if (column > 0) to->push_back(',');
      to->append(keys_[static_cast<size_t>(column)]);
      AppendJson(*batch.column(column), row, to);
    }
    to->push_back('}');
  }

  TextSink sink_;
  std::vector<std::string> keys_;
  bool empty_ = true;
};

class CsvWriter : public ResultWriter {
 public:
  CsvWriter(const Schema& schema, Sink to) : sink_(std::move(to)) {
    for (int i = 0; i < schema.num_fields(); ++i) {
      if (i > 0) sink_.buffer()->push_back(',');
      AppendField(schema.field(i)->name());
    }
    sink_.buffer()->push_back('\n');
  }

  void Write(const RecordBatch& batch) override {
    std::string value;
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      for (int column = 0; column < batch.num_columns(); ++column) {
        if (column > 0) sink_.buffer()->push_back(',');
        if (batch.column(column)->IsNull(row)) continue;
        value.clear();
        AppendText(*batch.column(column), row, &value);
        AppendField(value);
      }
      sink_.buffer()->push_back('\n');
      sink_.FlushIfLarge();
    }
  }

  void Finish() override { sink_.Flush(); }

 private:
  void AppendField(std::string_view value) {
    // Postgres' COPY takes an unquoted \. for the end.
    const bool quoted = value.empty() || value == "\\." ||
                        value.find_first_of(",\"\r\n") != std::string_view::npos;
    std::string& to = *sink_.buffer();
    if (!quoted) {
      to.append(value);
      return;
    }
    to.push_back('"');
    for (const char c : value) {
      if (c == '"') to.push_back('"');
      to.push_back(c);
    }
    to.push_back('"');
  }

  TextSink sink_;
};

class ParquetWriter : public ResultWriter {
 public:
  ParquetWriter(const Schema& schema, const Sink& to) {
    arrow::FieldVector fields;
    const auto names = UniqueNames(schema);
    for (int i = 0; i < schema.num_fields(); ++i) {
      fields.push_back(schema.field(i)->WithName(names[static_cast<size_t>(i)]));
    }
    schema_ = arrow::schema(std::move(fields));
    const auto properties = parquet::WriterProperties::Builder()
                                .compression(parquet::Compression::SNAPPY)
                                ->max_row_group_length(kRowGroupRows)
                                ->build();
    auto writer = parquet::arrow::FileWriter::Open(*schema_, arrow::default_memory_pool(),
                                                   to, properties);
    Check(writer.status());
    writer_ = *std::move(writer);
  }

  void Write(const RecordBatch& batch) override {
    const auto renamed = RecordBatch::Make(schema_, batch.num_rows(), batch.columns());
    Check(writer_->WriteRecordBatch(*renamed));
  }

  void Finish() override { Check(writer_->Close()); }

 private:
  static constexpr int64_t kRowGroupRows = 122'880;
  std::shared_ptr<Schema> schema_;
  std::unique_ptr<parquet::arrow::FileWriter> writer_;
};

std::vector<std::string_view> Lines(std::string_view text) {
  std::vector<std::string_view> lines;
  for (size_t end = 0; (end = text.find('\n')) != std::string_view::npos;) {
    lines.push_back(text.substr(0, end));
    text.remove_prefix(end + 1);
  }
  lines.push_back(text);
  return lines;
}

bool IsNumber(const arrow::DataType& type) {
  return arrow::is_integer(type.id()) || arrow::is_floating(type.id()) ||
         arrow::is_decimal(type.id());
}

class TableWriter : public ResultWriter {
 public:
  TableWriter(const Schema& schema, Sink to, int terminal_width)
      : sink_(std::move(to)), terminal_width_(terminal_width) {
    for (const auto& field : schema.fields()) {
      names_.push_back(Printable(field->name()));
      right_.push_back(IsNumber(*field->type()));
    }
  }

  void Write(const RecordBatch& batch) override {
    for (int64_t row = 0; row < batch.num_rows(); ++row) {
      std::vector<std::string> cells;
      for (int column = 0; column < batch.num_columns(); ++column) {
        cells.push_back(Cell(*batch.column(column), row));
      }
      if (started_) {
        PrintRow(cells, right_);
      } else {
        sample_.push_back(std::move(cells));
        if (sample_.size() == kSampleRows) Start();
      }
      sink_.FlushIfLarge();
    }
    if (started_) sink_.Flush();
  }

  void Finish() override {
    if (!started_) Start();
    sink_.Flush();
  }

 private:
  static constexpr size_t kSampleRows = 1000;
  static constexpr int kNarrowest = 8;

  static std::string Cell(const arrow::Array& array, int64_t row) {
    if (array.IsNull(row)) return "NULL";
    std::string text;
    AppendText(array, row, &text);
    return Printable(text);
  }

  void Start() {
    started_ = true;
    for (const std::string& name : names_) widths_.push_back(WidestLine(name));
    for (const auto& cells : sample_) {
      for (size_t i = 0; i < cells.size(); ++i) {
        widths_[i] = std::max(widths_[i], WidestLine(cells[i]));
      }
    }
    if (terminal_width_ > 0) FitTerminal();
    PrintRow(names_, std::vector<bool>(names_.size(), false));
    PrintRule();
    for (const auto& cells : sample_) PrintRow(cells, right_);
    sample_.clear();
  }

  static int WidestLine(std::string_view text) {
    int widest = 0;
    for (const std::string_view line : Lines(text)) {
      widest = std::max(widest, DisplayWidth(line));
    }
    return widest;
  }

  /// Takes columns from the widest until a row fits, or all are narrow.
  void FitTerminal() {
    for (int& width : widths_) width = std::min(width, terminal_width_);
    const auto total = [this] {
      int sum = static_cast<int>(widths_.size()) * 3 - 1;
      for (const int width : widths_) sum += width;
      return sum;
    };
    while (total() > terminal_width_) {
      const auto widest = std::max_element(widths_.begin(), widths_.end());
      if (widest == widths_.end() || *widest <= kNarrowest) return;
      --*widest;
    }
  }

  void PrintRule() {
    std::string& to = *sink_.buffer();
    for (size_t i = 0; i < widths_.size(); ++i) {
      if (i > 0) to.push_back('+');
      to.append(static_cast<size_t>(widths_[i]) + 2, '-');
    }
    to.push_back('\n');
  }

  /// Cells of several lines take as many lines, each but the last marked with a +.
  void PrintRow(const std::vector<std::string>& cells, const std::vector<bool>& right) {
    std::vector<std::vector<std::string_view>> lines;
    size_t height = 1;
    for (const std::string& cell : cells) {
      lines.push_back(Lines(cell));
      height = std::max(height, lines.back().size());
    }
    for (size_t line = 0; line < height; ++line) {
      for (size_t i = 0; i < cells.size(); ++i) {
        const bool there = line < lines[i].size();
        PrintCell(there ? lines[i][line] : "", i, right[i], line + 1 < lines[i].size());
      }
      TrimLine();
    }
  }

  void PrintCell(std::string_view text, size_t column, bool right, bool goes_on) {
    std::string& to = *sink_.buffer();
    if (column > 0) to.push_back('|');
    const std::string shown =
        terminal_width_ > 0 ? CutToWidth(text, widths_[column]) : std::string(text);
    const int room = std::max(widths_[column] - DisplayWidth(shown), 0);
    const std::string padding(static_cast<size_t>(room), ' ');
    to.push_back(' ');
    to.append(right ? padding + shown : shown + padding);
    to.push_back(goes_on ? '+' : ' ');
  }

  void TrimLine() {
    std::string& to = *sink_.buffer();
    while (!to.empty() && to.back() == ' ') to.pop_back();
    to.push_back('\n');
  }

  TextSink sink_;
  const int terminal_width_;
  std::vector<std::string> names_;
  std::vector<bool> right_;  // Numbers stand at the right.
  bool started_ = false;
  std::vector<std::vector<std::string>> sample_;  // Until it has started.
  std::vector<int> widths_;                       // From then on.
};

}  // namespace

ResultFormat ParseResultFormat(std::string_view name) {
  if (name == "table") return ResultFormat::kTable;
  if (name == "csv") return ResultFormat::kCsv;
  if (name == "json") return ResultFormat::kJson;
  if (name == "parquet") return ResultFormat::kParquet;
  throw Fail(ErrorKind::kInvalidArgument,
             "No such format, write table, csv, json or parquet: '{}'", name);
}

std::unique_ptr<ResultWriter> MakeResultWriter(ResultFormat format,
                                               std::shared_ptr<Schema> schema, Sink to,
                                               int terminal_width) {
  switch (format) {
    case ResultFormat::kTable:
      return std::make_unique<TableWriter>(*schema, std::move(to), terminal_width);
    case ResultFormat::kCsv: return std::make_unique<CsvWriter>(*schema, std::move(to));
    case ResultFormat::kJson: return std::make_unique<JsonWriter>(*schema, std::move(to));
    case ResultFormat::kParquet: return std::make_unique<ParquetWriter>(*schema, to);
  }
  throw Fail(ErrorKind::kInternal, "Result format without a writer");
}

}  // namespace shoestring
