#include "lake/ddl.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/units.h"
#include "lake/glue_table.h"

namespace shoestring {

namespace {

constexpr std::array<std::string_view, 3> kDialects = {"athena", "trino", "duckdb"};

/// `text` between quotes, with each `special` character preceded by `escape`.
std::string Quoted(std::string_view text, char quote, char escape,
                   std::string_view special) {
  std::string quoted(1, quote);
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) quoted.push_back(escape);
    quoted.push_back(c);
  }
  quoted.push_back(quote);
  return quoted;
}

std::string SqlName(std::string_view name) { return Quoted(name, '"', '"', "\""); }
std::string SqlText(std::string_view text) { return Quoted(text, '\'', '\'', "'"); }
/// Hive's DDL has its own quotes.
std::string HiveName(std::string_view name) { return Quoted(name, '`', '`', "`"); }
std::string HiveText(std::string_view text) { return Quoted(text, '\'', '\\', "'\\"); }
std::string ShellText(std::string_view text) {
  std::string quoted = "'";
  for (const char c : text)
    quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

std::string Joined(const std::vector<std::string>& parts, std::string_view separator) {
  return fmt::format("{}", fmt::join(parts, separator));
}

// ---- Athena

std::string HiveColumn(const LakeColumn& column) {
  std::string text = fmt::format("  {} {}", HiveName(column.name), HiveType(column.type));
  const std::string comment = GlueComment(column.comment);
  if (!comment.empty()) text += " COMMENT " + HiveText(comment);
  return text;
}

std::string HivePartitions(const TableDeclaration& table) {
  std::vector<std::string> columns;
  for (const auto& name : table.partition_columns) {
    columns.push_back(HiveName(name) + " int");
  }
  if (columns.empty()) return "";
  return fmt::format("PARTITIONED BY ({})\n", Joined(columns, ", "));
}

std::string HiveProperties(const TableDeclaration& table) {
  std::vector<std::string> properties;
  for (const auto& [name, value] : TableProperties(table)) {
    if (name == "EXTERNAL") continue;  // The statement says so.
    properties.push_back(fmt::format("  {} = {}", HiveText(name), HiveText(value)));
  }
  return fmt::format("TBLPROPERTIES (\n{}\n)", Joined(properties, ",\n"));
}

std::vector<std::string> AthenaStatements(const TableDeclaration& table) {
  std::vector<std::string> columns;
  for (const auto& column : table.columns) columns.push_back(HiveColumn(column));
  const std::string name =
      fmt::format("{}.{}", HiveName(table.database), HiveName(table.name));
  const std::string comment = GlueComment(table.comment);
  std::vector<std::string> statements = {fmt::format(
      "CREATE EXTERNAL TABLE IF NOT EXISTS {} (\n{}\n)\n{}{}STORED AS PARQUET\n"
      "LOCATION {}\n{}",
      name, Joined(columns, ",\n"),
      comment.empty() ? "" : fmt::format("COMMENT {}\n", HiveText(comment)),
      HivePartitions(table), HiveText(table.location + "/"), HiveProperties(table))};
  if (!table.partitions.empty()) {
    statements.push_back(fmt::format("MSCK REPAIR TABLE {}", name));
  }
  return statements;
}

// ---- Trino

std::string TrinoColumn(const LakeColumn& column) {
  std::string text =
      fmt::format("  {} {}", SqlName(column.name), TrinoTypeName(column.type));
  const std::string comment = GlueComment(column.comment);
  if (!comment.empty()) text += " COMMENT " + SqlText(comment);
  return text;
}

std::string TrinoPartitionColumn(const TableDeclaration& table, const std::string& name) {
  std::string text = fmt::format("  {} integer", SqlName(name));
  if (table.style != DeclarationStyle::kProjection) return text;
  const auto properties = TableProperties(table);
  const std::string& range = properties.at(fmt::format("projection.{}.range", name));
  const size_t comma = range.find(',');
  return text + fmt::format(
                    " WITH (partition_projection_type = 'integer', "
                    "partition_projection_range = ARRAY['{}', '{}'])",
                    range.substr(0, comma), range.substr(comma + 1));
}

std::string TrinoProperties(const TableDeclaration& table) {
  std::string text = fmt::format("  format = 'PARQUET',\n  external_location = {}",
                                 SqlText(table.location + "/"));
  std::vector<std::string> columns;
  for (const auto& name : table.partition_columns) columns.push_back(SqlText(name));
  if (columns.empty()) return text;
  text += fmt::format(",\n  partitioned_by = ARRAY[{}]", Joined(columns, ", "));
  if (table.style != DeclarationStyle::kProjection) return text;
  return text + fmt::format(
                    ",\n  partition_projection_enabled = true,\n"
                    "  partition_projection_location_template = {}",
                    SqlText(TableProperties(table).at("storage.location.template")));
}

std::vector<std::string> TrinoStatements(const TableDeclaration& table) {
  std::vector<std::string> columns;
  for (const auto& column : table.columns) columns.push_back(TrinoColumn(column));
  for (const auto& name : table.partition_columns) {
    columns.push_back(TrinoPartitionColumn(table, name));
  }
  const std::string comment = GlueComment(table.comment);
  std::vector<std::string> statements = {
      fmt::format("CREATE TABLE IF NOT EXISTS {}.{} (\n{}\n)\n{}WITH (\n{}\n)",
                  SqlName(table.database), SqlName(table.name), Joined(columns, ",\n"),
                  comment.empty() ? "" : fmt::format("COMMENT {}\n", SqlText(comment)),
                  TrinoProperties(table))};
  if (!table.partitions.empty()) {
    statements.push_back(
        fmt::format("CALL system.sync_partition_metadata({}, {}, 'FULL')",
                    SqlText(table.database), SqlText(table.name)));
  }
  return statements;
}

// ---- DuckDB

std::vector<std::string> DuckdbStatements(const TableDeclaration& table) {
  std::string from;
  if (table.style == DeclarationStyle::kIceberg) {
    from = fmt::format("iceberg_scan({})", SqlText(table.metadata_location));
  } else if (table.partition_columns.empty()) {
    from = fmt::format("read_parquet({})", SqlText(table.location + "/*.parquet"));
  } else {
    std::vector<std::string> types;
    for (const auto& name : table.partition_columns) {
      types.push_back(fmt::format("{}: INTEGER", SqlText(name)));
    }
    from = fmt::format("read_parquet({}, hive_partitioning = true, hive_types = {{{}}})",
                       SqlText(table.location + "/**/*.parquet"), Joined(types, ", "));
  }
  return {fmt::format("CREATE OR REPLACE VIEW {} AS\nSELECT * FROM {}",
                      SqlName(table.name), from)};
}

// ---- Files

std::string GlueCalls(const TableDeclaration& table) {
  return fmt::format("aws glue create-table --database-name {} --table-input {}\n",
                     ShellText(table.database), ShellText(FormatGlueTable(table)));
}

std::string DdlHeader(const std::vector<TableDeclaration>& tables, bool calls,
                      DdlDialect dialect) {
  const std::string& database = tables.front().database;
  if (calls) {
    return fmt::format(
        "# Athena and Trino find Iceberg tables in Glue: no SQL adopts one that is "
        "there.\n"
        "# These are the calls that `shoestring ddl --apply` makes.\n"
        "aws glue create-database --database-input {}\n\n",
        ShellText(fmt::format("{{\"Name\":\"{}\"}}", database)));
  }
  std::string text = fmt::format("-- Written by `shoestring ddl --for {} --style {}`.\n",
                                 kDialects.at(static_cast<size_t>(dialect)),
                                 ToString(tables.front().style));
  if (dialect == DdlDialect::kDuckdb) {
    const bool iceberg = tables.front().style == DeclarationStyle::kIceberg;
    return text + (iceberg ? "INSTALL iceberg;\nLOAD iceberg;\n\n" : "\n");
  }
  return text + CreateDatabaseStatement(database, dialect) + ";\n\n";
}

}  // namespace

std::optional<DdlDialect> ParseDdlDialect(std::string_view text) {
  const auto found = std::ranges::find(kDialects, text);
  if (found == kDialects.end()) return std::nullopt;
  return static_cast<DdlDialect>(found - kDialects.begin());
}

std::vector<std::string> DdlStatements(const TableDeclaration& table,
                                       DdlDialect dialect) {
  switch (dialect) {
    case DdlDialect::kAthena: return AthenaStatements(table);
    case DdlDialect::kTrino: return TrinoStatements(table);
    case DdlDialect::kDuckdb: return DuckdbStatements(table);
  }
  return {};
}

std::string CreateDatabaseStatement(std::string_view database, DdlDialect dialect) {
  if (dialect == DdlDialect::kAthena) {
    return "CREATE DATABASE IF NOT EXISTS " + HiveName(database);
  }
  return "CREATE SCHEMA IF NOT EXISTS " + SqlName(database);
}

std::string DeclarationNote(const TableDeclaration& table) {
  if (table.years.hidden.empty()) return "";
  constexpr size_t kMostNamed = 5;
  const auto& hidden = table.years.hidden;
  const std::vector<std::string> named(
      hidden.begin(),
      hidden.begin() + static_cast<ptrdiff_t>(std::min(hidden.size(), kMostNamed)));
  return fmt::format(
      "{}: {} rows are outside of the projected years {} to {} and will not be seen, in "
      "{} partitions ({}{}). Declare it with --style iceberg or partitions to see them",
      table.name, FormatCount(table.years.hidden_rows), table.years.first,
      table.years.last, hidden.size(), Joined(named, ", "),
      hidden.size() > kMostNamed ? ", …" : "");
}

std::string FormatDdl(const std::vector<TableDeclaration>& tables, DdlDialect dialect) {
  if (tables.empty()) return "";
  const bool calls = tables.front().style == DeclarationStyle::kIceberg &&
                     dialect != DdlDialect::kDuckdb;
  std::string text = DdlHeader(tables, calls, dialect);
  for (const TableDeclaration& table : tables) {
    if (calls) {
      text += GlueCalls(table);
      continue;
    }
    const std::string note = DeclarationNote(table);
    if (!note.empty()) text += fmt::format("-- {}.\n", note);
    for (const std::string& statement : DdlStatements(table, dialect)) {
      text += statement + ";\n\n";
    }
  }
  while (text.ends_with("\n\n")) text.pop_back();
  return text;
}

}  // namespace shoestring
