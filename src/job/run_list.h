#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lake/object_store.h"

namespace shoestring {

/// A table that a run which did not end has finished.
struct WaitingTable {
  std::string table;
  std::string source_lsn;  ///< The moment of the source that it shows.
  int64_t rows = 0;
  int64_t bytes = 0;
};

/// A run for people: its record, what its report comes to, and what is kept of it.
struct ListedRun {
  std::string id;
  std::string state;  ///< running, committed, failed, dead, or taken: gone on with.
  std::string taken_by;
  std::string failure;
  std::string command;
  std::string source;
  std::vector<std::string> tables;
  std::string started;       ///< "2026-01-31T23:59:59Z".
  int64_t heartbeat_ms = 0;  ///< Milliseconds since 1970.
  int64_t rows = 0;          ///< Of its report.
  int64_t bytes = 0;
  std::vector<WaitingTable> kept;  ///< For the same command to go on from.
};

/// Newest first.
std::vector<ListedRun> ListRuns(ObjectStore* store);

/// The report of a committed run, as JSON. Throws kNotFound, with what there is to say,
/// when there is none.
std::string RunReport(ObjectStore* store, const std::string& run);

}  // namespace shoestring
