#pragma once

#include <string>
#include <vector>

#include "engine/engine.h"

namespace shoestring {

/// A statement as StartQueryExecution takes it.
struct AthenaStatement {
  std::string sql;
  /// ExecutionParameters: each is an SQL expression to Athena, so each is a literal here.
  std::vector<std::string> parameters;
};

/// Values become literals that are read as nothing else. One of more than 1024 bytes,
/// which Athena does not take, stands in the text in place of its `?`. Throws
/// kInvalidArgument unless there are as many values as `?`, kLimit for a text that is
/// longer than Athena takes.
AthenaStatement MakeAthenaStatement(const Statement& statement);

}  // namespace shoestring
