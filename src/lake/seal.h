#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/checksum.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// An object of a table's metadata as it was written.
struct SealedObject {
  std::string key;
  int64_t bytes = 0;
  std::string checksum;  ///< As ChecksumOf() writes it.
  bool operator==(const SealedObject&) const = default;
};

/// A data file as it was written, and the rows that were read back from it.
struct SealedFile {
  std::string key;
  int64_t bytes = 0;
  std::string checksum;
  RowSum rows;
  bool operator==(const SealedFile&) const = default;
};

/// The rows that the source had for a partition.
struct SealedPartition {
  std::string path;  ///< "year=2024/month=3", "" for an unpartitioned table.
  RowSum rows;
  bool operator==(const SealedPartition&) const = default;
};

/// A column, and the form in which it stands in the image of a row: "int4", "text[]".
struct SealedColumn {
  std::string name;
  std::string form;
  bool operator==(const SealedColumn&) const = default;
};

/// The proof of one version of a table: all that it consists of, and what the source held
/// when it was copied. docs/formats.md describes it.
struct Seal {
  std::string table;
  std::string run;
  std::vector<SealedColumn> columns;
  std::vector<SealedObject> metadata;
  std::vector<SealedPartition> partitions;
  std::vector<SealedFile> files;
  bool operator==(const Seal&) const = default;
};

/// Pure; ParseSeal throws kCorrupt, with `what` and the place, on anything that
/// FormatSeal would not write.
std::string FormatSeal(const Seal& seal);
Seal ParseSeal(std::string_view json, std::string_view what);

/// "year=2024/month=3" for "data/t/year=2024/month=3/f.parquet", "" without partitions.
std::string PartitionOfKey(std::string_view key, std::string_view table);

}  // namespace shoestring
