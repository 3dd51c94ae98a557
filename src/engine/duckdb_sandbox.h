#pragma once

#include <duckdb.hpp>

#include <string>

namespace shoestring {

/// What keeps a query inside the lake, in three layers: only statements that read are
/// bound at all; functions that read files, change settings or touch raw memory do not
/// exist; and no file outside of the lake and the private temporary folder can be opened.

/// Shuts a database, once its lake is registered; queries cannot open it again.
void LockDown(duckdb::DuckDB& database);

/// Parses one statement and refuses whatever does not read, before any of it is bound:
/// binding a PRAGMA or a COPY already has effects. Throws kInvalidArgument.
duckdb::unique_ptr<duckdb::SQLStatement> ParseRead(duckdb::ClientContext& context,
                                                   const std::string& sql);

/// The same question, asked of the statement once it is planned, before it runs.
void CheckPlanned(duckdb::PendingQueryResult& planned);

}  // namespace shoestring
