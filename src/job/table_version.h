#pragma once

#include <string>

#include "job/migrate_plan.h"
#include "job/run_journal.h"
#include "lake/catalog.h"

namespace shoestring {

/// The version of a table that a run commits: what was copied, as the plan describes it,
/// after the version that the state has.
TableChange MakeTableChange(const TablePlan& plan, const MigrateOptions& options,
                            const std::string& run, FinishedTable finished,
                            const Catalog& catalog, const LakeState& state);

}  // namespace shoestring
