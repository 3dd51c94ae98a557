#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "source/connection.h"
#include "source/table_description.h"

namespace shoestring {

/// What tells one database from another, whatever it is called: its server's system
/// identifier, timeline and database; of a standby, which follows at its own pace, how it
/// is reached, too.
std::string DatabaseIdentity(Connection* connection);

/// What the rows of a table, and their texts, hang on besides themselves.
struct TableShape {
  /// Equal texts mean: the same relations with the same columns and enum labels.
  std::string text;
  /// Why the rows' transactions do not tell whether the rows are others; empty when they
  /// do.
  std::string undecidable;
};
/// One a table.
std::vector<TableShape> ShapesOfTables(
    Connection* connection, const std::vector<const TableDescription*>& tables);

/// Whether a table may hold other rows than those that an earlier moment saw. Exact when
/// it says no; a transaction that was open then makes it say yes. Scans the table, moves
/// no rows. docs/adr/0007 has the proof.
/// @param xmin of the earlier moment's snapshot
/// @param rows that it saw
bool MayHaveChanged(Connection* connection, const TableDescription& table, int64_t xmin,
                    int64_t rows);

}  // namespace shoestring
