#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "api/access.h"
#include "api/lake_schema.h"
#include "engine/engine.h"
#include "sql/dialect.h"

namespace shoestring {

/// A parameter of a SQL file: "-- :year integer = 2024", "-- :owner uuid = {sub}".
struct FunctionParameter {
  std::string name;
  PostgresType type;
  std::optional<std::string> otherwise;  ///< What it is when it is not given.
  std::optional<std::string> claim;  ///< It is a value of the token, and cannot be given.
};

/// What /rpc/<its name> runs: a SQL file of queries/, or, where it reads a table, code of
/// ours.
struct Function {
  std::string name;
  std::string comment;
  /// That may call it; empty: those that see whole tables, or all of the one it reads.
  std::set<std::string> roles;
  std::vector<FunctionParameter> parameters;
  /// The statement, cut at its parameters: a text and the parameter after it, by place.
  std::vector<std::pair<std::string, std::optional<size_t>>> pieces;
  ApiTable result;    ///< The columns that it gives, as a table of its name.
  std::string reads;  ///< The lake's table without which it is not there, if it is ours.

  bool MayCall(const Access& access) const;
  bool IsThere(const LakeSchema& lake) const;
};

/// Pure: reads a file. Throws kInvalidArgument, naming it, for what is wrong with it.
Function ParseFunction(const std::string& name, std::string_view text);

/// The functions of a folder, each asked of the engine for what it gives. Throws
/// kInvalidArgument, naming the file, for one that does not run.
std::map<std::string, Function> LoadFunctions(const std::string& folder, Engine* engine,
                                              SqlDialect dialect,
                                              const QueryLimits& limits);

/// A call's arguments by name: texts as in a URL; NULL for JSON's null.
using Arguments = std::vector<std::pair<std::string, std::optional<std::string>>>;

/// What each parameter is, by place: given, of the token, or what it is otherwise. Throws
/// ApiError PGRST202 when the arguments are not the function's.
std::vector<std::optional<std::string>> ArgumentValues(const Function& function,
                                                       const Arguments& arguments,
                                                       const Access& access);

/// The statement with its arguments bound, moments without a time zone being of `zone`,
/// or else of UTC; throws ApiError PGRST202 when they are not the function's.
SqlSource CallFunction(const Function& function, const Arguments& arguments,
                       const Access& access, const std::optional<TimeZone>& zone = {});

/// The arguments of a JSON object: strings as they are, all else as JSON, arrays of plain
/// values as Postgres' array literals. Throws ApiError PGRST102 for another body.
Arguments ArgumentsOfJson(std::string_view body);

}  // namespace shoestring
