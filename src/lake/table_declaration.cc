#include "lake/table_declaration.h"

#include <algorithm>
#include <array>
#include <set>

#include "base/declared_name.h"
#include "base/error.h"

namespace shoestring {

namespace {

using Kind = LakeType::Kind;

constexpr std::array<std::string_view, 3> kStyles = {"iceberg", "projection",
                                                     "partitions"};

std::vector<PartitionValues> DistinctPartitions(const std::vector<DataFile>& files) {
  std::set<PartitionValues> distinct;
  for (const DataFile& file : files) distinct.insert(file.partition);
  return {distinct.begin(), distinct.end()};
}

/// "…/year=${year}/month=${month}/".
std::string LocationTemplate(const TableDeclaration& table) {
  std::string text = table.location + "/";
  for (const std::string& column : table.partition_columns) {
    text += fmt::format("{0}=${{{0}}}/", column);
  }
  return text;
}

std::string RangeOf(const TableDeclaration& table, const std::string& column) {
  if (column == "month") return "1,12";
  if (column == "day") return "1,31";
  return fmt::format("{},{}", table.years.first, table.years.last);
}

}  // namespace

std::string_view ToString(DeclarationStyle style) {
  return kStyles.at(static_cast<size_t>(style));
}

std::optional<DeclarationStyle> ParseDeclarationStyle(std::string_view text) {
  const auto found = std::ranges::find(kStyles, text);
  if (found == kStyles.end()) return std::nullopt;
  return static_cast<DeclarationStyle>(found - kStyles.begin());
}

TableDeclaration Declare(const TableMetadata& table, std::string_view metadata,
                         const DeclarationWish& wish) {
  TableDeclaration declared{
      .style = wish.style,
      .database = wish.database,
      .name = DeclaredName(table.name),
      .columns = table.columns,
      .partition_columns = PartitionColumns(table.partitioning.granularity),
      .location = fmt::format("{}/data/{}", wish.lake, table.name),
      .lake = wish.lake};
  if (const auto comment = table.properties.find("comment");
      comment != table.properties.end()) {
    declared.comment = comment->second;
  }
  declared.rows = RowsOf(table);
  switch (wish.style) {
    case DeclarationStyle::kIceberg:
      declared.location = fmt::format("{}/catalog/{}", wish.lake, table.name);
      declared.metadata_location = fmt::format("{}/{}", wish.lake, metadata);
      break;
    case DeclarationStyle::kProjection:
      if (!declared.partition_columns.empty()) {
        declared.years = ProjectedYears(table.files, wish.this_year);
      }
      break;
    case DeclarationStyle::kPartitions:
      if (!declared.partition_columns.empty()) {
        declared.partitions = DistinctPartitions(table.files);
      }
      break;
  }
  return declared;
}

std::string PartitionLocation(const TableDeclaration& table,
                              const PartitionValues& values) {
  return fmt::format("{}/{}", table.location, PartitionPath(values));
}

std::map<std::string, std::string> TableProperties(const TableDeclaration& table) {
  std::map<std::string, std::string> properties = {{"shoestring.lake", table.lake}};
  if (table.style == DeclarationStyle::kIceberg) {
    properties["table_type"] = "ICEBERG";
    properties["metadata_location"] = table.metadata_location;
    return properties;
  }
  properties["classification"] = "parquet";
  properties["EXTERNAL"] = "TRUE";
  const bool projected = table.style == DeclarationStyle::kProjection;
  if (!projected || table.partition_columns.empty()) return properties;
  properties["projection.enabled"] = "true";
  properties["storage.location.template"] = LocationTemplate(table);
  for (const std::string& column : table.partition_columns) {
    properties[fmt::format("projection.{}.type", column)] = "integer";
    properties[fmt::format("projection.{}.range", column)] = RangeOf(table, column);
  }
  return properties;
}

std::string HiveType(const LakeType& type) {
  switch (type.kind) {
    case Kind::kLong: return "bigint";
    case Kind::kDecimal: return fmt::format("decimal({},{})", type.precision, type.scale);
    case Kind::kTimestampTz: return "timestamp";  // In UTC.
    case Kind::kList: return fmt::format("array<{}>", HiveType(type.element.at(0)));
    default: return ToString(type);
  }
}

std::string TrinoTypeName(const LakeType& type) {
  switch (type.kind) {
    case Kind::kInt: return "integer";
    case Kind::kFloat: return "real";
    case Kind::kTimestamp:
    case Kind::kTimestampTz: return "timestamp(6)";  // In UTC.
    case Kind::kString: return "varchar";
    case Kind::kBinary: return "varbinary";
    case Kind::kList: return fmt::format("array({})", TrinoTypeName(type.element.at(0)));
    default: return HiveType(type);
  }
}

}  // namespace shoestring
