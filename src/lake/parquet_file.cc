#include "lake/parquet_file.h"

#include <arrow/api.h>
#include <arrow/io/interfaces.h>
#include <parquet/arrow/writer.h>
#include <parquet/file_writer.h>
#include <parquet/metadata.h>

#include <charconv>
#include <cstring>
#include <map>
#include <optional>

#include "base/checksum.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "lake/column_encoding.h"
#include "lake/file_checksums.h"
#include "lake/parquet_statistics.h"
#include "lake/row_group_dictionary.h"

namespace shoestring {

namespace {

constexpr std::string_view kFieldIdKey = "PARQUET:field_id";
constexpr int64_t kDataPageBytes = 256 << 10;
// A page is as much as a query decodes at once: a lookup in sorted rows reads few of
// them.
constexpr int64_t kPageRows = 2048;
// Each looks anew at what of a dictionary it has.
constexpr int64_t kBatchValues = 8192;
constexpr int64_t kMaxStatisticsBytes = 1 << 10;

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  throw Fail(status.IsOutOfMemory() ? ErrorKind::kLimit : ErrorKind::kInternal,
             "Parquet: {}", status.ToString());
}

// Arrow's writer over an ObjectWriter. The writer's own errors pass through Arrow as they
// were thrown.
class ObjectStream : public arrow::io::OutputStream {
 public:
  explicit ObjectStream(std::unique_ptr<ObjectWriter> to) : to_(std::move(to)) {}

  arrow::Status Write(const void* data, int64_t size) override {
    const Bytes bytes(static_cast<const uint8_t*>(data), static_cast<size_t>(size));
    if (held_) {
      held_->append(AsText(bytes));
    } else {
      own_checksums_.Append(bytes);
      Append(bytes);
    }
    position_ += size;
    return arrow::Status::OK();
  }
  arrow::Status Close() override {
    closed_ = true;
    return arrow::Status::OK();
  }
  bool closed() const override { return closed_; }
  arrow::Result<int64_t> Tell() const override { return position_; }

  int64_t position() const { return position_; }

  /// Keeps back what comes from now on: the end of the file.
  void Hold() { held_.emplace(); }
  /// Puts the file's own checksums before the footer, whose offsets all point to before
  /// them.
  StagedObject Finish(std::string_view key) {
    const Bytes end = AsBytes(*held_);
    uint32_t length = 0;
    std::memcpy(&length, end.last(kFooterEnd).data(), sizeof(length));
    const Bytes footer = end.last(length + kFooterEnd);
    const Bytes before = end.first(end.size() - footer.size());
    own_checksums_.Append(before);
    Append(before);
    Append(AsBytes(std::move(own_checksums_).Finish(key, footer)));
    Append(footer);
    return std::move(*to_).Finish();
  }
  std::string checksum() const { return checksum_.Hex(); }

 private:
  // The length of the footer, little-endian, and "PAR1".
  static constexpr size_t kFooterEnd = 8;

  void Append(Bytes bytes) {
    checksum_.Append(bytes);
    to_->Append(bytes);
  }

  std::unique_ptr<ObjectWriter> to_;
  Checksum checksum_;
  FileChecksumWriter own_checksums_;
  std::optional<std::string> held_;
  int64_t position_ = 0;  ///< As Arrow knows it, without the file's own checksums.
  bool closed_ = false;
};

const LakeType& LeafType(const LakeColumn& column) {
  return column.type.kind == LakeType::Kind::kList ? column.type.element.at(0)
                                                   : column.type;
}

// Parquet's bounds leave NaN out, and a reader for whom NaN is greater than all numbers,
// as for Postgres and DuckDB, would skip rows by them.
bool HasBounds(const LakeColumn& column, const ParquetOptions& options) {
  const LakeType::Kind kind = LeafType(column).kind;
  return kind != LakeType::Kind::kFloat && kind != LakeType::Kind::kDouble &&
         !options.wide_columns.contains(column.field_id);
}

std::string LeafPath(const LakeColumn& column) {
  return column.name + (column.type.kind == LakeType::Kind::kList ? ".list.element" : "");
}

void SetCompression(const Compression& compression,
                    parquet::WriterProperties::Builder* builder) {
  switch (compression.codec) {
    case Compression::Codec::kNone:
      builder->compression(parquet::Compression::UNCOMPRESSED);
      return;
    case Compression::Codec::kSnappy:
      builder->compression(parquet::Compression::SNAPPY);
      return;
    case Compression::Codec::kZstd:
      builder->compression(parquet::Compression::ZSTD);
      if (compression.level != 0) builder->compression_level(compression.level);
      return;
  }
}

void SetEncoding(const std::string& path, ColumnEncoding encoding,
                 parquet::WriterProperties::Builder* builder) {
  if (encoding == ColumnEncoding::kDictionary) return;
  builder->disable_dictionary(path);
  if (encoding == ColumnEncoding::kDelta) {
    builder->encoding(path, parquet::Encoding::DELTA_BINARY_PACKED);
  }
}

// What the encodings are chosen by: half of the first row group. Less would take values
// for rare that are not.
ColumnEncoding EncodingOf(const LakeColumn& column, const arrow::ChunkedArray& values) {
  if (values.type()->id() == arrow::Type::DICTIONARY) {
    return ChooseEncoding(values, column.type);
  }
  const auto half = values.Slice(0, (values.length() + 1) / 2);
  if (column.type.kind != LakeType::Kind::kList) {
    return ChooseEncoding(*half, column.type);
  }
  arrow::ArrayVector elements;
  for (const auto& chunk : half->chunks()) {
    const auto flat = static_cast<const arrow::ListArray&>(*chunk).Flatten();
    Check(flat.status());
    elements.push_back(*flat);
  }
  const auto type = static_cast<const arrow::ListType&>(*values.type()).value_type();
  return ChooseEncoding(arrow::ChunkedArray(std::move(elements), type), LeafType(column));
}

/// `first` is the first row group.
std::shared_ptr<parquet::WriterProperties> WriterProperties(
    const ParquetOptions& options, const std::vector<LakeColumn>& columns,
    const arrow::ChunkedArrayVector& first) {
  parquet::WriterProperties::Builder builder;
  SetCompression(options.compression, &builder);
  builder.created_by("shoestring")
      ->max_row_group_length(options.row_group_rows)
      ->data_pagesize(kDataPageBytes)
      ->max_rows_per_page(kPageRows)
      ->write_batch_size(kBatchValues)
      ->max_statistics_size(kMaxStatisticsBytes)
      ->set_size_statistics_level(parquet::SizeStatisticsLevel::None)
      ->enable_store_decimal_as_integer()
      ->enable_page_checksum()
      ->enable_write_page_index();
  for (size_t i = 0; i < columns.size(); ++i) {
    const LakeColumn& column = columns[i];
    const std::string path = LeafPath(column);
    const bool wide = options.wide_columns.contains(column.field_id);
    SetEncoding(path, wide ? ColumnEncoding::kPlain : EncodingOf(column, *first[i]),
                &builder);
    if (HasBounds(column, options)) continue;
    // Without them the page index has where pages begin, and no bounds.
    builder.disable_statistics(path);
  }
  return builder.build();
}

std::shared_ptr<arrow::DataType> ArrowTypeOf(const LakeType& type) {
  using Kind = LakeType::Kind;
  switch (type.kind) {
    case Kind::kBoolean: return arrow::boolean();
    case Kind::kInt: return arrow::int32();
    case Kind::kLong: return arrow::int64();
    case Kind::kFloat: return arrow::float32();
    case Kind::kDouble: return arrow::float64();
    case Kind::kDecimal: return arrow::decimal128(type.precision, type.scale);
    case Kind::kDate: return arrow::date32();
    case Kind::kTimestamp: return arrow::timestamp(arrow::TimeUnit::MICRO);
    case Kind::kTimestampTz: return arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
    case Kind::kString: return arrow::utf8();
    case Kind::kBinary: return arrow::binary();
    case Kind::kList: return arrow::list(ArrowTypeOf(type.element.at(0)));
  }
  throw Fail(ErrorKind::kInternal, "No Arrow type for {}", ToString(type));
}

std::shared_ptr<const arrow::KeyValueMetadata> FieldId(int id) {
  return arrow::key_value_metadata({std::string(kFieldIdKey)}, {std::to_string(id)});
}

}  // namespace

Compression ParseCompression(std::string_view text) {
  if (text == "none") return {Compression::Codec::kNone, 0};
  if (text == "snappy") return {Compression::Codec::kSnappy, 0};
  if (text == "zstd") return {Compression::Codec::kZstd, 0};
  constexpr std::string_view kZstdLevel = "zstd:";
  if (text.starts_with(kZstdLevel)) {
    const std::string_view digits = text.substr(kZstdLevel.size());
    int level = 0;
    const auto end = digits.data() + digits.size();
    const auto parsed = std::from_chars(digits.data(), end, level);
    if (parsed.ec == std::errc() && parsed.ptr == end && level >= 1 && level <= 22) {
      return {Compression::Codec::kZstd, level};
    }
  }
  throw Fail(ErrorKind::kInvalidArgument,
             "Unknown compression {}: use snappy, zstd, zstd:1 to zstd:22, or none",
             InQuotes(text));
}

std::string ToString(const Compression& compression) {
  switch (compression.codec) {
    case Compression::Codec::kNone: return "none";
    case Compression::Codec::kSnappy: return "snappy";
    case Compression::Codec::kZstd:
      return compression.level == 0 ? "zstd" : fmt::format("zstd:{}", compression.level);
  }
  return "none";
}

LakeType LakeTypeOf(const arrow::DataType& type) {
  using Kind = LakeType::Kind;
  switch (type.id()) {
    case arrow::Type::BOOL: return {Kind::kBoolean};
    case arrow::Type::INT32: return {Kind::kInt};
    case arrow::Type::INT64: return {Kind::kLong};
    case arrow::Type::FLOAT: return {Kind::kFloat};
    case arrow::Type::DOUBLE: return {Kind::kDouble};
    case arrow::Type::DATE32: return {Kind::kDate};
    case arrow::Type::STRING: return {Kind::kString};
    case arrow::Type::BINARY: return {Kind::kBinary};
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::Decimal128Type&>(type);
      return {Kind::kDecimal, decimal.precision(), decimal.scale(), {}};
    }
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      if (timestamp.unit() != arrow::TimeUnit::MICRO) break;
      return {timestamp.timezone().empty() ? Kind::kTimestamp : Kind::kTimestampTz};
    }
    case arrow::Type::LIST:
      return {Kind::kList,
              0,
              0,
              {LakeTypeOf(*static_cast<const arrow::ListType&>(type).value_type())}};
    default: break;
  }
  throw Fail(ErrorKind::kUnsupported, "No lake file holds the Arrow type {}",
             type.ToString());
}

void AssignFieldIds(std::vector<LakeColumn>* columns) {
  int next = 1;
  for (LakeColumn& column : *columns) column.field_id = next++;
  for (LakeColumn& column : *columns) {
    column.element_id = column.type.kind == LakeType::Kind::kList ? next++ : 0;
  }
}

std::shared_ptr<arrow::Schema> FileSchema(const std::vector<LakeColumn>& columns) {
  arrow::FieldVector fields;
  for (const LakeColumn& column : columns) {
    auto type = ArrowTypeOf(column.type);
    if (column.type.kind == LakeType::Kind::kList) {
      type = arrow::list(arrow::field("element", ArrowTypeOf(column.type.element.at(0)),
                                      true, FieldId(column.element_id)));
    }
    fields.push_back(
        arrow::field(column.name, type, !column.required, FieldId(column.field_id)));
  }
  return arrow::schema(std::move(fields));
}

struct ParquetFile::State {
  std::vector<LakeColumn> columns;
  ParquetOptions options;
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<ObjectStream> stream;
  std::unique_ptr<parquet::arrow::FileWriter> writer;  ///< From the first rows on.
  std::vector<arrow::ArrayVector> pending;             ///< By column.
  int64_t pending_rows = 0;
  int64_t pending_bytes = 0;
  int64_t rows = 0;
  std::map<int, int64_t> nulls;  ///< By field id, of the columns without statistics.

  void CountNulls(const arrow::RecordBatch& batch) {
    for (size_t i = 0; i < columns.size(); ++i) {
      if (HasBounds(columns[i], options)) continue;
      const arrow::Array& array = *batch.column(static_cast<int>(i));
      if (columns[i].type.kind == LakeType::Kind::kList) {
        // As Parquet counts a leaf: an empty or missing list is one null value.
        const auto& list = static_cast<const arrow::ListArray&>(array);
        int64_t count = list.values()->null_count();
        for (int64_t row = 0; row < list.length(); ++row) {
          if (list.IsNull(row) || list.value_length(row) == 0) ++count;
        }
        nulls[columns[i].element_id] += count;
      } else {
        nulls[columns[i].field_id] += array.null_count();
      }
    }
  }

  void Open(const arrow::ChunkedArrayVector& first) {
    auto opened =
        parquet::arrow::FileWriter::Open(*schema, arrow::default_memory_pool(), stream,
                                         WriterProperties(options, columns, first),
                                         parquet::default_arrow_writer_properties());
    Check(opened.status());
    writer = std::move(*opened);
  }

  arrow::ChunkedArrayVector TakePending() {
    arrow::ChunkedArrayVector taken;
    for (size_t i = 0; i < pending.size(); ++i) {
      const auto& type = schema->field(static_cast<int>(i))->type();
      taken.push_back(CompactDictionary(std::exchange(pending[i], {}), type));
    }
    pending_rows = 0;
    pending_bytes = 0;
    return taken;
  }

  /// Without rows it only sees to it that there is a writer, for the footer.
  void WriteRowGroup() {
    const int64_t count = pending_rows;
    const arrow::ChunkedArrayVector values = TakePending();
    if (!writer) Open(values);
    for (int64_t at = 0; at < count; at += options.row_group_rows) {
      Check(writer->NewRowGroup());
      const int64_t size = std::min(options.row_group_rows, count - at);
      for (const auto& column : values) {
        Check(writer->WriteColumnChunk(column, at, size));
      }
    }
  }
};

ParquetFile::ParquetFile(std::unique_ptr<ObjectWriter> to,
                         const std::vector<LakeColumn>& columns,
                         const ParquetOptions& options)
    : state_(std::make_unique<State>()) {
  state_->columns = columns;
  state_->options = options;
  state_->schema = FileSchema(columns);
  state_->pending.resize(columns.size());
  state_->stream = std::make_shared<ObjectStream>(std::move(to));
}

ParquetFile::~ParquetFile() = default;

void ParquetFile::Write(std::shared_ptr<arrow::RecordBatch> batch) {
  State& state = *state_;
  state.pending_rows += batch->num_rows();
  state.rows += batch->num_rows();
  for (size_t i = 0; i < state.pending.size(); ++i) {
    const auto& column = batch->column(static_cast<int>(i));
    for (const auto& buffer : column->data()->buffers) {
      if (buffer) state.pending_bytes += buffer->size();
    }
    state.pending[i].push_back(column);
  }
  state.CountNulls(*batch);
  if (state.pending_rows >= state.options.row_group_rows ||
      state.pending_bytes >= state.options.row_group_bytes) {
    state.WriteRowGroup();
  }
}

int64_t ParquetFile::room() const {
  return state_->options.row_group_rows - state_->pending_rows;
}
int64_t ParquetFile::rows() const { return state_->rows; }
int64_t ParquetFile::bytes() const { return state_->stream->position(); }

ParquetFile::Finished ParquetFile::Finish() && {
  State& state = *state_;
  state.WriteRowGroup();
  state.stream->Hold();
  Check(state.writer->Close());
  Finished finished;
  finished.object = state.stream->Finish(state.options.key);
  const std::shared_ptr<parquet::FileMetaData> footer = state.writer->metadata();
  finished.file = DescribeFile(*footer, state.columns);
  for (const auto& [id, count] : state.nulls)
    finished.file.columns[id].null_count = count;
  finished.file.key = finished.object.key;
  finished.file.bytes = finished.object.size;
  finished.checksum = state.stream->checksum();
  return finished;
}

}  // namespace shoestring
