#pragma once

#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "source/snapshot.h"
#include "source/table_description.h"

namespace shoestring {

/// The tables that the options name, in order. Throws kNotFound and kInvalidArgument for
/// names that lead nowhere, or to several.
std::vector<TableName> ChooseTables(Connection* connection,
                                    const MigrateOptions& options);

/// The tables and views that the options name. Foreign tables cannot be locked, and are
/// left out.
ReadRelations RelationsToLock(Connection* connection, const MigrateOptions& options);

}  // namespace shoestring
