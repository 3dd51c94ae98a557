#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "engine/engine.h"
#include "lake/object_store.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// One scan of a table, after all that the catalog alone can rule out.
struct PlannedScan {
  std::shared_ptr<const TableMetadata> table;
  std::vector<const DataFile*> files;  ///< Of the table's, those that may have rows.
  std::set<int> fields;                ///< The columns that it needs, by field id.
  /// Whether the filters can let rows of a row group pass, which is described as the
  /// catalog describes a file; true where that cannot be said.
  std::function<bool(const DataFile& row_group)> keeps;
  /// How often it is run by an engine that runs a WITH each time it is mentioned.
  int repeated = 1;
};

/// What a statement would do to the lake.
struct StatementPlan {
  std::vector<PlannedScan> scans;
  /// All tables that it names, those that need no scan included; by name, each once.
  std::vector<std::shared_ptr<const TableMetadata>> tables;
  /// Which versions of them: the checksums of their metadata, by table.
  std::map<std::string, std::string> versions;
  /// The same tables give the same answer: no now(), no random(), no sample.
  bool repeatable = false;
};

/// Tells what a statement would do without doing it. Thread-safe.
class StatementPlanner {
 public:
  virtual ~StatementPlanner() = default;

  /// Reads of the lake its catalog only. Throws as Engine::Run() does for a statement
  /// that is wrong in DuckDB's dialect.
  virtual StatementPlan Plan(const Statement& statement, const QueryLimits& limits) = 0;
};

/// A planner without an engine; `store` must outlive it.
std::unique_ptr<StatementPlanner> OpenStatementPlanner(ObjectStore* store);

}  // namespace shoestring
