#include "api/function.h"

#include <arrow/api.h>
#include <boost/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "api/api_error.h"
#include "api/array_literal.h"
#include "api/claims.h"
#include "api/field_grammar.h"
#include "api/input_value.h"
#include "api/relation.h"
#include "base/json.h"

namespace shoestring {

namespace {

using boost::json::value;

bool IsNameByte(char c) {
  return std::isalnum(static_cast<unsigned char>(c)) || c == '_';
}

class FileReader {
 public:
  FileReader(const std::string& name, std::string_view text) : text_(text) {
    function_.name = name;
  }

  Function Read() {
    Header();
    Body();
    return std::move(function_);
  }

 private:
  [[noreturn]] void Bad(std::string_view what) const {
    throw Fail(ErrorKind::kInvalidArgument, "{}: {}.sql", what, function_.name);
  }

  /// The comment lines before the statement.
  void Header() {
    while (text_.starts_with("--") || text_.starts_with('\n') ||
           text_.starts_with('\r')) {
      const size_t end = std::min(text_.find('\n'), text_.size());
      const std::string line = Stripped(text_.substr(0, end));
      text_.remove_prefix(std::min(end + 1, text_.size()));
      if (line.starts_with("--")) Line(Stripped(std::string_view(line).substr(2)));
    }
  }

  void Line(const std::string& line) {
    if (line.starts_with(':')) return Parameter(line.substr(1));
    if (line.starts_with("roles:")) return Roles(line.substr(6));
    if (!function_.comment.empty()) function_.comment += '\n';
    function_.comment += line;
  }

  void Roles(const std::string& list) {
    std::istringstream names(list);
    for (std::string name; std::getline(names, name, ',');) {
      if (!Stripped(name).empty()) function_.roles.insert(Stripped(name));
    }
  }

  /// "year integer = 2024"
  void Parameter(const std::string& line) {
    FunctionParameter parameter;
    const size_t space = line.find(' ');
    const size_t equals = std::min(line.find('='), line.size());
    if (space == line.npos || space > equals) {
      Bad("A parameter is declared as in `-- :year integer = 2024`, not: " + line);
    }
    parameter.name = line.substr(0, space);
    std::string type = Stripped(std::string_view(line).substr(space, equals - space));
    const bool list = type.ends_with("[]");
    if (list) type = "_" + type.substr(0, type.size() - 2);
    try {
      parameter.type = CastTarget(type);
    } catch (const ApiError& error) {
      Bad(fmt::format("The type of :{} is none that parameters can have",
                      parameter.name));
    }
    if (equals < line.size()) {
      const std::string given = Stripped(std::string_view(line).substr(equals + 1));
      if (given.starts_with('{') && given.ends_with('}') && !list) {
        parameter.claim = given.substr(1, given.size() - 2);
      } else {
        parameter.otherwise = given;
      }
    }
    function_.parameters.push_back(std::move(parameter));
  }

  /// Finds :names outside of quotes and comments.
  void Body() {
    std::string piece;
    while (!text_.empty()) {
      const size_t length = Untouched();
      if (length > 0) {
        piece += text_.substr(0, length);
        text_.remove_prefix(length);
        continue;
      }
      std::string name;
      for (size_t i = 1; i < text_.size() && IsNameByte(text_[i]); ++i) name += text_[i];
      function_.pieces.emplace_back(std::exchange(piece, {}), Place(name));
      text_.remove_prefix(name.size() + 1);
    }
    while (!piece.empty() && (std::isspace(static_cast<unsigned char>(piece.back())) ||
                              piece.back() == ';')) {
      piece.pop_back();
    }
    function_.pieces.emplace_back(std::move(piece), std::nullopt);
  }

  /// How much of the text has no parameter at its beginning; 0 where one begins.
  size_t Untouched() const {
    const auto until = [&](std::string_view end, size_t from) {
      const size_t found = text_.find(end, from);
      return found == text_.npos ? text_.size() : found + end.size();
    };
    if (text_.starts_with('\'') || text_.starts_with('"'))
      return until(text_.substr(0, 1), 1);
    if (text_.starts_with("--")) return until("\n", 2);
    if (text_.starts_with("/*")) return until("*/", 2);
    if (text_.starts_with("::")) return 2;
    const bool parameter = text_[0] == ':' && text_.size() > 1 && IsNameByte(text_[1]) &&
                           !std::isdigit(static_cast<unsigned char>(text_[1]));
    return parameter ? 0 : 1;
  }

  size_t Place(const std::string& name) const {
    const auto found =
        std::ranges::find(function_.parameters, name, &FunctionParameter::name);
    if (found == function_.parameters.end()) {
      Bad(fmt::format("The parameter :{} is not declared, as in `-- :{} bigint`", name,
                      name));
    }
    return static_cast<size_t>(found - function_.parameters.begin());
  }

  std::string_view text_;
  Function function_;
};

PostgresType TypeOfArrow(const arrow::DataType& type) {
  using Kind = PostgresType::Kind;
  switch (type.id()) {
    case arrow::Type::BOOL: return PlainType(Kind::kBoolean);
    case arrow::Type::INT8:
    case arrow::Type::INT16: return PlainType(Kind::kSmallint);
    case arrow::Type::INT32: return PlainType(Kind::kInteger);
    case arrow::Type::INT64:
    case arrow::Type::UINT32: return PlainType(Kind::kBigint);
    case arrow::Type::FLOAT: return PlainType(Kind::kReal);
    case arrow::Type::DOUBLE: return PlainType(Kind::kDouble);
    case arrow::Type::DECIMAL128: {
      const auto& decimal = static_cast<const arrow::DecimalType&>(type);
      PostgresType numeric = PlainType(Kind::kNumeric);
      numeric.sql.precision = decimal.precision();
      numeric.sql.scale = decimal.scale();
      return numeric;
    }
    case arrow::Type::EXTENSION: return PlainType(Kind::kNumeric);
    case arrow::Type::DATE32: return PlainType(Kind::kDate);
    case arrow::Type::TIMESTAMP: {
      const auto& timestamp = static_cast<const arrow::TimestampType&>(type);
      return PlainType(timestamp.timezone().empty() ? Kind::kTimestamp
                                                    : Kind::kTimestampTz);
    }
    case arrow::Type::BINARY:
    case arrow::Type::LARGE_BINARY: return PlainType(Kind::kBytes);
    case arrow::Type::LIST: {
      PostgresType list;
      list.kind = Kind::kList;
      list.element = {
          TypeOfArrow(*static_cast<const arrow::ListType&>(type).value_type())};
      list.name = list.element[0].name + "[]";
      list.sql = {.kind = SqlType::Kind::kList, .element = {list.element[0].sql}};
      return list;
    }
    default: return PlainType(Kind::kText);
  }
}

SqlExpression Bound(const FunctionParameter& parameter,
                    const std::optional<std::string>& text,
                    const std::optional<TimeZone>& zone) {
  if (!text) return SqlCast(SqlValue(std::monostate(), {}), parameter.type.sql);
  return SqlCast(InputValue(*text, InZone(parameter.type, zone)), parameter.type.sql);
}

/// Asks the engine what the function gives, with NULL for what has no default.
void Describe(Function* function, Engine* engine, SqlDialect dialect,
              const QueryLimits& limits) {
  SqlQuery query;
  SqlSource source;
  source.alias = "t";
  for (const auto& [text, place] : function->pieces) {
    SqlRawPiece piece{text, std::nullopt};
    if (place) {
      const FunctionParameter& parameter = function->parameters[*place];
      piece.value = Bound(parameter, parameter.otherwise, std::nullopt);
    }
    source.raw.push_back(std::move(piece));
  }
  SqlExpression all = SqlColumn("t", "");
  all.kind = SqlExpression::Kind::kAllColumns;
  query.items = {{std::move(all), ""}};
  query.from = std::move(source);
  query.limit = 0;
  const auto result = engine->Run(RenderQuery(query, dialect), limits, {});
  while (result->Next()) {
  }
  for (const auto& field : result->schema()->fields()) {
    function->result.columns.push_back(
        {.name = field->name(), .type = TypeOfArrow(*field->type())});
  }
}

std::string Keys(const Arguments& arguments) {
  std::vector<std::string> names;
  for (const auto& [name, text] : arguments) names.push_back(name);
  std::ranges::sort(names);
  return fmt::format("{}", fmt::join(names, ", "));
}

[[noreturn]] void WrongArguments(const Function& function, const Arguments& arguments) {
  const std::string keys = Keys(arguments);
  const std::string shown = arguments.empty() ? " without parameters" : "(" + keys + ")";
  const std::string detail =
      arguments.empty()
          ? " without parameters"
          : (arguments.size() > 1 ? " with parameters " : " with parameter ") + keys;
  std::vector<std::string> names;
  for (const FunctionParameter& parameter : function.parameters) {
    if (!parameter.claim) names.push_back(parameter.name);
  }
  std::ranges::sort(names);
  throw ApiError(404, "PGRST202",
                 fmt::format("Could not find the function {}.{}{} in the schema cache",
                             function.result.schema, function.name, shown))
      .WithDetails(
          fmt::format("Searched for the function {}.{}{}, but no matches were found in "
                      "the schema cache.",
                      function.result.schema, function.name, detail))
      .WithHint(fmt::format("Perhaps you meant to call the function {}.{}({})",
                            function.result.schema, function.name,
                            fmt::join(names, ", ")));
}

bool SeesWhole(const Access& access, const std::string& table) {
  const auto found = access.tables.find(table);
  if (found == access.tables.end()) return access.all_tables;
  return !found->second.columns && found->second.rows.empty();
}

std::string ArgumentText(const value& given) {
  if (given.is_string()) return std::string(given.get_string());
  if (!given.is_array()) return boost::json::serialize(given);
  std::vector<std::optional<std::string>> elements;
  for (const value& element : given.get_array()) {
    if (element.is_null()) {
      elements.emplace_back();
    } else {
      elements.emplace_back(ArgumentText(element));
    }
  }
  return ArrayLiteral(elements);
}

}  // namespace

bool Function::MayCall(const Access& access) const {
  if (access.service) return true;
  if (!reads.empty()) return SeesWhole(access, reads);
  if (!roles.empty()) return roles.contains(access.role);
  return access.all_tables && access.tables.empty();
}

Function ParseFunction(const std::string& name, std::string_view text) {
  return FileReader(name, text).Read();
}

std::map<std::string, Function> LoadFunctions(const std::string& folder, Engine* engine,
                                              SqlDialect dialect,
                                              const QueryLimits& limits) {
  std::map<std::string, Function> functions;
  if (folder.empty()) return functions;
  if (!std::filesystem::is_directory(folder)) {
    throw Fail(ErrorKind::kNotFound, "There is no such folder of SQL files: {}", folder);
  }
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".sql") continue;
    std::ifstream file(entry.path());
    std::stringstream text;
    text << file.rdbuf();
    Function function = ParseFunction(entry.path().stem().string(), text.str());
    function.result.schema = "public";
    function.result.name = function.name;
    function.result.lake_name = function.name;
    try {
      Describe(&function, engine, dialect, limits);
    } catch (const Error& error) {
      throw Fail(ErrorKind::kInvalidArgument, "{} does not run: {}",
                 entry.path().string(), error.what());
    } catch (const ApiError& error) {
      throw Fail(ErrorKind::kInvalidArgument, "{} has a wrong default: {}",
                 entry.path().string(), error.what());
    }
    functions.emplace(function.name, std::move(function));
  }
  return functions;
}

bool Function::IsThere(const LakeSchema& lake) const {
  return reads.empty() || lake.tables.contains(reads);
}

std::vector<std::optional<std::string>> ArgumentValues(const Function& function,
                                                       const Arguments& arguments,
                                                       const Access& access) {
  std::vector<std::optional<std::string>> values;
  size_t used = 0;
  for (const FunctionParameter& parameter : function.parameters) {
    const auto given = std::ranges::find(
        arguments, parameter.name, [](const auto& argument) { return argument.first; });
    if (parameter.claim) {
      if (given != arguments.end()) WrongArguments(function, arguments);
      values.push_back(ClaimText(access.claims, *parameter.claim));
    } else if (given != arguments.end()) {
      ++used;
      values.push_back(given->second);
    } else if (parameter.otherwise) {
      values.push_back(parameter.otherwise);
    } else {
      WrongArguments(function, arguments);
    }
  }
  if (used != arguments.size()) WrongArguments(function, arguments);
  return values;
}

SqlSource CallFunction(const Function& function, const Arguments& arguments,
                       const Access& access, const std::optional<TimeZone>& zone) {
  const auto texts = ArgumentValues(function, arguments, access);
  std::vector<SqlExpression> values;
  for (size_t i = 0; i < texts.size(); ++i) {
    values.push_back(Bound(function.parameters[i], texts[i], zone));
  }
  SqlSource source;
  for (const auto& [text, place] : function.pieces) {
    source.raw.push_back({text, place ? std::optional(values[*place]) : std::nullopt});
  }
  return source;
}

Arguments ArgumentsOfJson(std::string_view body) {
  Arguments arguments;
  if (Stripped(body).empty()) return arguments;
  value document;
  try {
    document = ParseJsonNumbersAsText(body, "body");
  } catch (const Error& error) {
    throw ApiError(400, "PGRST102", "Empty or invalid json");
  }
  if (!document.is_object()) {
    throw ApiError(400, "PGRST102", "All object keys must match");
  }
  for (const auto& [name, given] : document.get_object()) {
    std::optional<std::string> text;
    if (!given.is_null()) text = ArgumentText(given);
    arguments.emplace_back(std::string(name), std::move(text));
  }
  return arguments;
}

}  // namespace shoestring
