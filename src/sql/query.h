// sql: queries as values, and their texts in each engine's dialect. Knows nothing of
// lakes, HTTP or engines; what comes from outside goes into a query as a value and stays
// one.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "sql/statement.h"

namespace shoestring {

/// The types that values have in queries.
struct SqlType {
  enum class Kind {
    kBoolean,
    kInteger,
    kBigint,
    kReal,
    kDouble,
    kDecimal,
    kDate,
    kTimestamp,
    kTimestampTz,
    kText,
    kBytes,
    kList,
  };
  Kind kind = Kind::kText;
  int precision = 0;             ///< kDecimal.
  int scale = 0;                 ///< kDecimal.
  std::vector<SqlType> element;  ///< kList: exactly one.
  bool operator==(const SqlType&) const = default;
};

/// A step into a JSON value: a key, or a place in an array, from its end when negative.
using JsonStep = std::variant<std::string, int64_t>;

struct SqlQuery;
struct SqlOrder;

/// What a query computes. Made by the functions below.
struct SqlExpression {
  enum class Kind {
    kColumn,      ///< `name` of `table`; without one, an item's alias.
    kAllColumns,  ///< Those of `table`.
    kValue,       ///< `value`, of `type`.
    kList,  ///< A list of values, `type` being its own; kPostgres binds `name`, '{…}'.
    kTrue,
    kFalse,
    kCast,     ///< The argument as `type`.
    kTryCast,  ///< The same; NULL where it cannot be.
    kEqual,    ///< Two arguments, as for those that follow.
    kNotEqual,
    kLess,
    kLessEqual,
    kGreater,
    kGreaterEqual,
    kDistinct,  ///< IS DISTINCT FROM
    kLike,      ///< `\` escapes.
    kLikeAnyCase,
    kMatches,  ///< A regular expression, anywhere in the text.
    kMatchesAnyCase,
    kExtract,       ///< The first group of a regular expression, '' without a match.
    kContainsAll,   ///< The first list has all elements of the second; NULL is never one.
    kOverlaps,      ///< The lists have an element in common, which NULL is not.
    kJsonContains,  ///< JSON values, as Postgres' @>.
    kJsonEqual,  ///< JSON values, as Postgres' =; kTrino compares how they are written.
    kNot,
    kAnd,
    kOr,
    kIsNull,
    kIsTrue,
    kIsFalse,
    kOperator,  ///< `name` between two arguments: for what one dialect alone has.
    kInQuery,   ///< The arguments are a row of `query`.
    kInRows,    ///< The first `width` arguments are one of the rows of those that follow.
    kJson,      ///< What `path` leads to, as JSON text without spaces.
    kJsonText,  ///< The same as text: a string without its quotes, null as NULL.
    kToJson,    ///< A list, of `type`, as JSON.
    kIntegersToJson,  ///< The text of an array of integers, '{{1,NULL}}', as JSON.
    kCountRows,       ///< count(*)
    kCount,
    kSum,
    kMin,
    kMax,
    kRowNumber,  ///< Within rows of equal arguments, in `order`.
    kLower,
    kTextVector,  ///< What is searched of a text: the first argument, the second names a
                  ///< TextConfiguration.
    kJsonVector,  ///< The same of JSON.
    kFinds,       ///< Whether such a thing matches the text of a TextQuery.
  };
  Kind kind = Kind::kTrue;
  std::string table;
  std::string name;
  Parameter value;
  SqlType type;
  std::vector<JsonStep> path;
  size_t width = 0;
  std::vector<SqlExpression> arguments;
  std::vector<SqlOrder> order;
  std::shared_ptr<const SqlQuery> query;
};

/// A term of ORDER BY; where nulls go is always said.
struct SqlOrder {
  SqlExpression expression;
  bool descending = false;
  bool nulls_first = false;
};

/// A piece of somebody's own SQL, and the value that follows it, if any does.
struct SqlRawPiece {
  std::string text;
  std::optional<SqlExpression> value;
};

/// A table under a name of its own, or a query in its place.
struct SqlSource {
  std::string schema;  ///< As Postgres has it.
  std::string table;
  std::string
      lake_name;  ///< "t", "schema.t": Athena and Trino know it by DeclaredName().
  std::string alias;
  std::shared_ptr<const SqlQuery> query;
  std::vector<SqlRawPiece> raw;  ///< A statement in the engine's own dialect.
};

struct SqlJoin {
  SqlSource source;
  bool left = false;
  SqlExpression on;
};

struct SqlItem {
  SqlExpression expression;
  std::string alias;
};

struct SqlQuery {
  std::vector<SqlItem> items;
  SqlSource from;
  std::vector<SqlJoin> joins;
  std::vector<SqlExpression> where;  ///< All of them hold.
  std::vector<size_t> group_by;      ///< Which of the items.
  std::vector<SqlOrder> order;
  std::optional<int64_t> limit;
  int64_t offset = 0;
};

SqlExpression SqlColumn(std::string table, std::string name);
SqlExpression SqlValue(Parameter value, SqlType type);
SqlExpression SqlBoolean(bool value);
SqlExpression SqlCast(SqlExpression expression, SqlType type);
/// Any of the kinds that need nothing but their arguments.
SqlExpression SqlCall(SqlExpression::Kind kind, std::vector<SqlExpression> arguments);
SqlExpression SqlNot(SqlExpression expression);
/// TRUE for none, the expression itself for one.
SqlExpression SqlAnd(std::vector<SqlExpression> expressions);
SqlExpression SqlOr(std::vector<SqlExpression> expressions);
SqlExpression SqlInQuery(std::vector<SqlExpression> row, SqlQuery query);

}  // namespace shoestring
