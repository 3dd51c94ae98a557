#include "engine/duckdb_error.h"

#include <array>
#include <string_view>

#include "engine/duckdb_file_system.h"

namespace shoestring {

namespace {

using duckdb::ExceptionType;

constexpr size_t kTablesNamed = 20;

std::string Extra(const duckdb::ErrorData& error, const std::string& name) {
  const auto found = error.ExtraInfo().find(name);
  return found == error.ExtraInfo().end() ? "" : found->second;
}

/// Without DuckDB's advice, which is to change settings that nobody can change here.
std::string Message(const duckdb::ErrorData& error) {
  std::string message = error.RawMessage();
  constexpr std::array<std::string_view, 4> kAdvice = {
      "\nPossible solutions:", "\n\nPossible solutions:", "\nThis limit was set by",
      "\n\nStack Trace:"};
  for (const std::string_view advice : kAdvice) {
    message = message.substr(0, message.find(advice));
  }
  return message;
}

Error MissingTable(const std::string& name, const std::vector<std::string>& tables) {
  if (tables.empty()) {
    return Fail(ErrorKind::kNotFound, "No such table: {} (the lake has no tables yet)",
                name);
  }
  std::string known;
  for (size_t i = 0; i < tables.size() && i < kTablesNamed; ++i) {
    known += (i == 0 ? "" : ", ") + tables[i];
  }
  if (tables.size() > kTablesNamed) known += ", …";
  return Fail(ErrorKind::kNotFound, "No such table: {} (tables are: {})", name, known);
}

bool NeedsExtension(const std::string& message) {
  return message.find("INSTALL ") != std::string::npos ||
         message.find("nstalling") != std::string::npos;
}

bool IsDamagedFile(const std::string& message) {
  constexpr std::array<std::string_view, 5> kSigns = {
      LakeFileSystem::kPrefix, "TProtocolException", "Invalid data", "ecompress",
      "arquet"};
  for (const std::string_view sign : kSigns) {
    if (message.find(sign) != std::string::npos) return true;
  }
  return false;
}

ErrorKind Kind(ExceptionType type, const std::string& message) {
  switch (type) {
    case ExceptionType::OUT_OF_MEMORY:
    case ExceptionType::OBJECT_SIZE: return ErrorKind::kLimit;
    case ExceptionType::PERMISSION: return ErrorKind::kPermission;
    case ExceptionType::INTERRUPT: return ErrorKind::kCancelled;
    case ExceptionType::NOT_IMPLEMENTED: return ErrorKind::kUnsupported;
    case ExceptionType::FATAL:
    case ExceptionType::INTERNAL:
    case ExceptionType::NULL_POINTER: return ErrorKind::kInternal;
    case ExceptionType::IO:
    case ExceptionType::NETWORK:
    case ExceptionType::HTTP:
      return IsDamagedFile(message) ? ErrorKind::kCorrupt : ErrorKind::kUnavailable;
    case ExceptionType::INVALID:
      return IsDamagedFile(message) ? ErrorKind::kCorrupt : ErrorKind::kInternal;
    case ExceptionType::INVALID_INPUT:
      return IsDamagedFile(message) ? ErrorKind::kCorrupt : ErrorKind::kInvalidArgument;
    default: return ErrorKind::kInvalidArgument;
  }
}

}  // namespace

Error TranslateDuckdbError(const duckdb::ErrorData& error,
                           const std::vector<std::string>& tables) {
  if (error.Type() == ExceptionType::CATALOG && Extra(error, "type") == "Table") {
    return MissingTable(Extra(error, "name"), tables);
  }
  const std::string message = Message(error);
  if (error.Type() == ExceptionType::MISSING_EXTENSION ||
      error.Type() == ExceptionType::AUTOLOAD || NeedsExtension(message)) {
    return Fail(ErrorKind::kPermission,
                "Queries read the lake's tables only, and load no extensions: {}",
                message.substr(0, message.find('\n')));
  }
  const ErrorKind kind = Kind(error.Type(), message);
  if (kind == ErrorKind::kPermission) {
    return Fail(kind, "Queries read the lake's tables only: {}", message);
  }
  if (kind == ErrorKind::kLimit) {
    return Fail(kind, "The query needs more memory than it may use, raise --memory: {}",
                message);
  }
  return Error(kind, message);
}

}  // namespace shoestring
