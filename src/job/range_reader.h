#pragma once

#include <cstdint>
#include <functional>

#include "job/migrate_plan.h"
#include "source/value_cleaner.h"

namespace shoestring {

struct RangeCallbacks {
  /// Each row as the lake keeps it, valid during the call.
  std::function<void(const ValueCleaner::Row&)> on_row;
  /// Rows and bytes that came since the last call.
  std::function<void(int64_t rows, int64_t bytes)> on_data;
};

/// Reads one of the plan's ranges; how many rows it has. Throws kCorrupt when Postgres
/// counts others than came.
int64_t ReadRange(Connection* connection, const TablePlan& plan, size_t range,
                  ValueCleaner* cleaner, const RangeCallbacks& callbacks);

/// True for what only the session that exported the snapshot may read: what a view reads
/// is not known, so nor is what other sessions must lock. They would queue behind an
/// ALTER that waits for the exporter, which waits for them.
bool ForExporter(const TablePlan& plan);

}  // namespace shoestring
