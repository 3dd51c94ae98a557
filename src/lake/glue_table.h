#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "lake/table_declaration.h"

namespace shoestring {

// Tables as Glue's API has them, in JSON. Pure; what is read and is not as it should be
// throws kCorrupt.

/// A comment as Glue takes it: on one line, up to 255 bytes.
std::string GlueComment(std::string_view comment);

/// The TableInput of CreateTable and UpdateTable. `also`: properties of others, to keep.
std::string FormatGlueTable(const TableDeclaration& table,
                            const std::map<std::string, std::string>& also = {});
/// The PartitionInput of BatchCreatePartition.
std::string FormatGluePartition(const TableDeclaration& table,
                                const PartitionValues& values);

/// What GetTable tells of a table, as far as we declare it.
struct GlueTable {
  std::string version;  ///< Changes with each update; empty when Glue has none.
  /// Each thing with its value: "location", "column 1", "property projection.year.range".
  std::map<std::string, std::string> facts;

  /// Empty when it has none.
  std::string Property(const std::string& name) const;
  /// Those that no declaration of ours says anything of.
  std::map<std::string, std::string> ForeignProperties() const;
};
GlueTable ParseGlueTable(std::string_view json);

/// What an update would change, a line each: "- column 3: …", "+ column 3: …". Properties
/// that others have set besides are left alone.
std::vector<std::string> Differences(const GlueTable& there,
                                     const TableDeclaration& wanted);

/// The partitions in an answer of GetPartitions, and the token that continues it.
struct GluePartitions {
  std::vector<PartitionValues> partitions;
  std::string next_token;
};
GluePartitions ParseGluePartitions(std::string_view json);

}  // namespace shoestring
