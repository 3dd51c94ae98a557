#include "engine/postgres_engine.h"

#include <arrow/api.h>

#include <cstdlib>
#include <functional>
#include <optional>

#include "base/error.h"
#include "engine/query_stopper.h"
#include "source/statement_reader.h"

namespace shoestring {

namespace {

constexpr uint32_t kBooleanOid = 16;
constexpr uint32_t kBigintOid = 20;
constexpr uint32_t kDoubleOid = 701;
constexpr uint32_t kInfer = 0;

std::vector<BoundValue> Bind(const std::vector<Parameter>& parameters) {
  struct Binder {
    BoundValue operator()(std::monostate) const { return {kInfer, std::nullopt}; }
    BoundValue operator()(bool value) const { return {kBooleanOid, value ? "t" : "f"}; }
    BoundValue operator()(int64_t value) const {
      return {kBigintOid, fmt::format("{}", value)};
    }
    BoundValue operator()(double value) const {
      return {kDoubleOid, fmt::format("{}", value)};
    }
    BoundValue operator()(const std::string& value) const {
      if (value.find('\0') == std::string::npos) return {kInfer, value};
      throw Fail(ErrorKind::kInvalidArgument,
                 "Postgres' texts have no zero bytes, and a parameter has one");
    }
  };
  std::vector<BoundValue> values;
  for (const Parameter& parameter : parameters) {
    values.push_back(std::visit(Binder(), parameter));
  }
  return values;
}

class PostgresResult : public QueryResult {
 public:
  PostgresResult(const std::string& url, const Statement& statement,
                 const QueryLimits& limits, std::stop_token cancel)
      : limits_(limits), stopper_(limits, std::move(cancel)) {
    stopper_.Watch([this] { stop_.request_stop(); });
    Explained([&] {
      connection_.emplace(url, stop_.get_token());
      connection_->BeginQuery();
      reader_.emplace(&*connection_, statement.sql, Bind(statement.parameters));
    });
  }

  std::shared_ptr<arrow::Schema> schema() const override { return reader_->schema(); }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    if (end_) return nullptr;
    std::shared_ptr<arrow::RecordBatch> batch;
    Explained([&] { batch = reader_->Next(); });
    if (batch) {
      rows_ += batch->num_rows();
      CheckRows(rows_, limits_);
    } else {
      end_ = QueryStopper::Clock::now();
      connection_->Close();
    }
    return batch;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    statistics.rows = rows_;
    const auto wall = end_.value_or(QueryStopper::Clock::now()) - stopper_.start();
    statistics.wall = std::chrono::duration_cast<std::chrono::milliseconds>(wall);
    statistics.running = statistics.wall;
    return statistics;
  }

 private:
  /// The connection knows only that it was stopped, not why.
  void Explained(const std::function<void()>& work) {
    try {
      work();
    } catch (const Error& error) {
      const bool stopped = stopper_.reason() != QueryStopper::Reason::kNone;
      if (stopped && error.kind() == ErrorKind::kCancelled) throw stopper_.AsError();
      throw;
    }
  }

  const QueryLimits limits_;
  std::stop_source stop_;
  std::optional<Connection> connection_;
  std::optional<StatementReader> reader_;
  int64_t rows_ = 0;
  std::optional<QueryStopper::Clock::time_point> end_;
  QueryStopper stopper_;  // Goes first: it stops what stands above.
};

void CheckLimits(const QueryLimits& limits) {
  const char* refused = limits.memory_bytes > 0 ? "--memory"
                        : limits.threads > 0    ? "--threads"
                        : limits.scan_bytes > 0 ? "--max-scan"
                                                : nullptr;
  if (refused == nullptr) return;
  throw Fail(ErrorKind::kUnsupported,
             "Postgres cannot be held to it by its client, leave it out: {}", refused);
}

class PostgresEngine : public Engine {
 public:
  explicit PostgresEngine(std::string url) : url_(std::move(url)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    CheckLimits(limits);
    return std::make_unique<PostgresResult>(url_, statement, limits, std::move(cancel));
  }

 private:
  const std::string url_;
};

}  // namespace

std::string ReadPostgresUrl(const Settings& settings) {
  if (auto url = settings.Find("postgres", "url")) return *std::move(url);
  const char* environment = std::getenv("DATABASE_URL");
  if (environment != nullptr && *environment != '\0') return environment;
  return settings.Require("postgres", "url");
}

std::unique_ptr<Engine> OpenPostgresEngine(std::string url) {
  return std::make_unique<PostgresEngine>(std::move(url));
}

}  // namespace shoestring
