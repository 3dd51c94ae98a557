#include "api/openapi.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include <algorithm>

namespace shoestring {

namespace {

using boost::json::array;
using boost::json::object;
using Type = PostgresType::Kind;

/// JSON's word for a type.
const char* JsonType(const PostgresType& type) {
  switch (type.kind) {
    case Type::kBoolean: return "boolean";
    case Type::kSmallint:
    case Type::kInteger:
    case Type::kBigint: return "integer";
    case Type::kReal:
    case Type::kDouble:
    case Type::kNumeric: return "number";
    case Type::kList: return "array";
    default: return "string";
  }
}

/// JSON can be anything, so that it has no type.
object OfType(const PostgresType& type) {
  return type.IsJson() ? object() : object{{"type", JsonType(type)}};
}

/// "character(2)[]", "numeric(10,2)" without what stands in parentheses.
std::string WithoutModifier(const std::string& format) {
  const size_t begin = format.find('(');
  const size_t end = format.find(')', std::min(begin, format.size()));
  if (end == format.npos) return format;
  return format.substr(0, begin) + format.substr(end + 1);
}

object Property(const std::string& format, const PostgresType& type) {
  object property = OfType(type);
  const std::string plain = WithoutModifier(format);
  property["format"] = plain;
  if (type.kind == Type::kList) {
    property["items"] = OfType(type.element.at(0));
  } else if (plain.starts_with("character") && plain != format) {
    property["maxLength"] = std::stoi(format.substr(plain.size() + 1));
  }
  return property;
}

object ColumnProperty(const ApiTable& table, const ApiColumn& column) {
  object property = Property(column.source_type, column.type);
  std::string description = column.comment;
  const auto note = [&](const std::string& text) {
    description += (description.empty() ? "Note:\n" : "\n\nNote:\n") + text;
  };
  if (std::ranges::find(table.primary_key, column.name) != table.primary_key.end()) {
    note("This is a Primary Key.<pk/>");
  }
  for (const ApiForeignKey& key : table.foreign_keys) {
    if (key.columns.size() != 1 || key.columns[0] != column.name) continue;
    const std::string target = key.table.substr(key.table.find('.') + 1);
    const std::string& column_there = key.referenced.at(0);
    note(fmt::format("This is a Foreign Key to `{0}.{1}`.<fk table='{0}' column='{1}'/>",
                     target, column_there));
    break;
  }
  if (!description.empty()) property["description"] = description;
  return property;
}

object Reference(const std::string& name) { return {{"$ref", "#/parameters/" + name}}; }

object Parameter(const char* name, const char* in, const char* description) {
  return {{"name", name},
          {"in", in},
          {"required", false},
          {"type", "string"},
          {"description", description}};
}

object CommonParameters() {
  object parameters;
  parameters["select"] = Parameter("select", "query", "Filtering Columns");
  parameters["order"] = Parameter("order", "query", "Ordering");
  parameters["offset"] = Parameter("offset", "query", "Limiting and Pagination");
  parameters["limit"] = Parameter("limit", "query", "Limiting and Pagination");
  parameters["range"] = Parameter("Range", "header", "Limiting and Pagination");
  object unit = Parameter("Range-Unit", "header", "Limiting and Pagination");
  unit["default"] = "items";
  parameters["rangeUnit"] = std::move(unit);
  object count = Parameter("Prefer", "header", "Preference");
  count["enum"] = array{"count=none", "count=exact", "count=planned", "count=estimated"};
  parameters["preferCount"] = std::move(count);
  return parameters;
}

object Responses(object schema) {
  return {{"200", object{{"description", "OK"}, {"schema", std::move(schema)}}},
          {"206", object{{"description", "Partial Content"}}}};
}

/// A comment's first line, and what follows it.
void Describe(const std::string& comment, object* operation) {
  if (comment.empty()) return;
  const size_t end = std::min(comment.find('\n'), comment.size());
  (*operation)["summary"] = comment.substr(0, end);
  const size_t rest = comment.find_first_not_of('\n', end);
  if (rest != comment.npos) (*operation)["description"] = comment.substr(rest);
}

void AddTable(const ApiTable& table, const Visibility& visibility, object* paths,
              object* definitions, object* parameters) {
  object properties;
  array required;
  array names;
  for (const ApiColumn& column : table.columns) {
    if (column.partition || !visibility.Sees(table, column)) continue;
    properties[column.name] = ColumnProperty(table, column);
    if (column.required) required.emplace_back(column.name);
    const std::string filter = "rowFilter." + table.name + "." + column.name;
    (*parameters)[filter] = object{
        {"name", column.name}, {"in", "query"}, {"required", false}, {"type", "string"}};
    names.emplace_back(Reference(filter));
  }
  for (const char* name :
       {"select", "order", "range", "rangeUnit", "offset", "limit", "preferCount"}) {
    names.emplace_back(Reference(name));
  }
  object definition{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) definition["required"] = std::move(required);
  if (!table.comment.empty()) definition["description"] = table.comment;
  object rows{{"type", "array"},
              {"items", object{{"$ref", "#/definitions/" + table.name}}}};
  object get{{"tags", array{table.name}},
             {"parameters", std::move(names)},
             {"responses", Responses(std::move(rows))}};
  Describe(table.comment, &get);
  (*definitions)[table.name] = std::move(definition);
  (*paths)["/" + table.name] = object{{"get", std::move(get)}};
}

void AddFunction(const Function& function, object* paths) {
  array get_parameters;
  object properties;
  array required;
  for (const FunctionParameter& parameter : function.parameters) {
    if (parameter.claim) continue;
    object property = Property(parameter.type.name, parameter.type);
    object get = property;
    get["name"] = parameter.name;
    get["in"] = "query";
    get["required"] = !parameter.otherwise;
    if (!get.contains("type") || parameter.type.kind == Type::kList)
      get["type"] = "string";
    get.erase("items");
    get_parameters.emplace_back(std::move(get));
    properties[parameter.name] = std::move(property);
    if (!parameter.otherwise) required.emplace_back(parameter.name);
  }
  object body{{"type", "object"}, {"properties", std::move(properties)}};
  if (!required.empty()) body["required"] = std::move(required);
  object post_parameter{
      {"name", "args"}, {"in", "body"}, {"required", true}, {"schema", std::move(body)}};
  const auto operation = [&](array parameters) {
    object described{{"tags", array{"(rpc) " + function.name}},
                     {"parameters", std::move(parameters)},
                     {"produces", array{"application/json"}},
                     {"responses", object{{"200", object{{"description", "OK"}}}}}};
    if (!function.comment.empty()) described["summary"] = function.comment;
    return described;
  };
  (*paths)["/rpc/" + function.name] =
      object{{"get", operation(std::move(get_parameters))},
             {"post", operation(array{std::move(post_parameter)})}};
}

}  // namespace

std::string DescribeApi(const LakeSchema& lake, const std::string& schema,
                        const std::map<std::string, Function>& functions,
                        const Access& access) {
  const Visibility visibility(access);
  object paths{
      {"/",
       object{{"get",
               object{{"tags", array{"Introspection"}},
                      {"summary", "OpenAPI description (this document)"},
                      {"produces", array{"application/openapi+json", "application/json"}},
                      {"responses", object{{"200", object{{"description", "OK"}}}}}}}}}};
  object definitions;
  object parameters = CommonParameters();
  for (const auto& [name, table] : lake.tables) {
    if (table.schema != schema || !visibility.Sees(table)) continue;
    AddTable(table, visibility, &paths, &definitions, &parameters);
  }
  for (const auto& [name, function] : functions) {
    const bool callable = function.result.schema == schema && function.MayCall(access) &&
                          function.IsThere(lake);
    if (callable) AddFunction(function, &paths);
  }
  const array media{"application/json",
                    "application/vnd.pgrst.object+json;nulls=stripped",
                    "application/vnd.pgrst.object+json", "text/csv"};
  return boost::json::serialize(object{
      {"swagger", "2.0"},
      {"info", object{{"title", "Shoestring"},
                      {"description", "The tables of a lake, to be read as by PostgREST"},
                      {"version", "1"}}},
      {"basePath", "/"},
      {"consumes", media},
      {"produces", media},
      {"paths", std::move(paths)},
      {"definitions", std::move(definitions)},
      {"parameters", std::move(parameters)}});
}

}  // namespace shoestring
