// engine: runs SQL somewhere and gives the answer as Arrow batches. One file an engine;
// nobody outside of that file knows whose SQL it is or how the limits are kept.
#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "sql/statement.h"

namespace shoestring {

/// What a query may use; 0 leaves it to the engine. An engine that cannot keep a limit
/// refuses it with kUnsupported before it runs anything, it never ignores one.
struct QueryLimits {
  int64_t memory_bytes = 0;
  int threads = 0;
  std::chrono::milliseconds time{0};
  int64_t scan_bytes = 0;  ///< Bytes that may be read from where the data lies.
  int64_t rows = 0;        ///< Rows of the answer; one more is an error.
  bool operator==(const QueryLimits&) const = default;
};

/// What a query has used so far. What an engine does not know stays 0.
struct QueryStatistics {
  int64_t files = 0;       ///< Distinct data files opened.
  int64_t requests = 0;    ///< Reads asked of the store.
  int64_t bytes_read = 0;  ///< Bytes that came from the store.
  int64_t rows = 0;        ///< Rows handed out.
  int64_t lake_files = 0;  ///< Files and bytes of the tables that the statement names:
  int64_t lake_bytes = 0;  ///< what a scan without pruning would have touched.
  /// LakeState::sequence of the version that was read, where the engine reads one.
  int64_t lake_sequence = 0;
  std::chrono::milliseconds wall{0};
  std::chrono::milliseconds queued{0};   ///< Of it, waiting for the engine's turn.
  std::chrono::milliseconds running{0};  ///< Of it, at work, as the engine says.
  bool reused = false;                   ///< The engine gave an earlier answer again.
  /// How old the answer is, when it came from the result cache and no engine ran.
  std::optional<std::chrono::milliseconds> cached_for;
  double dollars = 0;  ///< What is billed for this query: by the engine's owner, by S3.
};

/// The rows of one query, produced while they are asked for. Used by one thread at a
/// time; must not outlive its engine. Destroying it early stops the query.
class QueryResult {
 public:
  virtual ~QueryResult() = default;
  virtual std::shared_ptr<arrow::Schema> schema() const = 0;
  /// The next batch, never empty; nullptr after the last one.
  virtual std::shared_ptr<arrow::RecordBatch> Next() = 0;
  virtual QueryStatistics statistics() const = 0;
};

class StatementPlanner;

/// Runs statements that read. Thread-safe.
class Engine {
 public:
  virtual ~Engine() = default;

  /// Starts a query; errors of the statement are thrown here, errors of the data may come
  /// with Next(). kInvalidArgument: not a statement that reads, or a wrong one;
  /// kNotFound: no such table; kConflict: the lake changed underneath, run it again;
  /// kTimeout, kCancelled, kLimit: stopped by a limit or by `cancel`.
  virtual std::unique_ptr<QueryResult> Run(const Statement& statement,
                                           const QueryLimits& limits,
                                           std::stop_token cancel) = 0;

  /// What tells beforehand what a statement will read, if the engine reads the lake by
  /// itself and so shares what it knows of it; must not outlive the engine.
  virtual StatementPlanner* planner() { return nullptr; }
};

}  // namespace shoestring
