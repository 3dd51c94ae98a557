#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "job/proof.h"
#include "lake/catalog.h"
#include "lake/seal.h"

namespace shoestring {

/// A table of the lake that is to be compared with what it was copied from.
struct TableInSource {
  TableMetadata table;
  Seal seal;
};

/// What comparing one table came to.
struct SourceComparison {
  int64_t rows = 0;  ///< In the source.
  std::vector<Fault> faults;
};

struct SourceProgress {
  int64_t rows = 0;
  int64_t rows_expected = 0;  ///< As many as the lake has.
};

struct SourceOptions {
  std::string source;  ///< Postgres URL.
  int jobs = 1;
  std::stop_token stop;
  std::function<void(const SourceProgress&)> on_progress;
};

struct SourceReport {
  std::string description;  ///< Of the source, fit to be shown.
  std::string lsn;
  std::vector<SourceComparison> tables;
};

/// Reads the tables from the source again, as a migration would, under one snapshot, and
/// compares the sums of each partition with what the seals say the source once had.
/// Throws kUnsupported for a table of which only so many rows were copied.
SourceReport CompareWithSource(const std::vector<TableInSource>& tables,
                               const SourceOptions& options);

}  // namespace shoestring
