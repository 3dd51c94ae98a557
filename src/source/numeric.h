#pragma once

#include <cstdint>
#include <optional>

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

}  // namespace shoestring
