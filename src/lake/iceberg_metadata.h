#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "lake/table_metadata.h"

namespace shoestring {

// The metadata.json of Apache Iceberg v2, both ways. Pure. year, month and day become
// optional int columns after the source's, with identity partition fields of the same
// names; docs/formats.md lists the properties that carry what Iceberg has no place for.

/// What a metadata.json says.
struct IcebergMetadata {
  TableMetadata table;  ///< Without its files: the manifests name them.
  /// URI of the lake when it was written, which all paths inside begin with. The lake may
  /// have moved since.
  std::string root;
  std::string manifest_list;  ///< Its key.
};

/// `root` is the URI of the store. Throws kUnsupported for a column with the name of a
/// partition column.
std::string FormatIcebergMetadata(const TableMetadata& table, std::string_view root,
                                  std::string_view manifest_list);

/// Throws kCorrupt, with `what` and the place, on anything that FormatIcebergMetadata
/// would not write.
IcebergMetadata ParseIcebergMetadata(std::string_view json, std::string_view what);

/// The schema and the partition fields as manifests repeat them, in JSON.
std::string FormatIcebergSchema(const TableMetadata& table);
std::string FormatPartitionFields(const TableMetadata& table);

/// The key of an object that metadata names by an absolute path; throws kCorrupt when it
/// lies outside `root`.
std::string KeyBelow(std::string_view root, std::string_view path, std::string_view what);

}  // namespace shoestring
