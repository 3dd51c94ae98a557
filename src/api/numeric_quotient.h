#pragma once

#include <string>
#include <string_view>

namespace shoestring {

/// numerator / denominator as Postgres divides numerics; both are decimals.
std::string DividedNumeric(std::string_view numerator, std::string_view denominator);

/// The same for doubles.
std::string InexactQuotient(std::string_view numerator, std::string_view denominator);

}  // namespace shoestring
