#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/bytes.h"

namespace shoestring {

/// Digits of a numeric(precision, scale); the scale may be negative since Postgres 15.
struct NumericSize {
  int precision = 0;
  int scale = 0;
};

NumericSize NumericSizeOfTypmod(int32_t typmod);

using Int128 = __int128;

enum class NumericOutcome {
  kOk,
  kNotANumber,
  kInfinity,
  kOutOfRange,  ///< More digits than the decimal has, before or after its point.
  kMalformed,   ///< Not the binary send form of a numeric.
};

/// Reads numeric's binary send form (Postgres' numeric_send: int16 digits, weight, sign,
/// scale, then base-10000 digits) as an integer of units of 10^-scale.
NumericOutcome DecodeNumeric(Bytes field, int precision, int scale, Int128* value);

/// The digits of numeric's binary send form as Postgres prints them, "NaN" and "Infinity"
/// included; nothing when it is none.
std::optional<std::string> NumericText(Bytes field);

/// The binary form of what a decimal can hold in place of a numeric that it cannot: its
/// largest for greater numbers and Infinity, the digits up to its scale for finer ones.
/// Nothing for NaN.
std::optional<std::string> NearestNumeric(Bytes field, int precision, int scale);

}  // namespace shoestring
