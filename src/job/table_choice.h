#pragma once

#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "source/table_description.h"

namespace shoestring {

/// The tables that the options name, in order. Throws kNotFound and kInvalidArgument for
/// names that lead nowhere, or to several.
std::vector<TableName> ChooseTables(Connection* connection,
                                    const MigrateOptions& options);

/// The qualified, quoted names of the tables that the options name, as far as they can be
/// locked: materialized views and foreign tables cannot be.
std::vector<std::string> TablesToLock(Connection* connection,
                                      const MigrateOptions& options);

}  // namespace shoestring
