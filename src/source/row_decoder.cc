#include "source/row_decoder.h"

#include <arrow/api.h>
#include <arrow/util/utf8.h>

#include "base/error.h"
#include "base/terminal_text.h"
#include "source/array_reader.h"
#include "source/numeric.h"
#include "source/postgres_time.h"

namespace shoestring {

/// The values of one column: reads a type's binary send form into an Arrow builder.
class RowDecoder::Column {
 public:
  virtual ~Column() = default;
  /// To be called before so many values or nulls are appended.
  virtual void Reserve(int64_t values) = 0;
  virtual ValueOutcome Append(Bytes field) = 0;
  virtual void AppendNull() = 0;
  /// Of a text, its number.
  virtual ValueOutcome AppendNumber(int32_t) { return ValueOutcome::kMalformed; }
  virtual std::shared_ptr<arrow::ArrayBuilder> builder() = 0;
  virtual std::shared_ptr<arrow::Array> Finish();
};

namespace {

using Column = RowDecoder::Column;

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  throw Fail(status.IsOutOfMemory() || status.IsCapacityError() ? ErrorKind::kLimit
                                                                : ErrorKind::kInternal,
             "Arrow: {}", status.ToString());
}

}  // namespace

std::shared_ptr<arrow::Array> RowDecoder::Column::Finish() {
  std::shared_ptr<arrow::Array> values;
  Check(builder()->Finish(&values));
  return values;
}

namespace {

template <typename Builder>
class BuilderColumn : public Column {
 public:
  explicit BuilderColumn(const std::shared_ptr<arrow::DataType>& type)
      : builder_(std::make_shared<Builder>(type, arrow::default_memory_pool())) {}
  void Reserve(int64_t values) override { Check(builder_->Reserve(values)); }
  void AppendNull() override { builder_->UnsafeAppendNull(); }
  std::shared_ptr<arrow::ArrayBuilder> builder() override { return builder_; }

 protected:
  const std::shared_ptr<Builder> builder_;
};

// A big-endian integer or float of fixed width, kept as it is or widened.
template <typename Builder, typename Raw>
class FixedColumn : public BuilderColumn<Builder> {
 public:
  using BuilderColumn<Builder>::BuilderColumn;
  ValueOutcome Append(Bytes field) override {
    if (field.size() != sizeof(Raw)) return ValueOutcome::kMalformed;
    const auto raw = LoadBigEndian<Raw>(field.data());
    using Value = typename Builder::value_type;
    if constexpr (std::is_floating_point_v<Value>) {
      this->builder_->UnsafeAppend(std::bit_cast<Value>(raw));
    } else {
      this->builder_->UnsafeAppend(static_cast<Value>(raw));
    }
    return ValueOutcome::kOk;
  }
};

class BooleanColumn : public BuilderColumn<arrow::BooleanBuilder> {
 public:
  using BuilderColumn::BuilderColumn;
  ValueOutcome Append(Bytes field) override {
    if (field.size() != 1) return ValueOutcome::kMalformed;
    builder_->UnsafeAppend(field[0] != 0);
    return ValueOutcome::kOk;
  }
};

class DecimalColumn : public BuilderColumn<arrow::Decimal128Builder> {
 public:
  explicit DecimalColumn(const std::shared_ptr<arrow::DataType>& type)
      : BuilderColumn(type) {
    const auto& decimal = static_cast<const arrow::Decimal128Type&>(*type);
    precision_ = decimal.precision();
    scale_ = decimal.scale();
  }
  ValueOutcome Append(Bytes field) override {
    Int128 value = 0;
    switch (DecodeNumeric(field, precision_, scale_, &value)) {
      case NumericOutcome::kOk: break;
      case NumericOutcome::kNotANumber: return ValueOutcome::kNotANumber;
      case NumericOutcome::kInfinity: return ValueOutcome::kInfinity;
      case NumericOutcome::kOutOfRange: return ValueOutcome::kOutOfRange;
      case NumericOutcome::kMalformed: return ValueOutcome::kMalformed;
    }
    builder_->UnsafeAppend(arrow::Decimal128(static_cast<int64_t>(value >> 64),
                                             static_cast<uint64_t>(value)));
    return ValueOutcome::kOk;
  }

 private:
  int precision_ = 0;
  int scale_ = 0;
};

ValueOutcome FromTime(TimeOutcome outcome) {
  switch (outcome) {
    case TimeOutcome::kOk: return ValueOutcome::kOk;
    case TimeOutcome::kInfinity: return ValueOutcome::kInfinity;
    case TimeOutcome::kOutOfRange: return ValueOutcome::kOutOfRange;
    case TimeOutcome::kMalformed: return ValueOutcome::kMalformed;
  }
  return ValueOutcome::kMalformed;
}

template <typename Builder, typename Value, TimeOutcome (*kDecode)(Bytes, Value*)>
class TimeColumn : public BuilderColumn<Builder> {
 public:
  using BuilderColumn<Builder>::BuilderColumn;
  ValueOutcome Append(Bytes field) override {
    Value value = 0;
    const ValueOutcome outcome = FromTime(kDecode(field, &value));
    if (outcome == ValueOutcome::kOk) this->builder_->UnsafeAppend(value);
    return outcome;
  }
};

template <typename Builder>
class BytesColumn : public BuilderColumn<Builder> {
 public:
  using BuilderColumn<Builder>::BuilderColumn;
  ValueOutcome Append(Bytes field) override {
    Check(this->builder_->Append(field.data(), static_cast<int32_t>(field.size())));
    return ValueOutcome::kOk;
  }
};

class TextColumn : public BytesColumn<arrow::StringBuilder> {
 public:
  using BytesColumn::BytesColumn;
  ValueOutcome Append(Bytes field) override {
    if (!arrow::util::ValidateUTF8(field.data(), static_cast<int64_t>(field.size()))) {
      return ValueOutcome::kInvalidText;
    }
    return BytesColumn::Append(field);
  }
};

// Numbers as long as there is nothing else, which become indices into a dictionary.
class NumberedTextColumn : public TextColumn {
 public:
  NumberedTextColumn(const std::shared_ptr<arrow::DataType>& type,
                     std::shared_ptr<arrow::Array> texts)
      : TextColumn(type), texts_(std::move(texts)) {}

  void Reserve(int64_t values) override {
    if (numbered_) return Check(numbers_.Reserve(values));
    TextColumn::Reserve(values);
  }
  ValueOutcome Append(Bytes field) override {
    if (numbered_) WriteOut();
    return TextColumn::Append(field);
  }
  void AppendNull() override {
    if (numbered_) return numbers_.UnsafeAppendNull();
    TextColumn::AppendNull();
  }
  ValueOutcome AppendNumber(int32_t number) override {
    if (number >= texts_->length()) return ValueOutcome::kMalformed;
    if (numbered_) {
      numbers_.UnsafeAppend(number);
    } else {
      AppendText(number);
    }
    return ValueOutcome::kOk;
  }
  std::shared_ptr<arrow::Array> Finish() override {
    if (!std::exchange(numbered_, true)) return TextColumn::Finish();
    std::shared_ptr<arrow::Array> numbers;
    Check(numbers_.Finish(&numbers));
    return std::make_shared<arrow::DictionaryArray>(
        arrow::dictionary(arrow::int32(), texts_->type()), numbers, texts_);
  }

 private:
  void AppendText(int32_t number) {
    const auto& texts = static_cast<const arrow::StringArray&>(*texts_);
    Check(builder_->Append(texts.GetView(number)));
  }

  void WriteOut() {
    numbered_ = false;
    TextColumn::Reserve(numbers_.capacity());
    std::shared_ptr<arrow::Int32Array> numbers;
    Check(numbers_.Finish(&numbers));
    for (int64_t i = 0; i < numbers->length(); ++i) {
      if (numbers->IsNull(i)) {
        TextColumn::AppendNull();
      } else {
        AppendText(numbers->Value(i));
      }
    }
  }

  const std::shared_ptr<arrow::Array> texts_;
  arrow::Int32Builder numbers_;
  bool numbered_ = true;
};

class UuidColumn : public BytesColumn<arrow::StringBuilder> {
 public:
  using BytesColumn::BytesColumn;
  ValueOutcome Append(Bytes field) override {
    constexpr size_t kUuidBytes = 16;
    constexpr char kHex[] = "0123456789abcdef";
    if (field.size() != kUuidBytes) return ValueOutcome::kMalformed;
    std::array<uint8_t, 36> text;
    size_t at = 0;
    for (size_t i = 0; i < kUuidBytes; ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text[at++] = '-';
      text[at++] = static_cast<uint8_t>(kHex[field[i] >> 4]);
      text[at++] = static_cast<uint8_t>(kHex[field[i] & 15]);
    }
    return BytesColumn::Append(text);
  }
};

std::unique_ptr<Column> MakeColumn(Wire wire, Wire element,
                                   const std::shared_ptr<arrow::DataType>& type);

class ArrayColumn : public Column {
 public:
  ArrayColumn(Wire element, const std::shared_ptr<arrow::DataType>& type)
      : element_(MakeColumn(element, Wire::kText,
                            static_cast<const arrow::ListType&>(*type).value_type())),
        builder_(std::make_shared<arrow::ListBuilder>(arrow::default_memory_pool(),
                                                      element_->builder(), type)) {}
  void Reserve(int64_t values) override { Check(builder_->Reserve(values)); }
  void AppendNull() override { Check(builder_->AppendNull()); }
  std::shared_ptr<arrow::ArrayBuilder> builder() override { return builder_; }

  ValueOutcome Append(Bytes field) override {
    ArrayReader reader(field);
    if (!reader.valid()) return ValueOutcome::kMalformed;
    if (reader.dimensions() > 1) return ValueOutcome::kNotOneDimension;
    if (reader.lower_bound() != 1) return ValueOutcome::kLowerBound;
    Check(builder_->Append());
    while (const auto element = reader.Next()) {
      element_->Reserve(1);
      if (element->null()) {
        element_->AppendNull();
        continue;
      }
      const ValueOutcome outcome = element_->Append(element->bytes());
      if (outcome != ValueOutcome::kOk) return outcome;
    }
    return reader.valid() ? ValueOutcome::kOk : ValueOutcome::kMalformed;
  }

 private:
  std::unique_ptr<Column> element_;
  std::shared_ptr<arrow::ListBuilder> builder_;
};

std::unique_ptr<Column> MakeColumn(Wire wire, Wire element,
                                   const std::shared_ptr<arrow::DataType>& type) {
  using arrow::Date32Builder;
  using arrow::TimestampBuilder;
  switch (wire) {
    case Wire::kBoolean: return std::make_unique<BooleanColumn>(type);
    case Wire::kInt16:
      return std::make_unique<FixedColumn<arrow::Int32Builder, int16_t>>(type);
    case Wire::kInt32:
      return std::make_unique<FixedColumn<arrow::Int32Builder, int32_t>>(type);
    case Wire::kInt64:
      return std::make_unique<FixedColumn<arrow::Int64Builder, int64_t>>(type);
    case Wire::kOid:
      return std::make_unique<FixedColumn<arrow::Int64Builder, uint32_t>>(type);
    case Wire::kFloat32:
      return std::make_unique<FixedColumn<arrow::FloatBuilder, uint32_t>>(type);
    case Wire::kFloat64:
      return std::make_unique<FixedColumn<arrow::DoubleBuilder, uint64_t>>(type);
    case Wire::kNumeric: return std::make_unique<DecimalColumn>(type);
    case Wire::kDate:
      return std::make_unique<TimeColumn<Date32Builder, int32_t, DecodeDate>>(type);
    case Wire::kTimestamp:
      return std::make_unique<TimeColumn<TimestampBuilder, int64_t, DecodeTimestamp>>(
          type);
    case Wire::kText: return std::make_unique<TextColumn>(type);
    case Wire::kUuid: return std::make_unique<UuidColumn>(type);
    case Wire::kBytes: return std::make_unique<BytesColumn<arrow::BinaryBuilder>>(type);
    case Wire::kArray: return std::make_unique<ArrayColumn>(element, type);
  }
  throw Fail(ErrorKind::kInternal, "No decoder for wire form {}", static_cast<int>(wire));
}

std::string_view Explain(ValueOutcome outcome) {
  switch (outcome) {
    case ValueOutcome::kNotANumber: return "is NaN, which a decimal cannot hold";
    case ValueOutcome::kInfinity: return "is infinite, which the lake's type cannot hold";
    case ValueOutcome::kOutOfRange: return "is outside of what the lake's type can hold";
    case ValueOutcome::kNotOneDimension: return "is an array of several dimensions";
    case ValueOutcome::kLowerBound: return "is an array that does not begin at index 1";
    case ValueOutcome::kInvalidText: return "is not valid UTF-8";
    default: return "is malformed";
  }
}

// A key's value as fit to be read: what it means for the common kinds, else hex.
std::string ShowKey(const ColumnMapping& mapping, const TupleField& field) {
  if (field.null()) return "null";
  const Bytes bytes = field.bytes();
  switch (mapping.wire) {
    case Wire::kInt16:
      if (bytes.size() == 2) return std::to_string(LoadBigEndian<int16_t>(bytes.data()));
      break;
    case Wire::kInt32:
      if (bytes.size() == 4) return std::to_string(LoadBigEndian<int32_t>(bytes.data()));
      break;
    case Wire::kInt64:
      if (bytes.size() == 8) return std::to_string(LoadBigEndian<int64_t>(bytes.data()));
      break;
    case Wire::kText: return InQuotes(AsText(bytes));
    default: break;
  }
  std::string hex = "\\x";
  for (const uint8_t byte : bytes) hex += fmt::format("{:02x}", byte);
  return hex;
}

}  // namespace

RowDecoder::RowDecoder(std::string table, std::vector<ColumnMapping> columns,
                       std::vector<size_t> key, std::shared_ptr<arrow::Array> texts)
    : table_(std::move(table)),
      mappings_(std::move(columns)),
      key_(std::move(key)),
      texts_(std::move(texts)),
      fields_(mappings_.size()) {
  arrow::util::InitializeUTF8();
  arrow::FieldVector fields;
  for (const auto& mapping : mappings_) {
    if (texts_ && mapping.wire == Wire::kText) {
      columns_.push_back(std::make_unique<NumberedTextColumn>(mapping.type, texts_));
    } else {
      columns_.push_back(MakeColumn(mapping.wire, mapping.element, mapping.type));
    }
    fields.push_back(arrow::field(mapping.column, mapping.type));
  }
  schema_ = arrow::schema(std::move(fields));
}

RowDecoder::~RowDecoder() = default;
RowDecoder::RowDecoder(RowDecoder&&) noexcept = default;

void RowDecoder::Append(Bytes tuple) {
  SplitTuple(tuple, fields_);
  AppendFields();
  bytes_ += static_cast<int64_t>(tuple.size());
}

void RowDecoder::AppendPacked(Bytes tuple) {
  UnpackTuple(tuple, fields_);
  AppendFields();
  bytes_ += static_cast<int64_t>(tuple.size());
}

void RowDecoder::AppendFields() {
  if (rows_ == reserved_) Reserve();
  for (size_t i = 0; i < columns_.size(); ++i) {
    const TupleField& field = fields_[i];
    if (field.null()) {
      columns_[i]->AppendNull();
      continue;
    }
    const ValueOutcome outcome =
        field.size <= kFirstNumber ? columns_[i]->AppendNumber(kFirstNumber - field.size)
                                   : columns_[i]->Append(field.bytes());
    if (outcome == ValueOutcome::kOk) continue;
    reserved_ = rows_;  // The columns before this one have taken their place already.
    Report(i, outcome);
  }
  ++rows_;
}

void RowDecoder::Reserve() {
  const int64_t more = std::max(reserved_, rows_ == 0 ? expected_ : kLeastReserved);
  for (const auto& column : columns_) column->Reserve(more);
  reserved_ += more;
}

std::shared_ptr<arrow::RecordBatch> RowDecoder::Finish() {
  arrow::ArrayVector arrays;
  arrow::FieldVector fields = schema_->fields();
  for (size_t i = 0; i < columns_.size(); ++i) {
    arrays.push_back(columns_[i]->Finish());
    fields[i] = fields[i]->WithType(arrays[i]->type());
  }
  auto batch = arrow::RecordBatch::Make(arrow::schema(std::move(fields)), rows_,
                                        std::move(arrays));
  // The next batch will likely be as large.
  expected_ = std::max(kLeastReserved, std::exchange(rows_, 0));
  reserved_ = 0;
  bytes_ = 0;
  return batch;
}

TupleField RowDecoder::Unpacked(const TupleField& field) const {
  if (field.size > kFirstNumber) return field;
  const auto text =
      static_cast<const arrow::StringArray&>(*texts_).GetView(kFirstNumber - field.size);
  return {AsBytes(text).data(), static_cast<int32_t>(text.size())};
}

void RowDecoder::Report(size_t column, ValueOutcome outcome) const {
  std::string key;
  for (const size_t i : key_) {
    key += fmt::format("{}{} = {}", key.empty() ? "" : ", ", mappings_[i].column,
                       ShowKey(mappings_[i], Unpacked(fields_[i])));
  }
  const std::string where =
      fmt::format("{}.{}, row with {}", table_, mappings_[column].column,
                  key.empty() ? "no primary key" : key);
  if (outcome == ValueOutcome::kMalformed) {
    throw Fail(ErrorKind::kCorrupt, "{}: the value is no {} as Postgres sends it", where,
               mappings_[column].type->ToString());
  }
  throw Fail(
      ErrorKind::kData,
      "{}: the value {}. Nothing was changed. Way out: --anomaly {}.{}=POLICY with "
      "{}; or correct the row, or leave it out with --where",
      where, Explain(outcome), table_, mappings_[column].column, WaysOut(outcome));
}

}  // namespace shoestring
