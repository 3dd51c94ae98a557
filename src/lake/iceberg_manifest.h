#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "lake/table_metadata.h"

namespace shoestring {

// Manifests and manifest lists of Apache Iceberg v2, both ways. Pure. Paths inside are
// absolute, `root` being the lake's URI; keys outside are relative to it. Decoders find
// fields by their Iceberg ids, so they read what other writers write, without
// compression.

/// A manifest of so many files stays at a few MB.
inline constexpr size_t kFilesPerManifest = 4000;

/// A manifest as the manifest list names it.
struct ManifestFile {
  std::string key;
  int64_t bytes = 0;
  int64_t files = 0;
  int64_t rows = 0;
  PartitionValues lower;  ///< Smallest of each partition column, and largest.
  PartitionValues upper;
  bool operator==(const ManifestFile&) const = default;
};

/// A manifest that adds these files, in this order, to the table's snapshot.
std::string EncodeManifest(const TableMetadata& table, std::span<const DataFile> files,
                           std::string_view root);
/// What the manifest list says of a manifest of these files.
ManifestFile DescribeManifest(std::string key, int64_t bytes,
                              std::span<const DataFile> files);
std::string EncodeManifestList(const TableMetadata& table,
                               std::span<const ManifestFile> manifests,
                               std::string_view root);

/// Both throw kCorrupt, with `what` and the byte, on anything else than a readable
/// manifest of data files.
std::vector<DataFile> DecodeManifest(Bytes bytes, std::string_view root,
                                     std::string_view what);
std::vector<ManifestFile> DecodeManifestList(Bytes bytes, std::string_view root,
                                             std::string_view what);

}  // namespace shoestring
