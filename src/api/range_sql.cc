#include "api/range_sql.h"

#include "api/api_error.h"
#include "api/field_grammar.h"
#include "api/input_value.h"

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;

PostgresType BoundType(const PostgresType& range) {
  using Type = PostgresType::Kind;
  if (range.name == "int4range") return PlainType(Type::kInteger);
  if (range.name == "int8range") return PlainType(Type::kBigint);
  if (range.name == "numrange") return PlainType(Type::kNumeric);
  if (range.name == "daterange") return PlainType(Type::kDate);
  if (range.name == "tsrange") return PlainType(Type::kTimestamp);
  return PlainType(Type::kTimestampTz);
}

[[noreturn]] void Malformed(std::string_view text, const char* details) {
  throw ApiError(400, "22P02", fmt::format("malformed range literal: \"{}\"", text))
      .WithDetails(details);
}

std::optional<std::string> Bound(std::string text, const PostgresType& type) {
  text = Stripped(text);
  if (text.size() > 1 && text.front() == '"' && text.back() == '"') {
    text = text.substr(1, text.size() - 2);
  }
  if (text.empty()) return std::nullopt;
  return InputText(text, type);
}

/// The whole number or day after this one.
std::string Next(const std::string& bound, const PostgresType& type) {
  if (type.kind != PostgresType::Kind::kDate)
    return std::to_string(std::stoll(bound) + 1);
  // The hour that a day ends with is the next one's.
  return InputText(bound + " 24:00:00", PlainType(PostgresType::Kind::kTimestamp))
      .substr(0, 10);
}

bool IsDiscrete(const PostgresType& bound) {
  return bound.kind == PostgresType::Kind::kInteger ||
         bound.kind == PostgresType::Kind::kBigint ||
         bound.kind == PostgresType::Kind::kDate;
}

/// Below, at or above zero; of moments, whose texts are ordered as they are, too.
int CompareBounds(const std::string& a, const std::string& b, const PostgresType& type) {
  if (!type.IsNumber()) return a.compare(b);
  const long double difference = std::stold(a) - std::stold(b);
  return difference < 0 ? -1 : difference > 0;
}

/// Of two bounds: refused when the first is beyond the second, empty when nothing is
/// between them.
void CheckBounds(const PostgresType& bound, RangeText* range) {
  if (!range->lower || !range->upper) return;
  const int order = CompareBounds(*range->lower, *range->upper, bound);
  if (order > 0) {
    throw ApiError(400, "22000",
                   "range lower bound must be less than or equal to range upper bound");
  }
  if (order < 0 || (range->lower_inclusive && range->upper_inclusive)) return;
  *range = {.empty = true};
}

SqlExpression Text(std::string text) { return SqlValue(std::move(text), {}); }

/// One end of the column's ranges, or of the value that they are compared with.
struct End {
  SqlExpression value;
  SqlExpression infinite;
  SqlExpression inclusive;
};

/// The operators over ends of ranges; each compares as Postgres does.
class RangeWriter {
 public:
  RangeWriter(const SqlExpression& column, const PostgresType& type,
              std::string_view value)
      : column_(column), bound_(BoundType(type)), range_(ParseRangeText(value, type)) {}

  /// NULL for NULL, so that its negation is, too.
  SqlExpression Write(FilterOperator operation) const {
    const SqlExpression null = SqlCall(Kind::kIsNull, {column_});
    return SqlOr({SqlAnd({SqlNot(null), Condition(operation)}),
                  SqlAnd({null, SqlCall(Kind::kEqual, {column_, Text("")})})});
  }

 private:
  SqlExpression Condition(FilterOperator operation) const {
    SqlExpression empty = SqlCall(Kind::kEqual, {column_, Text("empty")});
    switch (operation) {
      case FilterOperator::kContains:
        if (range_.empty) return SqlBoolean(true);
        return NotEmpty(SqlAnd(
            {AtMost(Lower(), Given(false), false), AtMost(Given(true), Upper(), true)}));
      case FilterOperator::kContained:
        if (range_.empty) return empty;
        return SqlOr({empty, SqlAnd({AtMost(Given(false), Lower(), false),
                                     AtMost(Upper(), Given(true), true)})});
      case FilterOperator::kOverlaps:
        return NotEmpty(
            SqlNot(SqlOr({Before(Upper(), Given(false)), Before(Given(true), Lower())})));
      case FilterOperator::kLeftOf: return NotEmpty(Before(Upper(), Given(false)));
      case FilterOperator::kRightOf: return NotEmpty(Before(Given(true), Lower()));
      case FilterOperator::kNotRightOf:
        return NotEmpty(AtMost(Upper(), Given(true), true));
      case FilterOperator::kNotLeftOf:
        return NotEmpty(AtMost(Given(false), Lower(), false));
      case FilterOperator::kAdjacent:
        return NotEmpty(
            SqlOr({Touches(Upper(), Given(false)), Touches(Given(true), Lower())}));
      case FilterOperator::kLess: return Order(true, false);
      case FilterOperator::kLessEqual: return Order(true, true);
      case FilterOperator::kGreater: return Order(false, false);
      default: return Order(false, true);
    }
  }

  SqlExpression NotEmpty(SqlExpression condition) const {
    if (range_.empty) return SqlBoolean(false);
    return SqlAnd(
        {SqlCall(Kind::kNotEqual, {column_, Text("empty")}), std::move(condition)});
  }

  SqlExpression Value(SqlExpression text) const {
    SqlExpression value = SqlCall(Kind::kTryCast, {std::move(text)});
    const bool number = bound_.IsNumber();
    value.type = number ? SqlType{.kind = SqlType::Kind::kDouble} : bound_.sql;
    return value;
  }

  End OfColumn(const char* pattern, const char* inclusive) const {
    const SqlExpression text = SqlCall(Kind::kExtract, {column_, Text(pattern)});
    return {Value(text), SqlCall(Kind::kEqual, {text, Text("")}),
            SqlCall(Kind::kLike, {column_, Text(inclusive)})};
  }

  End Lower() const { return OfColumn(R"x(^[\[(]"?([^",]*)"?,)x", "[%"); }
  End Upper() const { return OfColumn(R"x(,"?([^",)\]]*)"?[)\]]$)x", "%]"); }

  /// The value's own end.
  End Given(bool upper) const {
    const auto& bound = upper ? range_.upper : range_.lower;
    const SqlType type = Value(Text("")).type;
    SqlExpression value =
        bound ? Value(Text(*bound)) : SqlCast(SqlValue(std::monostate(), {}), type);
    return {std::move(value), SqlBoolean(!bound),
            SqlBoolean(upper ? range_.upper_inclusive : range_.lower_inclusive)};
  }

  /// Of two lower ends, or two upper ones: the first is not beyond the second.
  static SqlExpression AtMost(const End& first, const End& second, bool upper) {
    const SqlExpression same = SqlCall(Kind::kEqual, {first.value, second.value});
    // Among equals an inclusive lower end comes first, an inclusive upper one last.
    const SqlExpression inclusive =
        upper ? SqlOr({SqlNot(first.inclusive), second.inclusive})
              : SqlOr({first.inclusive, SqlNot(second.inclusive)});
    const SqlExpression between =
        SqlCall(Kind::kIsTrue, {SqlOr({SqlCall(Kind::kLess, {first.value, second.value}),
                                       SqlAnd({same, inclusive})})});
    const End& open = upper ? second : first;
    const End& shut = upper ? first : second;
    return SqlOr({open.infinite, SqlAnd({SqlNot(shut.infinite), between})});
  }

  /// The upper end of one is before the lower end of another.
  static SqlExpression Before(const End& upper, const End& lower) {
    const SqlExpression apart = SqlCall(Kind::kLess, {upper.value, lower.value});
    const SqlExpression touching =
        SqlAnd({SqlCall(Kind::kEqual, {upper.value, lower.value}),
                SqlNot(SqlAnd({upper.inclusive, lower.inclusive}))});
    return SqlAnd({SqlNot(upper.infinite), SqlNot(lower.infinite),
                   SqlCall(Kind::kIsTrue, {SqlOr({apart, touching})})});
  }

  static SqlExpression Touches(const End& upper, const End& lower) {
    return SqlCall(
        Kind::kIsTrue,
        {SqlAnd({SqlCall(Kind::kEqual, {upper.value, lower.value}),
                 SqlCall(Kind::kNotEqual, {upper.inclusive, lower.inclusive})})});
  }

  /// By lower ends, then by upper ones; empty ranges come first.
  SqlExpression Order(bool less, bool or_equal) const {
    const SqlExpression equal =
        SqlCall(Kind::kEqual, {column_, Text(FormatRange(range_))});
    SqlExpression strictly;
    SqlExpression empty = SqlCall(Kind::kEqual, {column_, Text("empty")});
    if (range_.empty) {
      strictly = less ? SqlBoolean(false) : SqlNot(empty);
    } else {
      const SqlExpression lower_up = AtMost(Lower(), Given(false), false);
      const SqlExpression lower_down = AtMost(Given(false), Lower(), false);
      const SqlExpression upper_up = AtMost(Upper(), Given(true), true);
      const SqlExpression upper_down = AtMost(Given(true), Upper(), true);
      const SqlExpression same = SqlAnd({lower_up, lower_down});
      const SqlExpression before =
          SqlOr({SqlNot(lower_down), SqlAnd({same, SqlNot(upper_down)})});
      const SqlExpression after =
          SqlOr({SqlNot(lower_up), SqlAnd({same, SqlNot(upper_up)})});
      strictly = less ? SqlOr({empty, before}) : SqlAnd({SqlNot(empty), after});
    }
    return or_equal ? SqlOr({equal, strictly}) : strictly;
  }

  const SqlExpression& column_;
  const PostgresType bound_;
  const RangeText range_;
};

}  // namespace

RangeText ParseRangeText(std::string_view text, const PostgresType& type) {
  const std::string word = Stripped(text);
  RangeText range;
  if (word == "empty") {
    range.empty = true;
    return range;
  }
  if (word.empty() || (word[0] != '[' && word[0] != '(')) {
    Malformed(text, "Missing left parenthesis or bracket.");
  }
  if (word.back() != ']' && word.back() != ')')
    Malformed(text, "Unexpected end of input.");
  const size_t comma = word.find(',');
  if (comma == word.npos) Malformed(text, "Missing comma after lower bound.");
  const PostgresType bound = BoundType(type);
  range.lower = Bound(word.substr(1, comma - 1), bound);
  range.upper = Bound(word.substr(comma + 1, word.size() - comma - 2), bound);
  range.lower_inclusive = range.lower && word[0] == '[';
  range.upper_inclusive = range.upper && word.back() == ']';
  CheckBounds(bound, &range);
  if (!IsDiscrete(bound)) return range;
  if (range.lower && !range.lower_inclusive) {
    range.lower = Next(*range.lower, bound);
    range.lower_inclusive = true;
  }
  if (range.upper && range.upper_inclusive) {
    range.upper = Next(*range.upper, bound);
    range.upper_inclusive = false;
  }
  CheckBounds(bound, &range);
  return range;
}

std::string FormatRange(const RangeText& range) {
  if (range.empty) return "empty";
  const auto bound = [](const std::optional<std::string>& text) {
    if (!text) return std::string();
    return text->find_first_of(" ,") == text->npos ? *text : "\"" + *text + "\"";
  };
  return (range.lower_inclusive ? "[" : "(") + bound(range.lower) + "," +
         bound(range.upper) + (range.upper_inclusive ? "]" : ")");
}

std::optional<SqlExpression> RangeSql(FilterOperator operation,
                                      const SqlExpression& column,
                                      const PostgresType& type, std::string_view value) {
  switch (operation) {
    case FilterOperator::kEqual:
    case FilterOperator::kNotEqual:
    case FilterOperator::kDistinct: {
      const Kind kind = operation == FilterOperator::kEqual      ? Kind::kEqual
                        : operation == FilterOperator::kNotEqual ? Kind::kNotEqual
                                                                 : Kind::kDistinct;
      return SqlCall(kind, {column, Text(FormatRange(ParseRangeText(value, type)))});
    }
    case FilterOperator::kLess:
    case FilterOperator::kLessEqual:
    case FilterOperator::kGreater:
    case FilterOperator::kGreaterEqual:
    case FilterOperator::kContains:
    case FilterOperator::kContained:
    case FilterOperator::kOverlaps:
    case FilterOperator::kLeftOf:
    case FilterOperator::kRightOf:
    case FilterOperator::kNotRightOf:
    case FilterOperator::kNotLeftOf:
    case FilterOperator::kAdjacent:
      return RangeWriter(column, type, value).Write(operation);
    default: return std::nullopt;
  }
}

}  // namespace shoestring
