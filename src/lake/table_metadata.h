#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace shoestring {

/// A column type of the lake: the Iceberg v2 types that every reader we promise can take.
struct LakeType {
  enum class Kind {
    kBoolean,
    kInt,
    kLong,
    kFloat,
    kDouble,
    kDecimal,
    kDate,
    kTimestamp,
    kTimestampTz,
    kString,
    kBinary,
    kList,
  };
  Kind kind = Kind::kString;
  int precision = 0;              ///< kDecimal: 1..38.
  int scale = 0;                  ///< kDecimal: 0..precision.
  std::vector<LakeType> element;  ///< kList: exactly one.
  bool operator==(const LakeType&) const = default;
};

/// As Iceberg writes it: "decimal(18, 2)", "list<string>", "timestamptz".
std::string ToString(const LakeType& type);

struct LakeColumn {
  std::string name;
  LakeType type;
  bool required = false;    ///< NOT NULL in the source.
  int field_id = 0;         ///< From 1; a list's element has element_id.
  int element_id = 0;       ///< 0 unless the type is a list.
  std::string source_type;  ///< As Postgres formats it: "numeric(20,4)", "text[]".
  std::string comment;
  bool operator==(const LakeColumn&) const = default;
};

enum class Granularity { kNone, kYear, kMonth, kDay };

/// Names of the partition columns: {"year", "month"} for kMonth.
std::vector<std::string> PartitionColumns(Granularity granularity);
std::string ToString(Granularity granularity);
/// "none", "year", "month", "day"; nothing for another text.
std::optional<Granularity> ParseGranularity(std::string_view text);

/// How a table is cut into folders.
struct Partitioning {
  Granularity granularity = Granularity::kNone;
  std::string column;  ///< The date or timestamp that it comes from; empty for kNone.
  bool operator==(const Partitioning&) const = default;
};

/// Year, month and day as far as the granularity goes. A null date is {0}, {0, 0} or
/// {0, 0, 0}: there is no year 0 in Postgres.
using PartitionValues = std::vector<int32_t>;

/// "year=2024/month=3", "" for an unpartitioned table.
std::string PartitionPath(const PartitionValues& values);

/// A bound of a column, as Iceberg's single-value binary serialization.
struct ColumnStatistics {
  int64_t value_count = 0;  ///< Nulls included; for lists the leaf values.
  int64_t null_count = 0;
  int64_t compressed_bytes = 0;
  std::optional<std::string> lower;  ///< Missing when all null, or not comparable.
  std::optional<std::string> upper;
  bool operator==(const ColumnStatistics&) const = default;
};

/// One Parquet file of a table version.
struct DataFile {
  std::string key;  ///< In the store: "data/t/year=2024/month=3/….parquet".
  PartitionValues partition;
  int64_t rows = 0;
  int64_t bytes = 0;
  std::map<int, ColumnStatistics> columns;  ///< By field id (a list's by element id).
  std::vector<int64_t> split_offsets;       ///< Row groups to split at.
  bool operator==(const DataFile&) const = default;
};

struct SortColumn {
  int field_id = 0;
  bool operator==(const SortColumn&) const = default;
};

/// One version of one table: all that the catalog knows of it.
struct TableMetadata {
  std::string name;  ///< As its folder under data/ is called: "t" or "schema.t".
  std::string uuid;  ///< Stays over versions.
  std::vector<LakeColumn> columns;  ///< The source's, without year, month and day.
  Partitioning partitioning;
  std::vector<SortColumn> sort;  ///< Ascending, nulls last.
  int64_t snapshot_id = 0;
  int64_t sequence_number = 1;
  int64_t committed_at_ms = 0;  ///< Milliseconds since 1970, UTC.
  /// Iceberg table properties; ours begin with "shoestring.".
  std::map<std::string, std::string> properties;
  std::vector<DataFile> files;
  bool operator==(const TableMetadata&) const = default;
};

/// Of all its files.
int64_t RowsOf(const TableMetadata& table);

/// For a table that is new, and for a version that is.
std::string NewTableUuid();
int64_t NewSnapshotId();

/// True for what a store takes as a key: parts between '/', none of them empty, "." or
/// "..", and no NUL.
bool IsObjectKey(std::string_view key);

/// True for a name that survives as it is as a folder's, in a path, a URL and the
/// location of a Hive table.
bool IsFolderName(std::string_view name);

}  // namespace shoestring
