#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/table_metadata.h"
#include "lake/year_range.h"

namespace shoestring {

/// As what a table is declared to engines that find it in a catalog.
enum class DeclarationStyle {
  kIceberg,     ///< A pointer at the current metadata: whole versions, nothing hidden.
  kProjection,  ///< A Hive table whose partitions are computed, as in the guide.
  kPartitions,  ///< A Hive table whose partitions are registered one by one.
};
std::string_view ToString(DeclarationStyle style);
std::optional<DeclarationStyle> ParseDeclarationStyle(std::string_view text);

/// One table of the lake as Glue is told of it.
struct TableDeclaration {
  DeclarationStyle style = DeclarationStyle::kIceberg;
  std::string database;
  std::string name;  ///< As SQL calls it: "sales_orders" for sales.orders.
  std::string comment;
  std::vector<LakeColumn> columns;             ///< Without those of the partitions.
  std::vector<std::string> partition_columns;  ///< All of them int.
  std::string location;                        ///< Ends without '/'.
  std::string metadata_location;               ///< kIceberg only.
  std::string lake;                            ///< Its URI.
  YearRange years;                             ///< kProjection only.
  std::vector<PartitionValues> partitions;     ///< kPartitions only; sorted, distinct.
  int64_t rows = 0;
};

/// What is asked for besides the table itself.
struct DeclarationWish {
  DeclarationStyle style = DeclarationStyle::kIceberg;
  std::string database;
  std::string lake;  ///< The URI that readers reach it by.
  int this_year = 0;
};

/// `metadata` is the key of the table's current metadata. Throws what DeclaredName()
/// throws.
TableDeclaration Declare(const TableMetadata& table, std::string_view metadata,
                         const DeclarationWish& wish);

/// "s3://b/data/t/year=2024/month=3".
std::string PartitionLocation(const TableDeclaration& table,
                              const PartitionValues& values);
/// The table's properties, as Hive and Glue have them.
std::map<std::string, std::string> TableProperties(const TableDeclaration& table);

/// "array<decimal(18,2)>": types of Hive, Athena's DDL and Glue.
std::string HiveType(const LakeType& type);
/// "array(decimal(18,2))".
std::string TrinoTypeName(const LakeType& type);

}  // namespace shoestring
