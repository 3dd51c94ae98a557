#include "sql/query.h"

#include <utility>

namespace shoestring {

namespace {

using Kind = SqlExpression::Kind;

SqlExpression Joined(Kind kind, bool neutral, std::vector<SqlExpression> expressions) {
  if (expressions.empty()) return SqlBoolean(neutral);
  if (expressions.size() == 1) return std::move(expressions.front());
  return SqlCall(kind, std::move(expressions));
}

}  // namespace

SqlExpression SqlColumn(std::string table, std::string name) {
  SqlExpression column;
  column.kind = Kind::kColumn;
  column.table = std::move(table);
  column.name = std::move(name);
  return column;
}

SqlExpression SqlValue(Parameter value, SqlType type) {
  SqlExpression expression;
  expression.kind = Kind::kValue;
  expression.value = std::move(value);
  expression.type = std::move(type);
  return expression;
}

SqlExpression SqlBoolean(bool value) {
  SqlExpression expression;
  expression.kind = value ? Kind::kTrue : Kind::kFalse;
  return expression;
}

SqlExpression SqlCast(SqlExpression expression, SqlType type) {
  SqlExpression cast = SqlCall(Kind::kCast, {std::move(expression)});
  cast.type = std::move(type);
  return cast;
}

SqlExpression SqlCall(Kind kind, std::vector<SqlExpression> arguments) {
  SqlExpression expression;
  expression.kind = kind;
  expression.arguments = std::move(arguments);
  return expression;
}

SqlExpression SqlNot(SqlExpression expression) {
  return SqlCall(Kind::kNot, {std::move(expression)});
}

SqlExpression SqlAnd(std::vector<SqlExpression> expressions) {
  return Joined(Kind::kAnd, true, std::move(expressions));
}

SqlExpression SqlOr(std::vector<SqlExpression> expressions) {
  return Joined(Kind::kOr, false, std::move(expressions));
}

SqlExpression SqlInQuery(std::vector<SqlExpression> row, SqlQuery query) {
  SqlExpression expression = SqlCall(Kind::kInQuery, std::move(row));
  expression.query = std::make_shared<const SqlQuery>(std::move(query));
  return expression;
}

}  // namespace shoestring
