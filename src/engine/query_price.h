#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cost/prices.h"
#include "engine/scan_estimate.h"

namespace shoestring {

/// What an engine would read to run a statement, and what is billed for that.
struct QueryPrice {
  std::string_view engine;
  Reads reads;  ///< At most.
  double dollars = 0;
};

/// For each engine that reads the lake: duckdb, trino, athena. Of a lake in a bucket,
/// S3's GET requests are billed to DuckDB and Trino, not the machines that they run on;
/// Athena bills what it scans, for a lake in a folder as if that were in a bucket.
std::vector<QueryPrice> PricesOf(const ScanEstimate& estimate, bool bucket,
                                 const Prices& prices);

/// True for these three.
bool HasPrice(std::string_view engine);

/// That of one engine; nothing for one that reads no lake.
std::optional<QueryPrice> PriceOn(std::string_view engine, const ScanEstimate& estimate,
                                  bool bucket, const Prices& prices);

/// What a query may read and cost, by the estimate; 0 sets no limit.
struct PriceLimits {
  int64_t scan_bytes = 0;
  double dollars = 0;
};

/// Throws kLimit for what is above.
void CheckPrice(const QueryPrice& price, const PriceLimits& limits);

}  // namespace shoestring
