#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoestring {

// What Athena answers, in JSON. Pure: text in, values out. Whatever is not as it should
// be throws kCorrupt.

/// The id in the answer to StartQueryExecution.
std::string ParseAthenaId(std::string_view json);

/// A query as GetQueryExecution tells of it.
struct AthenaExecution {
  enum class State { kQueued, kRunning, kSucceeded, kFailed, kCancelled };
  State state = State::kQueued;
  /// A query, as opposed to DDL and to what tells of tables: its answer begins with a
  /// row of names, and is a .csv file.
  bool is_query = true;
  bool is_ddl = false;
  std::string output;  ///< "s3://bucket/….csv"; empty when nothing is kept.
  int64_t scanned_bytes = 0;
  int64_t queued_ms = 0;
  int64_t running_ms = 0;
  bool reused = false;  ///< The answer of an earlier one was given again.
  std::string reason;   ///< Why it is in this state, in Athena's words.
  ErrorKind failure = ErrorKind::kUnavailable;  ///< What kind of failure that is.
  bool retryable = false;                       ///< It failed by Athena's own fault.

  bool ended() const { return state != State::kQueued && state != State::kRunning; }
};
AthenaExecution ParseAthenaExecution(std::string_view json);

/// A page of GetQueryResults.
struct AthenaPage {
  std::shared_ptr<arrow::Schema> schema;
  std::shared_ptr<arrow::RecordBatch> rows;  ///< nullptr when it brings none.
  std::string next_token;                    ///< Empty: it is the last one.
};
/// `begins_with_names`: its first row is none. Throws what AthenaRows throws, too.
AthenaPage ParseAthenaPage(std::string_view json, bool begins_with_names);

/// What GetWorkGroup tells.
struct AthenaWorkGroup {
  int64_t scan_cutoff_bytes = 0;  ///< 0: queries read as much as they like.
  std::string output;             ///< Where answers go; empty: each query must say.
};
AthenaWorkGroup ParseAthenaWorkGroup(std::string_view json);

}  // namespace shoestring
