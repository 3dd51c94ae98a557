#include "engine/priced_engine.h"

#include <algorithm>

#include "base/error.h"
#include "cost/query_cost.h"
#include "lake/read_cache.h"

namespace shoestring {

namespace {

class PricedEngine : public Engine {
 public:
  PricedEngine(Engine* inner, PricedOptions options)
      : inner_(inner), options_(std::move(options)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    if (options_.max_dollars > 0 || limits.scan_bytes > 0 || options_.on_price) {
      CheckBeforehand(statement, limits);
    }
    return inner_->Run(statement, WithMoney(limits), std::move(cancel));
  }

  StatementPlanner* planner() override { return inner_->planner(); }

 private:
  void CheckBeforehand(const Statement& statement, const QueryLimits& limits) const {
    const auto foretold = Foretell(statement, limits);
    if (options_.on_price) options_.on_price(foretold);
    if (const auto* known = std::get_if<Foretold>(&foretold)) {
      CheckPrice(known->price, {limits.scan_bytes, options_.max_dollars});
      return;
    }
    // A limit of bytes the engine keeps itself, or refuses.
    if (options_.max_dollars == 0) return;
    throw Fail(ErrorKind::kUnsupported,
               "A limit of dollars cannot be kept, as nothing says what the query will "
               "read; limit the bytes with --max-scan. {}",
               std::get<Error>(foretold).what());
  }

  std::variant<Foretold, Error> Foretell(const Statement& statement,
                                         const QueryLimits& limits) const {
    try {
      Foretold foretold{.price = {.engine = options_.engine}};
      if (!HasPrice(options_.engine)) {
        return Fail(ErrorKind::kUnsupported, "No price is known of: {}", options_.engine);
      }
      ObjectStore* const lake = options_.lake();
      const StatementPlan plan = options_.planner()->Plan(statement, limits);
      foretold.estimate = EstimateScan(plan, lake);
      foretold.price =
          *PriceOn(options_.engine, foretold.estimate, IsRemote(*lake), ShippedPrices());
      return foretold;
    } catch (const Error& error) {
      // The engine that plans itself would say the same of the statement.
      if (inner_->planner() != nullptr) throw;
      return error;
    }
  }

  /// An engine that bills bytes is not to read more of them than the money is for.
  QueryLimits WithMoney(QueryLimits limits) const {
    if (options_.max_dollars == 0 || options_.engine != "athena") return limits;
    const int64_t most = AthenaBytesFor(options_.max_dollars, ShippedPrices());
    limits.scan_bytes = limits.scan_bytes == 0 ? most : std::min(limits.scan_bytes, most);
    return limits;
  }

  Engine* const inner_;
  const PricedOptions options_;
};

}  // namespace

std::unique_ptr<Engine> MakePricedEngine(Engine* inner, PricedOptions options) {
  return std::make_unique<PricedEngine>(inner, std::move(options));
}

}  // namespace shoestring
