#include "engine/athena_rows.h"

#include <arrow/api.h>

#include <charconv>
#include <map>
#include <string>

#include "base/error.h"
#include "base/json.h"
#include "engine/trino_type.h"

namespace shoestring {

namespace {

using TypePointer = std::shared_ptr<arrow::DataType>;

/// For errors; short enough to cost nothing.
constexpr const char* kPath = "Athena's value";

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  const bool full = status.IsOutOfMemory() || status.IsCapacityError();
  throw Fail(full ? ErrorKind::kLimit : ErrorKind::kInternal, "Arrow: {}",
             status.ToString());
}

const std::map<std::string_view, TypePointer>& PlainTypes() {
  const TypePointer instant = arrow::timestamp(arrow::TimeUnit::MICRO, "UTC");
  static const std::map<std::string_view, TypePointer> kTypes = {
      {"boolean", arrow::boolean()},
      {"tinyint", arrow::int8()},
      {"smallint", arrow::int16()},
      {"integer", arrow::int32()},
      {"bigint", arrow::int64()},
      {"float", arrow::float32()},  // As it calls real.
      {"real", arrow::float32()},
      {"double", arrow::float64()},
      {"varchar", arrow::utf8()},
      {"char", arrow::utf8()},
      {"string", arrow::utf8()},  // Of SHOW and DESCRIBE.
      {"json", arrow::utf8()},
      {"uuid", arrow::utf8()},
      {"ipaddress", arrow::utf8()},
      {"varbinary", arrow::binary()},
      {"date", arrow::date32()},
      {"time", arrow::time64(arrow::TimeUnit::MICRO)},
      {"timestamp", arrow::timestamp(arrow::TimeUnit::MICRO)},
      {"timestamp with time zone", instant},
      {"interval day to second", arrow::month_day_nano_interval()},
      {"interval year to month", arrow::month_day_nano_interval()},
      {"unknown", arrow::null()},
  };
  return kTypes;
}

/// "31 32 ff".
void AppendBytes(std::string_view text, arrow::ArrayBuilder* builder) {
  std::string bytes;
  for (size_t at = 0; at < text.size(); at += 3) {
    uint8_t byte = 0;
    const char* const begin = text.data() + at;
    const bool two = at + 2 <= text.size();
    const bool ends = at + 2 == text.size() || (two && text[at + 2] == ' ');
    if (!ends || std::from_chars(begin, begin + 2, byte, 16).ptr != begin + 2) {
      throw Fail(ErrorKind::kCorrupt, "{} is no varbinary", kPath);
    }
    bytes.push_back(static_cast<char>(byte));
  }
  Check(static_cast<arrow::BinaryBuilder*>(builder)->Append(bytes));
}

}  // namespace

TypePointer AthenaArrowType(std::string_view type, int precision, int scale) {
  if (type == "decimal") {
    auto decimal = arrow::Decimal128Type::Make(precision, scale);
    if (decimal.ok()) return *std::move(decimal);
    throw Fail(ErrorKind::kCorrupt, "Athena names a decimal that there is not: ({},{})",
               precision, scale);
  }
  if (const auto found = PlainTypes().find(type); found != PlainTypes().end()) {
    return found->second;
  }
  const bool nested = type == "array" || type == "map" || type == "row";
  throw Fail(ErrorKind::kUnsupported,
             "Athena's results have no exact text for this type, write {}: {}",
             nested ? "json_format(CAST(… AS json))" : "CAST(… AS varchar)", type);
}

AthenaRows::AthenaRows(std::shared_ptr<arrow::Schema> schema)
    : schema_(std::move(schema)) {
  for (const auto& field : schema_->fields()) {
    Check(arrow::MakeBuilder(arrow::default_memory_pool(), field->type(),
                             &builders_.emplace_back()));
  }
}

AthenaRows::~AthenaRows() = default;

void AthenaRows::Append(size_t column, std::optional<std::string_view> text) {
  if (column >= builders_.size()) EndRow(column + 1);
  arrow::ArrayBuilder* builder = builders_[column].get();
  if (!text) return Check(builder->AppendNull());
  switch (builder->type()->id()) {
    case arrow::Type::STRING:
      return Check(static_cast<arrow::StringBuilder*>(builder)->Append(*text));
    case arrow::Type::BINARY: return AppendBytes(*text, builder);
    default: break;
  }
  const boost::json::value value(boost::json::string_view(text->data(), text->size()));
  AppendTrinoValue(JsonView(value, kPath), builder);
}

void AthenaRows::EndRow(size_t values) {
  if (values != builders_.size()) {
    throw Fail(ErrorKind::kCorrupt,
               "A row of Athena's answer has not one value a column: {} of {}", values,
               builders_.size());
  }
  ++rows_;
}

std::shared_ptr<arrow::RecordBatch> AthenaRows::Take() {
  if (rows_ == 0) return nullptr;
  arrow::ArrayVector arrays;
  for (const auto& builder : builders_) {
    Check(builder->Finish(&arrays.emplace_back()));
  }
  return arrow::RecordBatch::Make(schema_, std::exchange(rows_, 0), std::move(arrays));
}

}  // namespace shoestring
