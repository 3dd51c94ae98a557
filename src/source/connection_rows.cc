// The statements of Connection whose rows come one at a time, in binary form.
#include <libpq-fe.h>

#include "source/connection.h"
#include "source/copy_stream.h"

namespace shoestring {

namespace {

constexpr const char* kBeginQuerySql =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL datestyle = 'ISO, YMD';"
    "SET LOCAL intervalstyle = 'postgres';"
    "SET LOCAL timezone = 'UTC';"
    "SET LOCAL extra_float_digits = 1;"
    "SET LOCAL bytea_output = 'hex'";

constexpr const char* kUnnamed = "";
constexpr int kBinary = 1;

}  // namespace

void Connection::BeginQuery() {
  of_a_user_ = true;
  Sent(PQsendQuery(connection_.get(), kBeginQuerySql));
  pg_result* last = LastResult();
  const Rows owned(last);
  if (PQresultStatus(last) != PGRES_COMMAND_OK) ThrowResult(last);
}

std::vector<ResultColumn> Connection::Prepare(const std::string& sql,
                                              const std::vector<BoundValue>& parameters) {
  std::vector<Oid> types;
  for (const BoundValue& parameter : parameters) types.push_back(parameter.type);
  Sent(PQsendPrepare(connection_.get(), kUnnamed, sql.c_str(),
                     static_cast<int>(types.size()), types.data()));
  pg_result* parsed = LastResult();
  const Rows owned_parsed(parsed);
  if (PQresultStatus(parsed) != PGRES_COMMAND_OK) ThrowResult(parsed);

  Sent(PQsendDescribePrepared(connection_.get(), kUnnamed));
  pg_result* described = LastResult();
  const Rows owned(described);
  if (PQresultStatus(described) != PGRES_COMMAND_OK) ThrowResult(described);
  std::vector<ResultColumn> columns;
  for (int i = 0; i < PQnfields(described); ++i) {
    columns.push_back({PQfname(described, i), PQftype(described, i), PQfmod(described, i),
                       PQftable(described, i), PQftablecol(described, i)});
  }
  return columns;
}

void Connection::BeginRows(const std::vector<BoundValue>& parameters) {
  std::vector<const char*> values;
  for (const BoundValue& parameter : parameters) {
    values.push_back(parameter.text ? parameter.text->c_str() : nullptr);
  }
  Sent(PQsendQueryPrepared(connection_.get(), kUnnamed, static_cast<int>(values.size()),
                           values.data(), nullptr, nullptr, kBinary));
  PQsetSingleRowMode(connection_.get());
}

bool Connection::ReadRow(std::span<TupleField> fields) {
  while (PQisBusy(connection_.get()) != 0) Wait();
  pg_result* result = PQgetResult(connection_.get());
  if (result == nullptr) return false;
  row_ = Rows(result);
  switch (PQresultStatus(result)) {
    case PGRES_SINGLE_TUPLE: break;
    case PGRES_TUPLES_OK:
    case PGRES_COMMAND_OK: return ReadRow(fields);
    default: ThrowResult(result);
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const int column = static_cast<int>(i);
    if (PQgetisnull(result, 0, column) != 0) {
      fields[i] = {};
      continue;
    }
    fields[i] = {reinterpret_cast<const uint8_t*>(PQgetvalue(result, 0, column)),
                 PQgetlength(result, 0, column)};
  }
  return true;
}

}  // namespace shoestring
