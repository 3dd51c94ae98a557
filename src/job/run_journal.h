#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "job/table_copy.h"

namespace shoestring {

/// A table that a run has finished: its files are written and staged, and not committed.
/// What a later run needs to go on from there.
struct FinishedTable {
  std::string run;  ///< That copied it.
  std::string table;
  std::string plan;  ///< The checksum of all that the copy hung on but the rows.
  std::string source_lsn;
  int64_t source_time_ms = 0;
  int64_t source_xmin = 0;  ///< Snapshot::xmin of the moment that it shows.
  CopiedTable copied;
};

/// A finished table, and the plan of its copy, which must live as long.
struct JournalEntry {
  FinishedTable finished;
  const TablePlan* plan;
};

/// Pure. ParseJournal throws kCorrupt, with `what`, for anything that was not written
/// like this, or of which a table is not whole in itself.
std::string FormatJournal(const std::vector<JournalEntry>& entries);
std::vector<FinishedTable> ParseJournal(std::string_view text, std::string_view what);

/// runs/<run>/tables/<number>.json: what a run has finished, an object for all of about
/// the same time.
std::string JournalPrefix(std::string_view run);
std::string JournalKey(std::string_view run, size_t number);
/// What is there of these keys; what is gone or damaged is left out, so that it is copied
/// again.
std::vector<FinishedTable> ReadJournal(ObjectStore* store,
                                       const std::vector<std::string>& keys);

}  // namespace shoestring
