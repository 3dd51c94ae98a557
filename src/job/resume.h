#pragma once

#include <optional>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "job/run_journal.h"
#include "job/run_record.h"
#include "source/snapshot.h"

namespace shoestring {

/// Equal for runs that make the same tables of the same source: the database, and all
/// options that change the result.
std::string IdentityOf(Connection* connection, const MigrateOptions& options);

/// All that a table's copy hangs on but its rows.
struct PlanIdentity {
  std::string checksum;
  std::string undecidable;  ///< Why it cannot be told whether the rows changed; or empty.
};
/// One a plan.
std::vector<PlanIdentity> IdentitiesOf(Connection* connection,
                                       const std::vector<TablePlan>& plans,
                                       const MigrateOptions& options);

/// What becomes of a table that an earlier run had finished.
struct ResumedTable {
  std::string table;
  std::string run;         ///< The earlier one.
  std::string source_lsn;  ///< The moment that its copy shows.
  int64_t source_time_ms = 0;
  bool kept = false;  ///< Else it is copied again.
  std::string why;    ///< "not changed since", "changed since", …
};
/// "orders: kept as run … copied it at 0/1A2B3C4D: not changed since"
std::string Describe(const ResumedTable& table);

/// What a run goes on from: for each plan, in order, what is kept of it; and the same for
/// people, as far as there was something to be kept.
struct Resumption {
  std::vector<std::optional<FinishedTable>> kept;
  std::vector<ResumedTable> tables;
};
/// Looks for what runs that were taken over have finished of these plans, and whether it
/// still is what the source holds. Asks the connection, within its snapshot.
Resumption Resume(Connection* connection, ObjectStore* store,
                  const std::vector<FoundRun>& taken, const std::vector<TablePlan>& plans,
                  const std::vector<PlanIdentity>& identities, bool keep_changed);

}  // namespace shoestring
