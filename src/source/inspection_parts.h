// What Inspect() puts together: parts that each take a few statements in its transaction.
// Only inspection*.cc and policy.cc include this. Names are not qualified in their SQL:
// with its empty search_path a session finds nothing but pg_catalog.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "source/inspection.h"

namespace shoestring {

/// Nothing where auth.users and another sign of Supabase are missing.
std::optional<SupabaseUse> ReadSupabase(Connection* connection);
/// Whether Supabase makes and looks after a schema of this name.
bool IsSupabaseSchema(std::string_view name);

/// `today` is the server's, in days since 1970-01-01.
std::vector<InspectedTable> ReadTables(Connection* connection,
                                       const std::vector<std::string>& schemas,
                                       int32_t today);

/// Those of the tables, and those that stand elsewhere and call a function here:
/// Supabase's way to follow auth.users.
std::vector<Trigger> ReadTriggers(Connection* connection, const Inspection& inspection);
std::vector<SourceFunction> ReadFunctions(Connection* connection,
                                          const Inspection& inspection);

/// Nothing when the server refuses, for want of a privilege or of time.
std::optional<int64_t> TryCount(Connection* connection, const std::string& sql);

/// The first column.
std::vector<std::string> FirstColumn(const Rows& rows);
/// The texts of a JSON array in one field.
std::vector<std::string> TextArray(const Rows& rows, int row, int column);
/// The JSON array that statements take as a list of texts.
std::string JsonArray(const std::vector<std::string>& texts);
/// The text of an oid[].
std::string OidArray(const std::vector<InspectedTable>& tables);

}  // namespace shoestring
