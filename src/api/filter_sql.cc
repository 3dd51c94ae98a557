#include "api/filter_sql.h"

#include <algorithm>

#include "api/api_error.h"
#include "api/array_literal.h"
#include "api/input_value.h"
#include "api/pattern.h"
#include "api/range_sql.h"
#include "api/raw_json.h"
#include "api/text_search.h"

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;
using Type = PostgresType::Kind;
using Operator = FilterOperator;

const char* Symbol(Operator operation) {
  switch (operation) {
    case Operator::kEqual:
    case Operator::kIn: return "=";
    case Operator::kNotEqual: return "<>";
    case Operator::kGreater: return ">";
    case Operator::kGreaterEqual: return ">=";
    case Operator::kLess: return "<";
    case Operator::kLessEqual: return "<=";
    case Operator::kLike: return "~~";
    case Operator::kLikeAnyCase: return "~~*";
    case Operator::kMatches: return "~";
    case Operator::kMatchesAnyCase: return "~*";
    case Operator::kContains: return "@>";
    case Operator::kContained: return "<@";
    case Operator::kOverlaps: return "&&";
    case Operator::kLeftOf: return "<<";
    case Operator::kRightOf: return ">>";
    case Operator::kNotRightOf: return "&<";
    case Operator::kNotLeftOf: return "&>";
    case Operator::kAdjacent: return "-|-";
    default: return "=";
  }
}

Kind Comparison(Operator operation) {
  switch (operation) {
    case Operator::kNotEqual: return Kind::kNotEqual;
    case Operator::kGreater: return Kind::kGreater;
    case Operator::kGreaterEqual: return Kind::kGreaterEqual;
    case Operator::kLess: return Kind::kLess;
    case Operator::kLessEqual: return Kind::kLessEqual;
    case Operator::kDistinct: return Kind::kDistinct;
    default: return Kind::kEqual;
  }
}

bool IsOrder(Operator operation) {
  return operation == Operator::kGreater || operation == Operator::kGreaterEqual ||
         operation == Operator::kLess || operation == Operator::kLessEqual;
}

[[noreturn]] void NoOperator(const PostgresType& type, Operator operation) {
  throw ApiError(
      404, "42883",
      fmt::format("operator does not exist: {} {} unknown", type.name, Symbol(operation)))
      .WithHint(
          "No operator matches the given name and argument types. You might need to add "
          "explicit type casts.");
}

[[noreturn]] void NotInALake(const std::string& what) {
  throw ApiError(400, "PGRST127", "Feature not implemented").WithDetails(what);
}

/// An array of several dimensions, which a lake keeps as its text.
bool IsTextOfIntegers(const PostgresType& type) {
  if (type.kind != Type::kList) return false;
  const Type element = type.element.at(0).kind;
  return element == Type::kSmallint || element == Type::kInteger ||
         element == Type::kBigint;
}

/// * for %, and no escape but those of % _ and \, which Trino asks for.
std::string LikePattern(std::string_view text) {
  std::string pattern;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\') {
      if (i + 1 == text.size()) {
        throw ApiError(400, "22025", "LIKE pattern must not end with escape character");
      }
      const char next = text[++i] == '*' ? '%' : text[i];
      if (next == '%' || next == '_' || next == '\\') pattern += '\\';
      pattern += next;
    } else {
      pattern += text[i] == '*' ? '%' : text[i];
    }
  }
  return pattern;
}

class FilterWriter {
 public:
  FilterWriter(const Filter& filter, const ApiColumn& column, const std::string& table,
               SqlDialect dialect, const std::optional<TimeZone>& zone)
      : filter_(filter),
        type_(InZone(FieldType(filter.field, column.type), zone)),
        value_(FieldSql(filter.field, column, table)),
        dialect_(dialect) {}

  SqlExpression Write() const {
    SqlExpression condition = Condition();
    return filter_.negated ? SqlNot(std::move(condition)) : condition;
  }

 private:
  bool on_postgres() const { return dialect_ == SqlDialect::kPostgres; }

  SqlExpression Condition() const {
    switch (filter_.operation) {
      case Operator::kIn: return In();
      case Operator::kIsNull:
      case Operator::kIsNotNull:
      case Operator::kIsTrue:
      case Operator::kIsFalse:
      case Operator::kIsUnknown: return Is();
      case Operator::kContains:
      case Operator::kContained:
      case Operator::kOverlaps: return Contains();
      case Operator::kLeftOf:
      case Operator::kRightOf:
      case Operator::kNotRightOf:
      case Operator::kNotLeftOf:
      case Operator::kAdjacent: return OfRanges();
      case Operator::kSearch:
      case Operator::kSearchPlain:
      case Operator::kSearchPhrase:
      case Operator::kSearchWeb: return TextSearchSql(filter_, type_, value_, dialect_);
      default: return Quantified();
    }
  }

  SqlExpression Quantified() const {
    if (filter_.quantifier == Quantifier::kNone) return One(filter_.value);
    std::vector<SqlExpression> each;
    for (const auto& element : ArrayElements(filter_.value)) {
      each.push_back(element ? One(*element)
                             : SqlCall(Kind::kEqual,
                                       {value_, SqlValue(std::monostate(), type_.sql)}));
    }
    return filter_.quantifier == Quantifier::kAny ? SqlOr(std::move(each))
                                                  : SqlAnd(std::move(each));
  }

  SqlExpression One(const std::string& value) const {
    switch (filter_.operation) {
      case Operator::kLike: return Text(Kind::kLike, LikePattern(value));
      case Operator::kLikeAnyCase: return Text(Kind::kLikeAnyCase, LikePattern(value));
      case Operator::kMatches: return Text(Kind::kMatches, Pattern(value));
      case Operator::kMatchesAnyCase: return Text(Kind::kMatchesAnyCase, Pattern(value));
      default: return Compared(value);
    }
  }

  std::string Pattern(const std::string& value) const {
    return on_postgres() ? value : PortablePattern(value);
  }

  SqlExpression Text(Kind kind, std::string pattern) const {
    if (!type_.IsText()) NoOperator(type_, filter_.operation);
    return SqlCall(kind, {value_, SqlValue(std::move(pattern), {})});
  }

  SqlExpression Compared(const std::string& value) const {
    if (type_.IsJson()) return ComparedJson(value);
    if (type_.kind == Type::kRange) return Range(value);
    const bool only_text =
        type_.kind == Type::kOther || type_.kind == Type::kSearchVector;
    if (only_text && IsOrder(filter_.operation) && !on_postgres()) {
      NotInALake("A lake has no order of this type's values: " + type_.name);
    }
    return SqlCall(Comparison(filter_.operation), {value_, InputValue(value, type_)});
  }

  SqlExpression ComparedJson(const std::string& value) const {
    if (type_.kind == Type::kJson) NoOperator(type_, filter_.operation);
    const std::string text = MinifiedOrNormalized(value);
    if (IsOrder(filter_.operation)) return OrderedJson(text);
    SqlExpression equal = EqualJson(text);
    switch (filter_.operation) {
      case Operator::kNotEqual: return SqlNot(std::move(equal));
      case Operator::kDistinct: return SqlNot(SqlCall(Kind::kIsTrue, {std::move(equal)}));
      default: return equal;
    }
  }

  SqlExpression OrderedJson(const std::string& text) const {
    const Kind comparison = Comparison(filter_.operation);
    if (on_postgres()) return SqlCall(comparison, {value_, SqlValue(text, {})});
    if (!std::isdigit(static_cast<unsigned char>(text[0])) && text[0] != '-') {
      NotInALake("A lake has no order of JSON values but of numbers");
    }
    SqlExpression read = SqlCall(Kind::kTryCast, {value_});
    read.type = {.kind = SqlType::Kind::kDouble};
    return SqlCall(comparison,
                   {std::move(read), InputValue(text, PlainType(Type::kDouble))});
  }

  SqlExpression In() const {
    const auto& values = filter_.values;
    if (values.size() == 1 && values[0].empty()) return SqlBoolean(false);
    if (type_.kind == Type::kJson) NoOperator(type_, Operator::kIn);
    if (type_.IsJson()) return JsonIn();
    SqlExpression in = SqlCall(Kind::kInRows, {value_});
    in.width = 1;
    for (const std::string& value : values) {
      in.arguments.push_back(InputValue(value, type_));
    }
    return in;
  }

  SqlExpression JsonIn() const {
    std::vector<SqlExpression> each;
    for (const std::string& value : filter_.values) {
      each.push_back(EqualJson(MinifiedOrNormalized(value)));
    }
    return SqlOr(std::move(each));
  }

  SqlExpression EqualJson(std::string text) const {
    return SqlCall(Kind::kJsonEqual, {value_, SqlValue(std::move(text), {})});
  }

  std::string MinifiedOrNormalized(const std::string& value) const {
    CheckJson(value);
    return filter_.field.path.empty() ? NormalizedJson(value) : MinifiedJson(value);
  }

  SqlExpression Is() const {
    SqlExpression null = SqlCall(Kind::kIsNull, {value_});
    if (filter_.operation == Operator::kIsNull) return null;
    if (filter_.operation == Operator::kIsNotNull) return SqlNot(null);
    const bool unknown = filter_.operation == Operator::kIsUnknown;
    const bool is_true = filter_.operation == Operator::kIsTrue;
    if (type_.kind != Type::kBoolean) {
      throw ApiError(400, "42804",
                     fmt::format("argument of IS {} must be type boolean, not type {}",
                                 unknown   ? "UNKNOWN"
                                 : is_true ? "TRUE"
                                           : "FALSE",
                                 type_.name));
    }
    if (unknown) return null;
    return SqlCall(is_true ? Kind::kIsTrue : Kind::kIsFalse, {value_});
  }

  SqlExpression Contains() const {
    const Operator operation = filter_.operation;
    if (type_.kind == Type::kJsonb && operation != Operator::kOverlaps) {
      CheckJson(filter_.value);
      SqlExpression value = SqlValue(NormalizedJson(filter_.value), {});
      return operation == Operator::kContains
                 ? SqlCall(Kind::kJsonContains, {value_, std::move(value)})
                 : SqlCall(Kind::kJsonContains, {std::move(value), value_});
    }
    if (type_.kind == Type::kRange) return OfRanges();
    if (type_.kind != Type::kList) NoOperator(type_, operation);
    if (type_.sql.kind != SqlType::Kind::kList) {
      NotInALake("These arrays are kept as texts: " + filter_.field.name);
    }
    return ContainsList();
  }

  SqlExpression ContainsList() const {
    SqlExpression list = InputValue(filter_.value, type_);
    // NULL is in no array, and contained in none.
    const size_t nulls = std::erase_if(list.arguments, [](const SqlExpression& element) {
      return std::holds_alternative<std::monostate>(element.value);
    });
    if (filter_.operation == Operator::kContained) {
      return SqlCall(Kind::kContainsAll, {std::move(list), value_});
    }
    if (filter_.operation == Operator::kContains) {
      if (nulls == 0 || on_postgres()) {
        return SqlCall(Kind::kContainsAll, {value_, std::move(list)});
      }
      list.arguments.clear();  // Nothing overlaps with it.
    }
    return SqlCall(Kind::kOverlaps, {value_, std::move(list)});
  }

  SqlExpression OfRanges() const {
    if (type_.kind != Type::kRange) NoOperator(type_, filter_.operation);
    return Range(filter_.value);
  }

  /// Postgres has the operators; elsewhere ranges are texts.
  SqlExpression Range(const std::string& value) const {
    if (on_postgres()) {
      const std::string text = FormatRange(ParseRangeText(value, type_));
      SqlExpression native = SqlCall(Kind::kOperator, {value_, SqlValue(text, {})});
      native.name = filter_.operation == Operator::kDistinct ? "IS DISTINCT FROM"
                                                             : Symbol(filter_.operation);
      return native;
    }
    auto written = RangeSql(filter_.operation, value_, type_, value);
    if (!written) NoOperator(type_, filter_.operation);
    return *std::move(written);
  }

  const Filter& filter_;
  const PostgresType type_;
  const SqlExpression value_;
  const SqlDialect dialect_;
};

}  // namespace

PostgresType FieldType(const Field& field, const PostgresType& column) {
  if (field.path.empty()) return column;
  if (field.as_text) return PlainType(Type::kText);
  return PlainType(column.kind == Type::kJson ? Type::kJson : Type::kJsonb);
}

SqlExpression FieldSql(const Field& field, const ApiColumn& column,
                       const std::string& table) {
  SqlExpression value = SqlColumn(table, column.name);
  if (field.path.empty()) return value;
  if (!column.type.IsJson()) {
    const bool list = column.type.sql.kind == SqlType::Kind::kList;
    if (!list && !IsTextOfIntegers(column.type)) {
      NotInALake(fmt::format("A lake finds paths in json and arrays, not in: {} ({})",
                             column.name, column.type.name));
    }
    value = SqlCall(list ? Kind::kToJson : Kind::kIntegersToJson, {std::move(value)});
    value.type = column.type.sql;
  }
  SqlExpression inside =
      SqlCall(field.as_text ? Kind::kJsonText : Kind::kJson, {std::move(value)});
  inside.path = field.path;
  return inside;
}

SqlExpression FilterSql(const Filter& filter, const ApiColumn& column,
                        const std::string& table, SqlDialect dialect,
                        const std::optional<TimeZone>& zone) {
  return FilterWriter(filter, column, table, dialect, zone).Write();
}

}  // namespace shoestring
