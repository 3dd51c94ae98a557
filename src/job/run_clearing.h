#pragma once

#include <set>
#include <string>
#include <vector>

#include "job/run_info.h"
#include "lake/catalog.h"

namespace shoestring {

/// Ends a run's lease for good, in favour of another run: its next renewal, and so its
/// commit, is refused. False when its record has changed since it was found: it lives, or
/// somebody else was first.
bool TakeLease(ObjectStore* store, FoundRun* run, const std::string& by);

/// Deletes what the catalog does not need of these tables' files, unless the run that
/// wrote it is at work or may be gone on with. Runs in `ended` are neither.
void SweepTables(ObjectStore* store, const std::vector<std::string>& tables,
                 const std::set<std::string>& ended);

/// Deletes all that runs of these ids have staged, noted and recorded. What they finished
/// first, so that nobody goes on from a part of it; their records last.
void RemoveRuns(ObjectStore* store, const std::set<std::string>& runs);

/// Both, for runs whose leases were taken.
void ClearRuns(ObjectStore* store, const std::vector<FoundRun>& runs);

}  // namespace shoestring
