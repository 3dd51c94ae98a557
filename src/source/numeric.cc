#include "source/numeric.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <vector>

namespace shoestring {

namespace {

constexpr int32_t kTypmodHeader = 4;
constexpr uint16_t kPositive = 0x0000;
constexpr uint16_t kNegative = 0x4000;
constexpr uint16_t kNotANumberSign = 0xC000;
constexpr uint16_t kPositiveInfinity = 0xD000;
constexpr uint16_t kNegativeInfinity = 0xF000;
constexpr int kDigitsPerGroup = 4;
constexpr int kGroupBase = 10000;
constexpr size_t kHeaderBytes = 8;

constexpr auto kPowersOfTen = [] {
  std::array<Int128, 39> powers{};
  powers[0] = 1;
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

// value * 10^exponent + group, as long as it stays below the limit.
bool ShiftAndAdd(Int128 limit, int exponent, int add, Int128* value) {
  const bool overflow = __builtin_mul_overflow(*value, kPowersOfTen[exponent], value);
  if (overflow || *value >= limit) return false;
  *value += add;
  return *value < limit;
}

int DigitsOf(int group) {
  int digits = 0;
  for (; group > 0; group /= 10) ++digits;
  return digits;
}

std::string FormatNumeric(uint16_t sign, int weight, int scale,
                          const std::vector<int16_t>& groups) {
  std::string bytes;
  AppendBigEndian(&bytes, static_cast<int16_t>(groups.size()));
  AppendBigEndian(&bytes, static_cast<int16_t>(weight));
  AppendBigEndian(&bytes, sign);
  AppendBigEndian(&bytes, static_cast<int16_t>(scale));
  for (const int16_t group : groups) AppendBigEndian(&bytes, group);
  return bytes;
}

// Nines only.
std::string LargestNumeric(uint16_t sign, int precision, int scale) {
  const int integer_digits = precision - scale;
  std::vector<int16_t> groups;
  const int head = integer_digits % kDigitsPerGroup;
  if (head > 0) groups.push_back(static_cast<int16_t>(kPowersOfTen[head] - 1));
  groups.insert(groups.end(), integer_digits / kDigitsPerGroup, kGroupBase - 1);
  const int weight = static_cast<int>(groups.size()) - 1;
  groups.insert(groups.end(), scale / kDigitsPerGroup, kGroupBase - 1);
  const int tail = scale % kDigitsPerGroup;
  if (tail > 0) {
    groups.push_back(
        static_cast<int16_t>(kGroupBase - kPowersOfTen[kDigitsPerGroup - tail]));
  }
  return FormatNumeric(sign, weight, scale, groups);
}

}  // namespace

NumericSize NumericSizeOfTypmod(int32_t typmod) {
  const int32_t packed = typmod - kTypmodHeader;
  // The scale is 11 bits, signed.
  return {(packed >> 16) & 0xFFFF, ((packed & 0x7FF) ^ 1024) - 1024};
}

NumericOutcome DecodeNumeric(Bytes field, int precision, int scale, Int128* value) {
  if (field.size() < kHeaderBytes) return NumericOutcome::kMalformed;
  const auto count = LoadBigEndian<uint16_t>(field.data());
  const int weight = LoadBigEndian<int16_t>(field.data() + 2);
  const auto sign = LoadBigEndian<uint16_t>(field.data() + 4);
  if (sign == kNotANumberSign) return NumericOutcome::kNotANumber;
  if (sign == kPositiveInfinity || sign == kNegativeInfinity) {
    return NumericOutcome::kInfinity;
  }
  if (sign != kPositive && sign != kNegative) return NumericOutcome::kMalformed;
  if (field.size() != kHeaderBytes + 2 * size_t{count}) return NumericOutcome::kMalformed;

  const Int128 limit = kPowersOfTen[precision];
  Int128 sum = 0;
  // Decimal places that the groups read so far leave to the right of the point, negated.
  int exponent = kDigitsPerGroup * (weight + 1);
  for (int i = 0; i < count; ++i) {
    const int group = LoadBigEndian<int16_t>(field.data() + kHeaderBytes + 2 * i);
    if (group < 0 || group >= kGroupBase) return NumericOutcome::kMalformed;
    exponent -= kDigitsPerGroup;
    const int excess = -exponent - scale;  // Digits of this group past the scale.
    if (excess <= 0) {
      if (!ShiftAndAdd(limit, kDigitsPerGroup, group, &sum)) {
        return NumericOutcome::kOutOfRange;
      }
      continue;
    }
    if (excess >= kDigitsPerGroup) {
      if (group != 0) return NumericOutcome::kOutOfRange;
      exponent += kDigitsPerGroup;
      continue;
    }
    const int unit = static_cast<int>(kPowersOfTen[excess]);
    if (group % unit != 0) return NumericOutcome::kOutOfRange;
    if (!ShiftAndAdd(limit, kDigitsPerGroup - excess, group / unit, &sum)) {
      return NumericOutcome::kOutOfRange;
    }
    exponent += excess;
  }
  // What is left are zeros that the send form does not carry.
  const int missing = sum == 0 ? 0 : exponent + scale;
  if (missing > 0) {
    if (missing > precision || !ShiftAndAdd(limit, missing, 0, &sum)) {
      return NumericOutcome::kOutOfRange;
    }
  }
  *value = sign == kNegative ? -sum : sum;
  return NumericOutcome::kOk;
}

std::optional<std::string> NumericText(Bytes field) {
  if (field.size() < kHeaderBytes) return std::nullopt;
  const auto count = LoadBigEndian<uint16_t>(field.data());
  const int weight = LoadBigEndian<int16_t>(field.data() + 2);
  const auto sign = LoadBigEndian<uint16_t>(field.data() + 4);
  const auto scale = LoadBigEndian<uint16_t>(field.data() + 6);
  if (sign == kNotANumberSign) return "NaN";
  if (sign == kPositiveInfinity) return "Infinity";
  if (sign == kNegativeInfinity) return "-Infinity";
  if (sign != kPositive && sign != kNegative) return std::nullopt;
  if (field.size() != kHeaderBytes + 2 * size_t{count}) return std::nullopt;

  const auto group = [&](int i) -> int {
    if (i < 0 || i >= count) return 0;
    return LoadBigEndian<uint16_t>(field.data() + kHeaderBytes + 2 * i);
  };
  std::string text = sign == kNegative ? "-" : "";
  text += std::to_string(group(0) * (weight >= 0 ? 1 : 0));
  for (int i = 1; i <= weight; ++i) text += fmt::format("{:04}", group(i));
  if (scale == 0) return text;
  std::string fraction;
  for (int i = weight + 1; fraction.size() < scale; ++i) {
    fraction += fmt::format("{:04}", group(i));
  }
  return text + "." + fraction.substr(0, scale);
}

std::optional<std::string> NearestNumeric(Bytes field, int precision, int scale) {
  if (field.size() < kHeaderBytes) return std::nullopt;
  const auto count = LoadBigEndian<uint16_t>(field.data());
  const int weight = LoadBigEndian<int16_t>(field.data() + 2);
  const auto sign = LoadBigEndian<uint16_t>(field.data() + 4);
  if (sign == kNotANumberSign) return std::nullopt;
  if (sign == kPositiveInfinity) return LargestNumeric(kPositive, precision, scale);
  if (sign == kNegativeInfinity) return LargestNumeric(kNegative, precision, scale);
  if (field.size() != kHeaderBytes + 2 * size_t{count} || count == 0) return std::nullopt;
  std::vector<int16_t> groups;
  for (size_t at = kHeaderBytes; at < field.size(); at += 2) {
    groups.push_back(LoadBigEndian<int16_t>(field.data() + at));
    if (groups.back() < 0 || groups.back() >= kGroupBase) return std::nullopt;
  }
  const int integer_digits =
      weight < 0 ? 0 : kDigitsPerGroup * weight + DigitsOf(groups[0]);
  if (integer_digits > precision - scale) return LargestNumeric(sign, precision, scale);
  // Of the group that straddles the scale, the digits before it stay.
  const int kept = kDigitsPerGroup * (weight + 1) + scale;
  const int whole = std::max(0, kept / kDigitsPerGroup);
  const int part = kept < 0 ? 0 : kept % kDigitsPerGroup;
  if (static_cast<int>(groups.size()) > whole) {
    const int straddling = groups[whole];
    groups.resize(whole);
    if (part > 0) {
      const int unit = static_cast<int>(kPowersOfTen[kDigitsPerGroup - part]);
      groups.push_back(static_cast<int16_t>(straddling - straddling % unit));
    }
  }
  return FormatNumeric(sign, weight, scale, groups);
}

}  // namespace shoestring
