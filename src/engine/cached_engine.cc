#include "engine/cached_engine.h"

#include <arrow/api.h>

#include "base/error.h"
#include "engine/query_stopper.h"
#include "engine/statement_plan.h"

namespace shoestring {

namespace {

using Clock = std::chrono::steady_clock;

/// Of the form of keys and of the answers to them: another one knows nothing of these.
constexpr int kKeyVersion = 1;

/// An answer that is known already.
class KnownResult : public QueryResult {
 public:
  KnownResult(ResultCache::Answer answer, const QueryLimits& limits,
              Clock::time_point start)
      : answer_(std::move(answer)), limits_(limits) {
    wall_ = std::chrono::duration_cast<std::chrono::milliseconds>(Clock::now() - start);
  }

  std::shared_ptr<arrow::Schema> schema() const override { return answer_.schema; }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    if (next_ == answer_.batches.size()) return nullptr;
    auto batch = std::move(answer_.batches[next_++]);
    rows_ += batch->num_rows();
    CheckRows(rows_, limits_);
    return batch;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    statistics.rows = rows_;
    statistics.wall = wall_;
    statistics.cached_for = answer_.age;
    return statistics;
  }

 private:
  ResultCache::Answer answer_;
  const QueryLimits limits_;
  std::chrono::milliseconds wall_{0};
  size_t next_ = 0;
  int64_t rows_ = 0;
};

/// An answer that becomes known when its last row has come.
class KeptResult : public QueryResult {
 public:
  KeptResult(std::unique_ptr<QueryResult> inner,
             std::unique_ptr<ResultCache::Writer> writer)
      : inner_(std::move(inner)), writer_(std::move(writer)) {}

  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  QueryStatistics statistics() const override { return inner_->statistics(); }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    auto batch = inner_->Next();
    if (!writer_) return batch;
    if (batch) {
      writer_->Write(*batch);
    } else {
      writer_->Finish();
      writer_.reset();
    }
    return batch;
  }

 private:
  const std::unique_ptr<QueryResult> inner_;
  std::unique_ptr<ResultCache::Writer> writer_;
};

/// A parameter so that no two of different type or value look alike.
std::string ParameterText(const Parameter& parameter) {
  struct Writer {
    std::string operator()(std::monostate) const { return "null"; }
    std::string operator()(bool value) const { return value ? "true" : "false"; }
    std::string operator()(int64_t value) const { return fmt::format("i{}", value); }
    std::string operator()(double value) const { return fmt::format("d{:a}", value); }
    std::string operator()(const std::string& value) const {
      return fmt::format("s{}:{}", value.size(), value);
    }
  };
  return std::visit(Writer(), parameter);
}

class CachedEngine : public Engine {
 public:
  CachedEngine(Engine* inner, const ResultCache* cache, CachedOptions options)
      : inner_(inner), cache_(cache), options_(std::move(options)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    const auto start = Clock::now();
    const auto key = KeyOf(statement, limits);
    if (!key) return inner_->Run(statement, limits, std::move(cancel));
    if (auto answer = cache_->Find(*key)) {
      return std::make_unique<KnownResult>(*std::move(answer), limits, start);
    }
    auto result = inner_->Run(statement, limits, std::move(cancel));
    auto writer = cache_->Begin(*key, result->schema());
    return std::make_unique<KeptResult>(std::move(result), std::move(writer));
  }

  StatementPlanner* planner() override { return inner_->planner(); }

 private:
  /// Nothing for a statement whose answer is not to be kept. Should the lake move between
  /// this and the run, the newer answer is kept for the older version, which nobody who
  /// looks later asks for.
  std::optional<std::string> KeyOf(const Statement& statement,
                                   const QueryLimits& limits) const {
    if (inner_->planner() == nullptr) return std::nullopt;
    StatementPlan plan;
    try {
      plan = inner_->planner()->Plan(statement, limits);
    } catch (const Error&) {
      return std::nullopt;  // The engine says what is wrong.
    }
    if (!plan.repeatable || plan.tables.empty()) return std::nullopt;
    std::string key = fmt::format("{}\n{}\n{}\n{}\n", kKeyVersion, options_.engine,
                                  options_.lake, statement.sql);
    for (const Parameter& parameter : statement.parameters) {
      key += ParameterText(parameter) + "\n";
    }
    for (const auto& [table, version] : plan.versions) {
      key += fmt::format("{} {}\n", version, table);
    }
    return key;
  }

  Engine* const inner_;
  const ResultCache* const cache_;
  const CachedOptions options_;
};

}  // namespace

std::unique_ptr<Engine> MakeCachedEngine(Engine* inner, const ResultCache* cache,
                                         CachedOptions options) {
  return std::make_unique<CachedEngine>(inner, cache, std::move(options));
}

}  // namespace shoestring
