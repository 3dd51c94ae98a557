#pragma once

#include <string>

#include "engine/engine.h"

namespace shoestring {

/// Throws kInvalidArgument unless the statement reads: SELECT, WITH, VALUES, TABLE, SHOW,
/// DESCRIBE, and EXPLAIN of these. For engines that have nothing better to ask: the first
/// word tells in Trino's grammar, and Athena's.
void CheckTrinoReads(std::string_view sql);

/// A value as a literal that is read as nothing else: BIGINT '1', 'it''s', NULL.
std::string TrinoLiteral(const Parameter& parameter);

/// What is sent: the statement as it is, or EXECUTE IMMEDIATE '…' USING its parameters.
std::string TrinoStatementText(const Statement& statement);

}  // namespace shoestring
