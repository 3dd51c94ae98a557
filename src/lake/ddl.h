#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/table_declaration.h"

namespace shoestring {

// The declarations of tables as statements for engines. Pure.

enum class DdlDialect { kAthena, kTrino, kDuckdb };
std::optional<DdlDialect> ParseDdlDialect(std::string_view text);

/// The statements that declare a table, in order, without semicolons; doing them again
/// changes nothing. Not for kIceberg on Athena and Trino: no SQL adopts an Iceberg table
/// whose metadata lies where it likes.
std::vector<std::string> DdlStatements(const TableDeclaration& table, DdlDialect dialect);
std::string CreateDatabaseStatement(std::string_view database, DdlDialect dialect);

/// A file that declares all of them, with comments that say what they will not show: SQL,
/// or, for kIceberg on Athena and Trino, the calls of Glue's that do it, for a shell.
std::string FormatDdl(const std::vector<TableDeclaration>& tables, DdlDialect dialect);

/// What a reader of the table should know: rows that it hides. Empty when there is
/// nothing.
std::string DeclarationNote(const TableDeclaration& table);

}  // namespace shoestring
