#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// US dollars, as prices/*.toml have them.
struct Prices {
  struct Compute {
    std::string name;
    double month = 0;
    int64_t max_connections = 0;  ///< What a project of this size starts with.
  };

  std::string as_of;  ///< ISO date on which the older table was gathered.
  double s3_gb_month = 0;
  double s3_get_per_1000 = 0;
  double athena_tb_scanned = 0;
  int64_t athena_minimum_bytes = 0;
  int64_t free_database_bytes = 0;
  int64_t free_storage_bytes = 0;
  double pro_month = 0;
  double compute_credit = 0;
  double disk_included_gb = 0;
  double disk_gb_month = 0;
  std::vector<Compute> compute;  ///< The smallest first.
};

/// Reads the text of two price tables; throws kInternal when a price is missing.
Prices ParsePrices(std::string_view aws, std::string_view supabase);

/// The tables that this binary was built with.
const Prices& ShippedPrices();

}  // namespace shoestring
