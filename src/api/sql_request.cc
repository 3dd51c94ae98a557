#include "api/sql_request.h"

#include <boost/json.hpp>

#include <string>

#include "api/api_error.h"
#include "base/json.h"

namespace shoestring {

namespace {

Parameter SqlParameter(const boost::json::value& given) {
  if (given.is_null()) return std::monostate();
  if (given.is_bool()) return given.get_bool();
  if (given.is_int64()) return given.get_int64();
  if (given.is_double()) return given.get_double();
  if (given.is_string()) return std::string(given.get_string());
  throw ApiError(400, "PGRST102",
                 "Parameters are texts, numbers, booleans and null, not: " +
                     boost::json::serialize(given));
}

}  // namespace

Statement ReadSqlRequest(std::string_view body) {
  boost::json::value document;
  try {
    document = ParseJson(body, "body");
  } catch (const Error&) {
    throw ApiError(400, "PGRST102", "Empty or invalid json");
  }
  const auto* object = document.if_object();
  const auto* sql = object ? object->if_contains("sql") : nullptr;
  if (!sql || !sql->is_string()) {
    throw ApiError(400, "PGRST102",
                   "The body must be like {\"sql\": \"SELECT …\", \"parameters\": []}");
  }
  Statement statement{std::string(sql->get_string()), {}};
  const auto* parameters = object->if_contains("parameters");
  if (parameters && !parameters->is_array()) {
    throw ApiError(400, "PGRST102", "\"parameters\" must be an array");
  }
  if (!parameters) return statement;
  for (const auto& each : parameters->get_array()) {
    statement.parameters.push_back(SqlParameter(each));
  }
  return statement;
}

}  // namespace shoestring
