#include "engine/duckdb_engine.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/common/type_visitor.hpp>
#include <duckdb/function/table/arrow/arrow_duck_schema.hpp>

#include <arrow/api.h>
#include <arrow/c/bridge.h>

#include <optional>
#include <thread>

#include "cost/query_cost.h"
#include "engine/duckdb_error.h"
#include "engine/duckdb_file_system.h"
#include "engine/duckdb_hot_tables.h"
#include "engine/duckdb_planner.h"
#include "engine/duckdb_sandbox.h"
#include "engine/duckdb_session.h"
#include "engine/query_stopper.h"
#include "lake/catalog.h"
#include "lake/read_cache.h"

namespace shoestring {

namespace {

using Clock = QueryStopper::Clock;

/// A query that takes longer is none for one thread.
constexpr std::chrono::milliseconds kShort{30};

/// Refuses the types that Arrow has no place for: DuckDB would pass them on as bytes, or
/// cut them. None of them is in a lake.
void CheckType(const std::string& column, const duckdb::LogicalType& type) {
  const bool lost =
      duckdb::TypeVisitor::Contains(type, [](const duckdb::LogicalType& part) {
        switch (part.id()) {
          case duckdb::LogicalTypeId::BIT:
          case duckdb::LogicalTypeId::BIGNUM:
          case duckdb::LogicalTypeId::UHUGEINT:
          case duckdb::LogicalTypeId::TIME_TZ:
          case duckdb::LogicalTypeId::VARIANT:
          case duckdb::LogicalTypeId::GEOMETRY: return true;
          default: return false;
        }
      });
  if (!lost) return;
  throw Fail(ErrorKind::kUnsupported,
             "Results cannot carry this type, write {}::text: {} {}", column, column,
             type.ToString());
}

class DuckdbResult : public QueryResult {
 public:
  DuckdbResult(ObjectStore* store, std::shared_ptr<DuckdbSession> session,
               const QueryLimits& limits, std::stop_token cancel)
      : store_(store),
        session_(std::move(session)),
        limits_(limits),
        connection_(*session_->database),
        activity_(QueryActivity::Attach(*connection_.context)),
        stopper_(limits, std::move(cancel)) {}

  /// DuckDB leaves out the wait for a query's tasks when its context goes while an
  /// exception is on its way; the tasks would then use what is gone. They run from the
  /// moment of the plan and end early only when interrupted.
  ~DuckdbResult() override {
    stopper_.Release();
    activity_->StopReadAhead();
    connection_.Interrupt();
    result_.reset();
    connection_.context->Destroy();
  }
  DuckdbResult(const DuckdbResult&) = delete;
  DuckdbResult& operator=(const DuckdbResult&) = delete;

  /// False when it is too long for the session, which is one for short queries: then
  /// another one has to run it, from the beginning.
  bool Start(const Statement& statement) {
    bool fits = true;
    Translated([&] {
      stopper_.Check();
      // Not prepared first: that would plan it twice, once without the values that tell
      // which files to read.
      auto parsed = ParseRead(*connection_.context, statement.sql);
      auto values = BindValues(statement.parameters);
      auto pending = connection_.PendingQuery(
          std::move(parsed), values, duckdb::QueryResultOutputType::ALLOW_STREAMING);
      if (pending->HasError()) pending->GetErrorObject().Throw();
      CheckPlanned(*pending);
      MakeSchema(*pending);
      stopper_.Check();
      // DuckDB forgets interrupts that come before it starts.
      stopper_.Watch(
          [this] {
            activity_->StopReadAhead();
            connection_.Interrupt();
          },
          [this] { return Scanned(); });
      fits = RunToRows(pending.get());
    });
    return fits;
  }
  /// Counts what that other attempt has read.
  void Continue(const DuckdbResult& earlier) { activity_->Continue(*earlier.activity_); }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    if (!result_) return nullptr;
    std::shared_ptr<arrow::RecordBatch> batch;
    Translated([&] {
      const auto chunk = result_->Fetch();
      if (result_->HasError()) result_->GetErrorObject().Throw();
      if (chunk && chunk->size() > 0) batch = ToArrow(*chunk);
    });
    if (batch) {
      rows_ += batch->num_rows();
      Translated([&] { CheckRows(rows_, limits_); });
    } else {
      Translated([&] { stopper_.CheckScanned(Scanned()); });
      Finish();
    }
    return batch;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    activity_->FillIn(&statistics);
    statistics.rows = rows_;
    statistics.lake_sequence = session_->tables->state().sequence;
    const auto end = end_.value_or(Clock::now());
    statistics.wall =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - stopper_.start());
    statistics.running = statistics.wall;
    if (IsRemote(*store_)) {
      statistics.dollars = S3GetDollars(statistics.requests, ShippedPrices());
    }
    return statistics;
  }

 private:
  using Pending = duckdb::PendingQueryResult;
  using State = duckdb::PendingExecutionResult;

  /// DuckDB itself would spin while nothing is left to do but what other threads are at,
  /// which is slower where these have no core of their own.
  bool RunToRows(Pending* pending) {
    activity_->LeaveWhenLong(session_->for_short);
    for (;;) {
      if (session_->for_short && IsLong()) return false;
      const State state = pending->ExecuteTask();
      if (Pending::IsResultReady(state)) break;
      if (state == State::NO_TASKS_AVAILABLE) std::this_thread::yield();
      if (state == State::BLOCKED) pending->WaitForTask();
    }
    const bool scan_left = session_->for_short && activity_->wants_threads();
    if (pending->HasError() && scan_left) return false;
    activity_->LeaveWhenLong(false);
    if (pending->HasError()) pending->GetErrorObject().Throw();
    result_ = pending->Execute();
    if (result_->HasError()) result_->GetErrorObject().Throw();
    return true;
  }

  bool IsLong() const {
    return activity_->wants_threads() || Clock::now() - stopper_.start() > kShort;
  }

  int64_t Scanned() const {
    QueryStatistics statistics;
    activity_->FillIn(&statistics);
    return statistics.bytes_read;
  }

  void MakeSchema(const duckdb::BaseQueryResult& planned) {
    for (duckdb::idx_t i = 0; i < planned.types.size(); ++i) {
      CheckType(planned.names[i], planned.types[i]);
    }
    ArrowSchema schema;
    auto properties = connection_.context->GetClientProperties();
    duckdb::ArrowConverter::ToArrowSchema(&schema, planned.types, planned.names,
                                          properties);
    auto imported = arrow::ImportSchema(&schema);
    if (!imported.ok()) {
      throw Fail(ErrorKind::kUnsupported,
                 "The result has a type that cannot be passed on, cast it: {}",
                 imported.status().message());
    }
    schema_ = *std::move(imported);
    extensions_ = duckdb::ArrowTypeExtensionData::GetExtensionTypes(*connection_.context,
                                                                    planned.types);
  }

  std::shared_ptr<arrow::RecordBatch> ToArrow(duckdb::DataChunk& chunk) {
    ArrowArray array;
    duckdb::ArrowConverter::ToArrowArray(chunk, &array, result_->client_properties,
                                         extensions_);
    auto batch = arrow::ImportRecordBatch(&array, schema_);
    if (!batch.ok()) {
      throw Fail(ErrorKind::kInternal, "DuckDB gave no Arrow batch: {}",
                 batch.status().message());
    }
    return *std::move(batch);
  }

  void Finish() {
    end_ = Clock::now();
    activity_->StopReadAhead();
    result_.reset();
  }

  template <typename Function>
  void Translated(Function&& function) {
    try {
      function();
    } catch (const Error&) {
      Finish();
      throw;
    } catch (const std::exception& error) {
      Finish();
      throw Explain(duckdb::ErrorData(error));
    }
  }

  /// What happened outside of DuckDB says more than what DuckDB made of it.
  Error Explain(const duckdb::ErrorData& error) {
    const auto failure = activity_->failure();
    if (failure && failure->kind() == ErrorKind::kNotFound)
      return ExplainMissing(*failure);
    if (failure) return *failure;
    if (stopper_.reason() != QueryStopper::Reason::kNone) return stopper_.AsError();
    return TranslateDuckdbError(error, session_->TableNames());
  }

  Error ExplainMissing(const Error& failure) {
    if (Catalog(store_).Load() == session_->tables->state()) {
      return Fail(ErrorKind::kCorrupt, "A file of the lake is missing: {}",
                  failure.what());
    }
    return Fail(ErrorKind::kConflict,
                "The lake moved to a newer version during the query, run it again: {}",
                failure.what());
  }

  ObjectStore* store_;
  const std::shared_ptr<DuckdbSession> session_;
  const QueryLimits limits_;
  std::optional<Clock::time_point> end_;
  duckdb::Connection connection_;
  const duckdb::shared_ptr<QueryActivity> activity_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unordered_map<duckdb::idx_t,
                     const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>
      extensions_;
  int64_t rows_ = 0;
  QueryStopper stopper_;
};

class DuckdbEngine : public Engine {
 public:
  DuckdbEngine(ObjectStore* store, HotTables hot) : sessions_(store) {
    if (hot.names.empty()) return;
    hot_ = std::make_unique<HotTablesKeeper>(&sessions_, std::move(hot));
  }

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    const auto session = sessions_.First(limits);
    if (hot_) hot_->Follow(session);
    auto attempt =
        std::make_unique<DuckdbResult>(sessions_.store(), session, limits, cancel);
    if (Begin(statement, session->for_short, attempt.get())) return attempt;
    auto result = std::make_unique<DuckdbResult>(
        sessions_.store(), sessions_.Current(limits), limits, std::move(cancel));
    result->Continue(*attempt);
    attempt.reset();
    result->Start(statement);
    return result;
  }

  StatementPlanner* planner() override { return &planner_; }

 private:
  static bool Begin(const Statement& statement, bool for_short, DuckdbResult* attempt) {
    try {
      return attempt->Start(statement);
    } catch (const Error& error) {
      // It has little memory.
      if (!for_short || error.kind() != ErrorKind::kLimit) throw;
      return false;
    }
  }

  DuckdbSessions sessions_;
  DuckdbPlanner planner_{&sessions_};
  std::unique_ptr<HotTablesKeeper> hot_;
};

}  // namespace

std::unique_ptr<Engine> OpenDuckdbEngine(ObjectStore* store, HotTables hot) {
  return std::make_unique<DuckdbEngine>(store, std::move(hot));
}

}  // namespace shoestring
