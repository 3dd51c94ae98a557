#include "engine/trino_type.h"

#include <arrow/api.h>
#include <arrow/util/base64.h>
#include <arrow/util/decimal.h>

#include <charconv>
#include <map>
#include <optional>
#include <vector>

#include "base/error.h"
#include "engine/trino_time.h"

namespace shoestring {

namespace {

using arrow::ArrayBuilder;
using arrow::DataType;
using arrow::TimeUnit;
using arrow::Type;
using TypePointer = std::shared_ptr<DataType>;

constexpr int kDefaultTimePrecision = 3;
constexpr int kMicros = 6;
constexpr int kNanos = 9;

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  const bool full = status.IsOutOfMemory() || status.IsCapacityError();
  throw Fail(full ? ErrorKind::kLimit : ErrorKind::kInternal, "Arrow: {}",
             status.ToString());
}

[[noreturn]] void Malformed(const JsonView& value, const DataType& type) {
  throw Fail(ErrorKind::kCorrupt, "{} is no {}, as Trino sends it", value.path(),
             type.ToString());
}

// ---- Types

/// What stands in the parentheses of a type: decimal(18,2), array(bigint), …
class Arguments {
 public:
  explicit Arguments(const JsonView& signature) : name_(signature["rawType"].Text()) {
    if (const auto arguments = signature.Find("arguments")) items_ = arguments->Items();
  }

  std::string_view name() const { return name_; }
  size_t size() const { return items_.size(); }

  int Number(size_t i, int otherwise) const {
    if (i >= items_.size()) return otherwise;
    const std::string_view text = items_[i]["value"].Text();
    int number = 0;
    std::from_chars(text.data(), text.data() + text.size(), number);
    return number;
  }

  TypePointer Element(size_t i) const {
    if (i < items_.size()) return TrinoArrowType(items_[i]["value"]);
    throw Fail(ErrorKind::kCorrupt, "Trino sends this type without its elements: {}",
               name_);
  }

  arrow::FieldVector Fields() const {
    arrow::FieldVector fields;
    for (const JsonView& item : items_) {
      const JsonView field = item["value"];
      const auto name = field.Find("fieldName");
      fields.push_back(arrow::field(name ? std::string((*name)["name"].Text())
                                         : fmt::format("field{}", fields.size()),
                                    TrinoArrowType(field["typeSignature"])));
    }
    return fields;
  }

 private:
  std::string name_;
  std::vector<JsonView> items_;
};

[[noreturn]] void NoSuchType(std::string_view name) {
  throw Fail(ErrorKind::kUnsupported,
             "Results cannot carry this type, write CAST(… AS varchar): {}", name);
}

TimeUnit::type UnitOf(const Arguments& type) {
  const int precision = type.Number(0, kDefaultTimePrecision);
  if (precision <= kMicros) return TimeUnit::MICRO;
  if (precision <= kNanos) return TimeUnit::NANO;
  throw Fail(ErrorKind::kUnsupported,
             "Results cannot carry picoseconds, write CAST(… AS {}(6))", type.name());
}

TypePointer Decimal(const Arguments& type) {
  const int precision = type.Number(0, 0);
  const int scale = type.Number(1, 0);
  auto decimal = arrow::Decimal128Type::Make(precision, scale);
  if (!decimal.ok()) NoSuchType(fmt::format("decimal({},{})", precision, scale));
  return *std::move(decimal);
}

using MakeType = TypePointer (*)(const Arguments&);

TypePointer Text(const Arguments&) { return arrow::utf8(); }
TypePointer Interval(const Arguments&) { return arrow::month_day_nano_interval(); }

const std::map<std::string_view, MakeType>& Types() {
  using A = const Arguments&;
  static const std::map<std::string_view, MakeType> kTypes = {
      {"boolean", [](A) { return arrow::boolean(); }},
      {"tinyint", [](A) { return arrow::int8(); }},
      {"smallint", [](A) { return arrow::int16(); }},
      {"integer", [](A) { return arrow::int32(); }},
      {"bigint", [](A) { return arrow::int64(); }},
      {"real", [](A) { return arrow::float32(); }},
      {"double", [](A) { return arrow::float64(); }},
      {"decimal", Decimal},
      {"varchar", Text},
      {"char", Text},
      {"json", Text},
      {"uuid", Text},
      {"ipaddress", Text},
      {"varbinary", [](A) { return arrow::binary(); }},
      {"date", [](A) { return arrow::date32(); }},
      {"time", [](A a) { return arrow::time64(UnitOf(a)); }},
      {"timestamp", [](A a) { return arrow::timestamp(UnitOf(a)); }},
      {"timestamp with time zone",
       [](A a) { return arrow::timestamp(UnitOf(a), "UTC"); }},
      {"interval day to second", Interval},
      {"interval year to month", Interval},
      {"unknown", [](A) { return arrow::null(); }},
      {"array", [](A a) { return arrow::list(a.Element(0)); }},
      {"map", [](A a) { return arrow::map(a.Element(0), a.Element(1)); }},
      {"row", [](A a) { return arrow::struct_(a.Fields()); }},
  };
  return kTypes;
}

// ---- Values

/// Integers and floats: the digits of these read back as the very same value.
template <typename Builder>
void AppendNumber(const JsonView& value, ArrayBuilder* builder) {
  const std::string_view text = value.Text();
  typename Builder::value_type number = 0;
  const char* const end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end) Malformed(value, *builder->type());
  Check(static_cast<Builder*>(builder)->Append(number));
}

void AppendDecimal(const JsonView& value, ArrayBuilder* builder) {
  const auto& type = static_cast<const arrow::Decimal128Type&>(*builder->type());
  arrow::Decimal128 number;
  int32_t precision = 0;
  int32_t scale = 0;
  if (!arrow::Decimal128::FromString(value.Text(), &number, &precision, &scale).ok()) {
    Malformed(value, type);
  }
  const auto scaled = number.Rescale(scale, type.scale());
  if (!scaled.ok() || !scaled->FitsInPrecision(type.precision())) Malformed(value, type);
  Check(static_cast<arrow::Decimal128Builder*>(builder)->Append(*scaled));
}

void AppendBoolean(const JsonView& value, ArrayBuilder* builder) {
  // A map's key comes as a text.
  const bool is_text = value.value().is_string();
  if (is_text && value.Text() != "true" && value.Text() != "false") {
    Malformed(value, *builder->type());
  }
  const bool truth = is_text ? value.Text() == "true" : value.Boolean();
  Check(static_cast<arrow::BooleanBuilder*>(builder)->Append(truth));
}

void AppendBytes(const JsonView& value, ArrayBuilder* builder) {
  const auto bytes = arrow::util::base64_decode(value.Text());
  if (!bytes.ok()) Malformed(value, *builder->type());
  Check(static_cast<arrow::BinaryBuilder*>(builder)->Append(*bytes));
}

template <typename Builder, typename Value>
void AppendParsed(const JsonView& value, ArrayBuilder* builder,
                  const std::optional<Value>& parsed) {
  if (!parsed) Malformed(value, *builder->type());
  Check(static_cast<Builder*>(builder)->Append(*parsed));
}

void AppendTimestamp(const JsonView& value, ArrayBuilder* builder) {
  const auto& type = static_cast<const arrow::TimestampType&>(*builder->type());
  const bool nanos = type.unit() == TimeUnit::NANO;
  const TrinoTimestamp parsed = ParseTrinoTimestamp(value.Text(), nanos);
  switch (parsed.outcome) {
    case TrinoTimestamp::kOk: break;
    case TrinoTimestamp::kMalformed: Malformed(value, type);
    case TrinoTimestamp::kNamedZone:
      throw Fail(ErrorKind::kUnsupported,
                 "Instants come in UTC or with an offset, write … AT TIME ZONE 'UTC': {}",
                 value.Text());
    case TrinoTimestamp::kOutOfRange:
      throw Fail(ErrorKind::kData,
                 "Nanoseconds reach from 1677 to 2262, cast to timestamp(6): {}",
                 value.Text());
  }
  if (parsed.has_zone == type.timezone().empty()) Malformed(value, type);
  Check(static_cast<arrow::TimestampBuilder*>(builder)->Append(parsed.value));
}

void AppendInterval(const JsonView& value, ArrayBuilder* builder) {
  const auto parsed = ParseTrinoInterval(value.Text());
  if (!parsed) Malformed(value, *builder->type());
  Check(static_cast<arrow::MonthDayNanoIntervalBuilder*>(builder)->Append(
      {parsed->months, parsed->days, parsed->nanos}));
}

void AppendList(const JsonView& value, ArrayBuilder* builder) {
  auto* lists = static_cast<arrow::ListBuilder*>(builder);
  Check(lists->Append());
  for (const JsonView& item : value.Items()) {
    AppendTrinoValue(item, lists->value_builder());
  }
}

void AppendMap(const JsonView& value, ArrayBuilder* builder) {
  auto* maps = static_cast<arrow::MapBuilder*>(builder);
  Check(maps->Append());
  for (const auto& [key, item] : value.Members()) {
    // Not in braces, which would make an array of it.
    const boost::json::value text(boost::json::string_view(key.data(), key.size()));
    AppendTrinoValue(JsonView(text, item.path()), maps->key_builder());
    AppendTrinoValue(item, maps->item_builder());
  }
}

void AppendRow(const JsonView& value, ArrayBuilder* builder) {
  auto* rows = static_cast<arrow::StructBuilder*>(builder);
  const auto fields = value.Items();
  if (fields.size() != static_cast<size_t>(rows->num_fields())) {
    Malformed(value, *builder->type());
  }
  Check(rows->Append());
  for (size_t i = 0; i < fields.size(); ++i) {
    AppendTrinoValue(fields[i], rows->field_builder(static_cast<int>(i)));
  }
}

}  // namespace

TypePointer TrinoArrowType(const JsonView& signature) {
  const Arguments type(signature);
  const auto found = Types().find(type.name());
  if (found == Types().end()) NoSuchType(type.name());
  return found->second(type);
}

void AppendTrinoValue(const JsonView& value, ArrayBuilder* builder) {
  if (value.value().is_null()) return Check(builder->AppendNull());
  const TypePointer held = builder->type();  // A list's builder makes it anew.
  const DataType& type = *held;
  switch (type.id()) {
    case Type::BOOL: return AppendBoolean(value, builder);
    case Type::INT8: return AppendNumber<arrow::Int8Builder>(value, builder);
    case Type::INT16: return AppendNumber<arrow::Int16Builder>(value, builder);
    case Type::INT32: return AppendNumber<arrow::Int32Builder>(value, builder);
    case Type::INT64: return AppendNumber<arrow::Int64Builder>(value, builder);
    case Type::FLOAT: return AppendNumber<arrow::FloatBuilder>(value, builder);
    case Type::DOUBLE: return AppendNumber<arrow::DoubleBuilder>(value, builder);
    case Type::DECIMAL128: return AppendDecimal(value, builder);
    case Type::STRING:
      return Check(static_cast<arrow::StringBuilder*>(builder)->Append(value.Text()));
    case Type::BINARY: return AppendBytes(value, builder);
    case Type::DATE32:
      return AppendParsed<arrow::Date32Builder>(value, builder,
                                                ParseTrinoDate(value.Text()));
    case Type::TIME64: {
      const bool nanos =
          static_cast<const arrow::TimeType&>(type).unit() == TimeUnit::NANO;
      return AppendParsed<arrow::Time64Builder>(value, builder,
                                                ParseTrinoTime(value.Text(), nanos));
    }
    case Type::TIMESTAMP: return AppendTimestamp(value, builder);
    case Type::INTERVAL_MONTH_DAY_NANO: return AppendInterval(value, builder);
    case Type::LIST: return AppendList(value, builder);
    case Type::MAP: return AppendMap(value, builder);
    case Type::STRUCT: return AppendRow(value, builder);
    default: Malformed(value, type);
  }
}

}  // namespace shoestring
