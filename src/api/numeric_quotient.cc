#include "api/numeric_quotient.h"

#include <arrow/api.h>
#include <arrow/util/decimal.h>

#include <algorithm>
#include <cstdlib>

#include "base/error.h"
#include "engine/value_text.h"

namespace shoestring {

namespace {

struct Decimal {
  arrow::Decimal256 digits;
  int32_t scale = 0;
};

Decimal ParseDecimal(std::string_view text) {
  Decimal decimal;
  int32_t precision = 0;
  if (!arrow::Decimal256::FromString(text, &decimal.digits, &precision, &decimal.scale)
           .ok()) {
    throw Fail(ErrorKind::kInternal, "Not a decimal: {}", text);
  }
  return decimal;
}

/// "-5" as "-0.05" for a scale of 2.
std::string WithPoint(std::string digits, size_t scale) {
  const bool negative = digits.starts_with('-');
  if (negative) digits.erase(0, 1);
  if (digits.size() <= scale) digits.insert(0, scale + 1 - digits.size(), '0');
  if (scale > 0) digits.insert(digits.size() - scale, ".");
  return negative ? "-" + digits : digits;
}

/// The weight of a numeric's first group of four digits, and that group.
std::pair<int, int> FirstGroup(const Decimal& decimal) {
  std::string digits =
      arrow::Decimal256(arrow::Decimal256::Abs(decimal.digits)).ToIntegerString();
  if (digits == "0") return {0, 0};
  const int before = static_cast<int>(digits.size()) - decimal.scale;
  const int weight = before > 0 ? (before - 1) / 4 : -((-before) / 4 + 1);
  const int length = before - weight * 4;
  digits.append(4, '0');
  return {
      weight,
      std::atoi(digits.substr(0, static_cast<size_t>(std::clamp(length, 1, 4))).c_str())};
}

}  // namespace

std::string DividedNumeric(std::string_view numerator, std::string_view denominator) {
  const Decimal above = ParseDecimal(numerator);
  const Decimal below = ParseDecimal(denominator);
  const auto [weight1, first1] = FirstGroup(above);
  const auto [weight2, first2] = FirstGroup(below);
  const int weight = weight1 - weight2 - (first1 <= first2 ? 1 : 0);
  const int32_t scale = std::max({16 - weight * 4, above.scale, below.scale, 0});
  // One digit more, to round by.
  const int32_t shift = scale + 1 - above.scale + below.scale;
  const auto scaled = above.digits.Rescale(0, shift);
  if (!scaled.ok()) return InexactQuotient(numerator, denominator);
  auto quotient = arrow::Decimal256(*scaled / below.digits);
  const bool negative = quotient < arrow::Decimal256(0);
  quotient += arrow::Decimal256(negative ? -5 : 5);
  return WithPoint(arrow::Decimal256(quotient / arrow::Decimal256(10)).ToIntegerString(),
                   static_cast<size_t>(scale));
}

std::string InexactQuotient(std::string_view numerator, std::string_view denominator) {
  const double quotient = std::strtod(std::string(numerator).c_str(), nullptr) /
                          std::strtod(std::string(denominator).c_str(), nullptr);
  arrow::DoubleBuilder builder;
  std::shared_ptr<arrow::Array> array;
  if (!builder.Append(quotient).ok() || !builder.Finish(&array).ok()) {
    throw Fail(ErrorKind::kInternal, "No memory for a number");
  }
  std::string text;
  AppendText(*array, 0, &text);
  return text;
}

}  // namespace shoestring
