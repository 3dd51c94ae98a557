#include "engine/scan_ranges.h"

#include <parquet/exception.h>
#include <parquet/metadata.h>
#include <parquet/schema.h>

#include <map>

#include "base/error.h"
#include "engine/column_pages.h"
#include "lake/parquet_statistics.h"

namespace shoestring {

namespace {

// Its own length and "PAR1" end a footer.
constexpr size_t kFooterEnd = 8;

using Keeps = std::function<bool(const DataFile&)>;

/// Gives what of a row group is read.
using AddGroup = std::function<void(const parquet::FileMetaData& footer, int group)>;

/// Calls it for each row group that is kept.
void ForEachGroup(const std::string& footer, const TableMetadata& table,
                  const Keeps& keeps, const AddGroup& add) {
  try {
    const auto size = static_cast<int64_t>(footer.size() - kFooterEnd);
    const auto metadata = parquet::FileMetaData::Make(footer.data(), size);
    for (int group = 0; group < metadata->num_row_groups(); ++group) {
      if (keeps(DescribeFile(*metadata->Subset({group}), table.columns))) {
        add(*metadata, group);
      }
    }
  } catch (const parquet::ParquetException& error) {
    throw Fail(ErrorKind::kCorrupt, "Not a footer of Parquet: {}", error.what());
  }
}

/// The places of the columns that are wanted, by their field ids.
std::map<int, int> LeavesOf(const parquet::FileMetaData& footer,
                            const std::set<int>& fields) {
  std::map<int, int> leaves;
  for (int leaf = 0; leaf < footer.num_columns(); ++leaf) {
    const int field = footer.schema()->GetColumnRoot(leaf)->field_id();
    if (fields.contains(field)) leaves[field] = leaf;
  }
  return leaves;
}

/// By field id.
using PagesOfColumns = std::map<int, ColumnPages>;

PagesOfColumns ReadPages(const parquet::FileMetaData& footer, int group,
                         const TableMetadata& table, const std::set<int>& fields,
                         const ReadIndex& read) {
  PagesOfColumns pages;
  const auto leaves = LeavesOf(footer, fields);
  for (const LakeColumn& column : table.columns) {
    const auto leaf = leaves.find(column.field_id);
    if (leaf == leaves.end()) continue;
    pages[column.field_id] = PagesOf(footer, group, leaf->second, column.type, read);
  }
  return pages;
}

std::vector<bool> WantedPieces(const PagesOfColumns& columns, const Keeps& keeps) {
  std::vector<bool> wanted;
  if (columns.empty()) return wanted;
  const auto pieces = static_cast<size_t>(columns.begin()->second.pieces());
  for (size_t piece = 0; piece < pieces; ++piece) {
    DataFile described;
    for (const auto& [field, column] : columns) {
      if (!column.known.empty()) described.columns[field] = column.known[piece];
    }
    wanted.push_back(keeps(described));
  }
  return wanted;
}

}  // namespace

std::vector<ByteRange> ColumnRanges(const std::string& footer, const TableMetadata& table,
                                    const std::set<int>& fields, const Keeps& keeps) {
  std::vector<ByteRange> ranges;
  ForEachGroup(footer, table, keeps,
               [&](const parquet::FileMetaData& metadata, int group) {
                 for (const auto& [field, leaf] : LeavesOf(metadata, fields)) {
                   ranges.push_back(ChunkOf(metadata, group, leaf).chunk);
                 }
               });
  return ranges;
}

std::vector<ByteRange> PageRanges(const std::string& footer, const TableMetadata& table,
                                  const std::set<int>& fields, const Keeps& keeps,
                                  const ReadIndex& read) {
  std::vector<ByteRange> ranges;
  ForEachGroup(
      footer, table, keeps, [&](const parquet::FileMetaData& metadata, int group) {
        const PagesOfColumns columns = ReadPages(metadata, group, table, fields, read);
        const std::vector<bool> wanted = WantedPieces(columns, keeps);
        for (const auto& [field, column] : columns) {
          const ColumnPart part = PartOf(column, wanted);
          ranges.insert(ranges.end(), part.ranges.begin(), part.ranges.end());
        }
      });
  return ranges;
}

}  // namespace shoestring
