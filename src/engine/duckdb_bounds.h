#pragma once

#include <duckdb/planner/table_filter.hpp>
#include <duckdb/storage/statistics/base_statistics.hpp>

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "lake/table_metadata.h"

namespace shoestring {

constexpr size_t kMostWideBytes = sizeof(duckdb::hugeint_t);

/// A number as Parquet and Iceberg store decimals: big-endian two's complement, of
/// kMostWideBytes at most; 0 when there are none.
inline duckdb::hugeint_t WideInteger(Bytes bytes) {
  unsigned __int128 value = !bytes.empty() && bytes[0] >= 0x80 ? ~__int128{0} : 0;
  for (const uint8_t byte : bytes) value = value << 8 | byte;
  return {static_cast<int64_t>(value >> 64), static_cast<uint64_t>(value)};
}

/// What is known of a column in a file or a row group, in the form that DuckDB's filters
/// ask; nothing for a type whose bounds cannot prune.
std::optional<duckdb::BaseStatistics> StatisticsOf(const LakeColumn& column,
                                                   const ColumnStatistics& known);

/// Whether all rows of what is so described pass, or none; nothing when that depends on
/// the row.
std::optional<bool> Decides(const duckdb::TableFilter& filter,
                            const duckdb::BaseStatistics& known);

/// True when no row of what is so described can pass.
bool RulesOut(const duckdb::TableFilter& filter, const duckdb::BaseStatistics& known);

/// True when no row of the file, or of the row group that is described like one, can
/// pass a filter on this column.
bool RulesOut(const duckdb::TableFilter& filter, const LakeColumn& column,
              const DataFile& file);

/// What is known of the columns of a table in each of its files: made once for a column,
/// as every statement that filters by it asks. Thread-safe.
class FileBounds {
 public:
  using Column = std::vector<std::optional<duckdb::BaseStatistics>>;

  /// `table` must outlive it.
  explicit FileBounds(const TableMetadata& table) : table_(table) {}

  /// Of a column, by its place: one for each file, in the order of the table.
  const Column& Of(size_t column) const;

 private:
  const TableMetadata& table_;
  mutable std::mutex mutex_;
  mutable std::map<size_t, std::unique_ptr<const Column>> columns_;  // Guarded by mutex_.
};

}  // namespace shoestring
