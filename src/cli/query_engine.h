#pragma once

#include <CLI/CLI.hpp>

#include <memory>
#include <string>

#include "engine/engine_registry.h"
#include "engine/result_cache.h"
#include "engine/statement_plan.h"

namespace shoestring {

struct QueryEngineOptions {
  std::string engine;
  std::string lake;
  S3Options s3;
  double max_cost = 0;
  bool no_cache = false;
  bool no_ledger = false;
  bool quiet = false;
};

/// Adds --engine, --max-cost, --no-cache, --no-ledger and --quiet.
void AddQueryEngineOptions(CLI::App& command, QueryEngineOptions* options);

/// The engine that was asked for, and around it what every query goes through: the
/// price beforehand, the cache of results, the ledger.
class QueryEngine {
 public:
  explicit QueryEngine(const QueryEngineOptions& options);
  QueryEngine(const QueryEngine&) = delete;
  QueryEngine& operator=(const QueryEngine&) = delete;

  const std::string& name() const { return name_; }
  const Settings& settings() const { return context_.settings; }
  Engine* engine() const { return recorded_ ? recorded_.get() : cached_.get(); }
  /// The lake; nullptr when the engine does not read it by itself.
  ObjectStore* store() const { return engine_store_; }

 private:
  ObjectStore* Lake();
  StatementPlanner* Planner();
  void AddPrice();
  void AddCache();
  void AddLedger();

  const QueryEngineOptions options_;
  EngineContext context_;
  std::string name_;
  std::unique_ptr<ObjectStore> store_;  ///< When somebody has asked for it.
  ObjectStore* engine_store_ = nullptr;
  std::unique_ptr<StatementPlanner> planner_;  ///< For an engine without.
  std::unique_ptr<ResultCache> cache_;
  // Each goes before the one that it stands on.
  std::unique_ptr<Engine> engine_;
  std::unique_ptr<Engine> priced_;
  std::unique_ptr<Engine> cached_;
  std::unique_ptr<Engine> recorded_;  ///< When there is a ledger.
};

}  // namespace shoestring
