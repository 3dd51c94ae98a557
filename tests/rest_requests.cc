// Answers requests to the API without a server: for tests of its core.
//
// usage: rest_requests ENGINE LAKE [QUERIES]
//
// Each line of standard input is a request as JSON: method, path, query, headers (an
// object), body, and access (service, all_tables, role, signed_in, claims, tables: an
// object of {"columns": […], "rows": "…"}), schemas; each line of standard output its
// answer: status, headers, body. Without `access` the caller sees everything.
#include <boost/json.hpp>

#include <iostream>

#include "api/cors.h"
#include "api/rest_api.h"
#include "base/error.h"
#include "base/json.h"
#include "engine/engine_registry.h"

using namespace shoestring;
namespace json = boost::json;

namespace {

std::string Text(const json::object& object, const char* name,
                 const char* otherwise = "") {
  const auto* value = object.if_contains(name);
  return value && value->is_string() ? std::string(value->get_string()) : otherwise;
}

bool Flag(const json::object& object, const char* name) {
  const auto* value = object.if_contains(name);
  return value && value->is_bool() && value->get_bool();
}

ApiRequest RequestOf(const json::object& line) {
  ApiRequest request{Text(line, "method", "GET"),
                     Text(line, "path"),
                     Text(line, "query"),
                     {},
                     Text(line, "body")};
  if (const auto* headers = line.if_contains("headers")) {
    for (const auto& [name, value] : headers->as_object()) {
      request.headers.emplace_back(name, value.as_string());
    }
  }
  return request;
}

TableAccess TableAccessOf(const json::object& of) {
  TableAccess access;
  access.rows = Text(of, "rows");
  if (const auto* columns = of.if_contains("columns")) {
    access.columns.emplace();
    for (const auto& column : columns->as_array()) {
      access.columns->emplace_back(column.as_string());
    }
  }
  return access;
}

Access AccessOf(const json::object& line) {
  Access access;
  const auto* given = line.if_contains("access");
  access.service = given == nullptr;
  if (!given) return access;
  const json::object& of = given->as_object();
  access.service = Flag(of, "service");
  access.all_tables = Flag(of, "all_tables");
  access.signed_in = Flag(of, "signed_in");
  access.role = Text(of, "role");
  access.claims = Text(of, "claims", "{}");
  if (const auto* tables = of.if_contains("tables")) {
    for (const auto& [name, table] : tables->as_object()) {
      access.tables[name] = TableAccessOf(table.as_object());
    }
  }
  return access;
}

json::object Written(ApiResponse response) {
  json::array headers;
  for (const auto& [name, value] : response.headers)
    headers.push_back(json::array{name, value});
  std::string body;
  while (response.body) {
    auto piece = response.body->Next();
    if (!piece) break;
    body += *piece;
  }
  return {{"status", response.status}, {"headers", std::move(headers)}, {"body", body}};
}

void AnswerAll(RestApi* api) {
  for (std::string line; std::getline(std::cin, line);) {
    const json::value document = ParseJson(line, "request");
    const ApiRequest request = RequestOf(document.as_object());
    auto preflight = AnswerPreflight(request);
    ApiResponse response =
        preflight ? std::move(*preflight)
                  : api->Handle(
                        request,
                        [&](const LakeSchema&) { return AccessOf(document.as_object()); },
                        {}, std::chrono::seconds(60));
    if (!preflight) AllowOrigin(request, &response);
    std::cout << json::serialize(Written(std::move(response))) << std::endl;
  }
}

}  // namespace

int main(int argc, char** argv) {
  try {
    const auto store = OpenObjectStore(argv[2], /*create=*/false);
    EngineContext context{Settings::Load(), [&] { return store.get(); }};
    const auto engine = OpenEngine(argv[1], context);
    RestOptions options;
    options.engine = argv[1];
    if (argc > 3) options.queries = argv[3];
    if (const auto rows = context.settings.Find("api", "max_rows"))
      options.max_rows = std::stoll(*rows);
    if (const auto schema = context.settings.Find("api", "schema"))
      options.schemas = {*schema};
    RestApi api(engine.get(), ReadLakeSchema(store.get()), options, [] {});
    AnswerAll(&api);
    return 0;
  } catch (const Error& error) {
    std::cerr << error.what() << "\n";
    return ExitCode(error.kind());
  }
}
