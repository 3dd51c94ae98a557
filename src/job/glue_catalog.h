#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/aws_json_client.h"
#include "lake/glue_table.h"
#include "lake/table_declaration.h"

namespace shoestring {

/// The Glue catalog of a region: what Athena and Trino find tables in. Thread-safe.
class GlueCatalog {
 public:
  /// Empty: the region that AWS' tools take. Sends nothing yet.
  explicit GlueCatalog(const std::string& region);

  const std::string& region() const { return client_.region(); }

  /// No error when it is there.
  void CreateDatabase(const std::string& database);
  /// Nothing when the table, or its database, is not there.
  std::optional<GlueTable> Find(const std::string& database, const std::string& name);
  /// Throws kConflict when it is there by now.
  void Create(const TableDeclaration& table);
  /// Throws kConflict when it is no longer the version that was looked at.
  void Update(const TableDeclaration& table, const GlueTable& looked_at);

  std::vector<PartitionValues> Partitions(const TableDeclaration& table);
  void AddPartitions(const TableDeclaration& table,
                     const std::vector<PartitionValues>& partitions);
  void RemovePartitions(const TableDeclaration& table,
                        const std::vector<PartitionValues>& partitions);

 private:
  std::string Call(std::string_view operation, const std::string& body);

  AwsJsonClient client_;
};

}  // namespace shoestring
