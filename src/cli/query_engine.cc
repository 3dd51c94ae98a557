#include "cli/query_engine.h"

#include <cmath>
#include <cstdio>

#include "base/error.h"
#include "base/units.h"
#include "base/user_folders.h"
#include "cli/ledger_option.h"
#include "cost/ledger.h"
#include "cost/query_cost.h"
#include "engine/cached_engine.h"
#include "engine/priced_engine.h"
#include "engine/recorded_engine.h"

namespace shoestring {

namespace {

constexpr const char* kDefaultEngine = "duckdb";
constexpr const char* kOff = "off";
/// Billed by the query: its price is told before each.
constexpr const char* kBilled = "athena";

void TellPrice(const std::variant<Foretold, Error>& told) {
  std::string text;
  if (const auto* known = std::get_if<Foretold>(&told)) {
    int64_t files = 0;
    int64_t of = 0;
    for (const TableEstimate& table : known->estimate.tables) {
      files += table.files;
      of += table.lake_files;
    }
    text = fmt::format("up to {} in {} of {} files, {}",
                       FormatBytes(known->price.reads.bytes), FormatCount(files),
                       FormatCount(of), FormatDollars(known->price.dollars));
  } else {
    text = fmt::format("unknown: {}", std::get<Error>(told).what());
  }
  std::fprintf(stderr, "estimate: %s\n", text.c_str());
}

/// What helps a query but is not needed for its answer is done without, and that is said.
void Warn(const Error& error, const char* variable) {
  std::fprintf(stderr, "shoestring: %s (%s=off does without)\n", error.what(), variable);
}

}  // namespace

void AddQueryEngineOptions(CLI::App& command, QueryEngineOptions* options) {
  command
      .add_option("--max-cost", options->max_cost,
                  "Refuse a query that would cost more dollars than this, such as 0.01, "
                  "by an estimate; see shoestring explain")
      ->type_name("DOLLARS")
      ->check([](const std::string& text) {
        double dollars = 0;
        const bool positive = CLI::detail::lexical_cast(text, dollars) && dollars > 0 &&
                              std::isfinite(dollars);
        return positive ? "" : "not a positive number of dollars: " + text;
      });
  command
      .add_option("--engine", options->engine,
                  "What runs the query: " + EngineNames() +
                      ". Default: engine in "
                      "shoestring.toml, else duckdb")
      ->type_name("E")
      ->envname("SHOESTRING_ENGINE");
  command.add_flag("--no-cache", options->no_cache,
                   "Run it, even if its answer is known (SHOESTRING_CACHE=off)");
  command.add_flag("--no-ledger", options->no_ledger,
                   "Do not write down what it cost (SHOESTRING_LEDGER=off)");
  command.add_flag("--quiet", options->quiet,
                   "No line about rows, time and bytes read, and none about the price");
}

QueryEngine::QueryEngine(const QueryEngineOptions& options)
    : options_(options), context_{Settings::Load(), [this] { return Lake(); }} {
  name_ = options_.engine.empty() ? context_.settings.Get("", "engine", kDefaultEngine)
                                  : options_.engine;
  engine_ = OpenEngine(name_, context_);
  engine_store_ = store_.get();
  AddPrice();
  AddCache();
  AddLedger();
}

ObjectStore* QueryEngine::Lake() {
  if (store_) return store_.get();
  const std::string lake =
      options_.lake.empty() ? context_.settings.Get("", "lake", "") : options_.lake;
  if (lake.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--lake is required, or SHOESTRING_LAKE, or lake in shoestring.toml");
  }
  store_ = OpenObjectStore(lake, /*create=*/false, options_.s3);
  return store_.get();
}

StatementPlanner* QueryEngine::Planner() {
  if (engine_->planner() != nullptr) return engine_->planner();
  if (!planner_) planner_ = OpenStatementPlanner(Lake());
  return planner_.get();
}

void QueryEngine::AddPrice() {
  PricedOptions options{.engine = name_,
                        .max_dollars = options_.max_cost,
                        .lake = [this] { return Lake(); },
                        .planner = [this] { return Planner(); }};
  if (name_ == kBilled && !options_.quiet) options.on_price = TellPrice;
  priced_ = MakePricedEngine(engine_.get(), std::move(options));
}

void QueryEngine::AddCache() {
  const std::string set = context_.settings.Get("", "cache", "");
  const std::string folder = CacheFolder();
  if (!options_.no_cache && set != kOff && !folder.empty() && engine_store_ != nullptr) {
    ResultCache::Bounds bounds;
    if (!set.empty()) bounds.bytes = ParseBytes(set);
    try {
      cache_ = std::make_unique<ResultCache>(folder + "/results", bounds);
    } catch (const Error& error) {
      Warn(error, "SHOESTRING_CACHE");
    }
  }
  if (!cache_) {
    cached_ = std::move(priced_);
    return;
  }
  cached_ = MakeCachedEngine(priced_.get(), cache_.get(),
                             {.engine = fmt::format("{} {}", name_, SHOESTRING_VERSION),
                              .lake = engine_store_->Uri()});
}

void QueryEngine::AddLedger() {
  const std::string path = LedgerPath(context_.settings);
  if (options_.no_ledger || path.empty()) return;
  try {
    if (path.starts_with(StateFolder() + "/")) MakePrivateFolder(StateFolder());
  } catch (const Error& error) {
    return Warn(error, "SHOESTRING_LEDGER");
  }
  const auto record = [ledger = Ledger(path)](const LedgerEntry& entry) {
    try {
      ledger.Append(entry);
    } catch (const Error& error) {
      Warn(error, "SHOESTRING_LEDGER");
    }
  };
  recorded_ = MakeRecordedEngine(cached_.get(), name_, record);
}

}  // namespace shoestring
