#include "cost/prices.h"

#include <toml++/toml.h>

#include <algorithm>

#include "base/error.h"
#include "embedded/prices.h"

namespace shoestring {

namespace {

toml::table ParseTable(std::string_view text) {
  try {
    return toml::parse(text);
  } catch (const toml::parse_error& error) {
    throw Fail(ErrorKind::kInternal, "A price table is no TOML: {}", error.description());
  }
}

double Number(const toml::node_view<const toml::node>& node, std::string_view what) {
  const auto number = node.value<double>();
  if (!number) throw Fail(ErrorKind::kInternal, "No price of {} in the table", what);
  return *number;
}

std::string AsOf(const toml::table& table) {
  const auto date = table["as_of"].value<std::string>();
  if (!date) throw Fail(ErrorKind::kInternal, "A price table has no as_of");
  return *date;
}

std::vector<Prices::Compute> ComputeSizes(const toml::table& table) {
  std::vector<Prices::Compute> sizes;
  const toml::array* listed = table["compute"].as_array();
  if (listed == nullptr) throw Fail(ErrorKind::kInternal, "No price of compute");
  for (const toml::node& node : *listed) {
    const toml::node_view<const toml::node> size(node);
    sizes.push_back({size["name"].value_or(std::string()),
                     Number(size["month"], "compute"),
                     static_cast<int64_t>(Number(size["max_connections"], "compute"))});
  }
  return sizes;
}

}  // namespace

Prices ParsePrices(std::string_view aws_text, std::string_view supabase_text) {
  const toml::table aws = ParseTable(aws_text);
  const toml::table supabase = ParseTable(supabase_text);
  const auto in_aws = [&](std::string_view path) {
    return Number(aws.at_path(path), path);
  };
  const auto in_supabase = [&](std::string_view path) {
    return Number(supabase.at_path(path), path);
  };
  Prices prices;
  prices.as_of = std::min(AsOf(aws), AsOf(supabase));
  prices.s3_gb_month = in_aws("s3.standard.gb_month");
  prices.s3_get_per_1000 = in_aws("s3.standard.get_per_1000");
  prices.athena_tb_scanned = in_aws("athena.tb_scanned");
  prices.athena_minimum_bytes = static_cast<int64_t>(in_aws("athena.minimum_bytes"));
  // Whether these count in 1000s or 1024s is not said: the smaller is safe.
  prices.free_database_bytes =
      static_cast<int64_t>(in_supabase("free.database_mb") * 1e6);
  prices.free_storage_bytes = static_cast<int64_t>(in_supabase("free.storage_gb") * 1e9);
  prices.pro_month = in_supabase("pro.month");
  prices.compute_credit = in_supabase("pro.compute_credit");
  prices.disk_included_gb = in_supabase("pro.disk_included_gb");
  prices.disk_gb_month = in_supabase("pro.disk_gb_month");
  prices.compute = ComputeSizes(supabase);
  return prices;
}

const Prices& ShippedPrices() {
  static const Prices kPrices =
      ParsePrices(embedded::aws_us_east_1_toml, embedded::supabase_toml);
  return kPrices;
}

}  // namespace shoestring
