#pragma once

#include <arrow/api.h>

#include <memory>
#include <optional>
#include <utility>

#include "base/error.h"
#include "engine/engine.h"

namespace shoestring {

/// An engine of which a test says what it answers: some batches of one row, then the end
/// or an error.
class TestEngine : public Engine {
 public:
  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    ++runs;
    last_limits = limits;
    if (refusal) throw *refusal;
    return std::make_unique<Result>(this);
  }

  int batches = 1;
  QueryStatistics statistics;
  std::optional<Error> refusal;  ///< Thrown by Run().
  std::optional<Error> failure;  ///< Thrown in place of the end.
  int runs = 0;
  QueryLimits last_limits;

 private:
  class Result : public QueryResult {
   public:
    explicit Result(const TestEngine* engine) : engine_(engine) {}

    std::shared_ptr<arrow::Schema> schema() const override {
      return arrow::schema({arrow::field("id", arrow::int64())});
    }

    std::shared_ptr<arrow::RecordBatch> Next() override {
      if (given_++ < engine_->batches) {
        return arrow::RecordBatch::Make(
            schema(), 1, {arrow::MakeArrayOfNull(arrow::int64(), 1).ValueOrDie()});
      }
      if (engine_->failure) throw *engine_->failure;
      return nullptr;
    }

    QueryStatistics statistics() const override { return engine_->statistics; }

   private:
    const TestEngine* const engine_;
    int given_ = 0;
  };
};

}  // namespace shoestring
