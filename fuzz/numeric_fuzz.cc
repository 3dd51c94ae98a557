// Any bytes as a numeric: read as a decimal it is the number that its digits spell, and
// what is put in the place of one too large can be read. The first two bytes are the
// decimal's precision and scale.
#include <cstdlib>
#include <string>

#include "fuzz/expectation.h"
#include "source/numeric.h"

using namespace shoestring;

namespace {

constexpr int kHeaderBytes = 8;
constexpr int kMostDigits = 38;
constexpr const char* kTooFine = "more digits after the point";

// The digits of the number in units of 10^-scale, without leading zeros; kTooFine if that
// cannot be. The slow way, in text, which shares nothing with DecodeNumeric().
std::string Spelled(Bytes field, int scale) {
  const int weight = LoadBigEndian<int16_t>(field.data() + 2);
  std::string whole;
  std::string fraction(weight < -1 ? 4 * (-1 - weight) : 0, '0');
  for (size_t at = kHeaderBytes; at < field.size(); at += 2) {
    const int place = weight - static_cast<int>(at - kHeaderBytes) / 2;
    std::string group = std::to_string(LoadBigEndian<int16_t>(field.data() + at));
    group.insert(0, 4 - group.size(), '0');
    (place >= 0 ? whole : fraction) += group;
  }
  if (weight >= 0) whole.resize(4 * (static_cast<size_t>(weight) + 1), '0');
  const size_t last = fraction.find_last_not_of('0');
  fraction.resize(last == std::string::npos ? 0 : last + 1);
  if (fraction.size() > static_cast<size_t>(scale)) return kTooFine;
  fraction.resize(scale, '0');
  std::string digits = whole + fraction;
  digits.erase(0, digits.find_first_not_of('0'));
  return digits;
}

std::string Digits(Int128 value) {
  std::string digits;
  for (; value != 0; value /= 10) {
    const int digit = static_cast<int>(value % 10);
    digits.insert(digits.begin(), static_cast<char>('0' + std::abs(digit)));
  }
  return digits;
}

bool AreGroups(Bytes groups) {
  for (size_t at = 0; at + 1 < groups.size(); at += 2) {
    const int group = LoadBigEndian<int16_t>(groups.data() + at);
    if (group < 0 || group > 9999) return false;
  }
  return true;
}

void CheckTooLarge(Bytes field, int precision, int scale) {
  const std::string digits = Spelled(field, scale);
  Require(digits == kTooFine || digits.size() > static_cast<size_t>(precision));
}

void CheckNearest(Bytes field, int precision, int scale) {
  Int128 value = 0;
  const auto nearest = NearestNumeric(field, precision, scale);
  Require(nearest.has_value());
  Require(DecodeNumeric(AsBytes(*nearest), precision, scale, &value) ==
          NumericOutcome::kOk);
}

void Check(Bytes field, int precision, int scale) {
  Int128 value = 0;
  switch (DecodeNumeric(field, precision, scale, &value)) {
    case NumericOutcome::kOk: Require(Digits(value) == Spelled(field, scale)); break;
    case NumericOutcome::kInfinity: CheckNearest(field, precision, scale); break;
    case NumericOutcome::kOutOfRange:
      // It may have been seen before a group that is none.
      if (!AreGroups(field.subspan(kHeaderBytes))) break;
      CheckTooLarge(field, precision, scale);
      CheckNearest(field, precision, scale);
      break;
    case NumericOutcome::kNotANumber:
    case NumericOutcome::kMalformed: break;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const int precision = 1 + data[0] % kMostDigits;
  const int scale = data[1] % (precision + 1);
  Check({data + 2, size - 2}, precision, scale);
  return 0;
}
