#include "engine/query_price.h"

#include "base/error.h"
#include "base/units.h"
#include "cost/athena_bill.h"
#include "cost/query_cost.h"

namespace shoestring {

namespace {

/// Of all tables.
Reads Total(const ScanEstimate& estimate, Reads TableEstimate::*reader) {
  Reads total;
  for (const TableEstimate& table : estimate.tables) total += table.*reader;
  return total;
}

QueryPrice OnDuckdb(const ScanEstimate& estimate, bool bucket, const Prices& prices) {
  if (!bucket) return {"duckdb", Total(estimate, &TableEstimate::folder)};
  Reads reads = Total(estimate, &TableEstimate::bucket);
  ++reads.requests;  // lake.json
  return {"duckdb", reads, S3GetDollars(reads.requests, prices)};
}

QueryPrice OnTrino(const ScanEstimate& estimate, bool bucket, const Prices& prices) {
  const Reads reads = Total(estimate, &TableEstimate::trino);
  return {"trino", reads, bucket ? S3GetDollars(reads.requests, prices) : 0};
}

QueryPrice OnAthena(const ScanEstimate& estimate, const Prices& prices) {
  const Reads reads = Total(estimate, &TableEstimate::trino);
  return {"athena", reads,
          AthenaDollars(prices, reads.bytes) + S3GetDollars(reads.requests, prices)};
}

}  // namespace

std::vector<QueryPrice> PricesOf(const ScanEstimate& estimate, bool bucket,
                                 const Prices& prices) {
  return {OnDuckdb(estimate, bucket, prices), OnTrino(estimate, bucket, prices),
          OnAthena(estimate, prices)};
}

bool HasPrice(std::string_view engine) {
  return engine == "duckdb" || engine == "trino" || engine == "athena";
}

std::optional<QueryPrice> PriceOn(std::string_view engine, const ScanEstimate& estimate,
                                  bool bucket, const Prices& prices) {
  for (const QueryPrice& price : PricesOf(estimate, bucket, prices)) {
    if (price.engine == engine) return price;
  }
  return std::nullopt;
}

void CheckPrice(const QueryPrice& price, const PriceLimits& limits) {
  if (limits.scan_bytes > 0 && price.reads.bytes > limits.scan_bytes) {
    throw Fail(ErrorKind::kLimit,
               "The query would read more than it may, raise --max-scan or filter more: "
               "up to {}, of {}",
               FormatBytes(price.reads.bytes), FormatBytes(limits.scan_bytes));
  }
  if (limits.dollars > 0 && price.dollars > limits.dollars) {
    throw Fail(ErrorKind::kLimit,
               "The query would cost more than it may, raise --max-cost or filter more: "
               "up to {}, of {}",
               FormatDollars(price.dollars), FormatDollars(limits.dollars));
  }
}

}  // namespace shoestring
