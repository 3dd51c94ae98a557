#include "base/jsonb.h"

#include <algorithm>
#include <charconv>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace json = boost::json;

namespace {

/// Before what was a number: a byte that no string has, as they are UTF-8.
constexpr char kNumberMark = '\xff';

int64_t Exponent(std::string_view digits) {
  if (digits.starts_with('+')) digits.remove_prefix(1);
  int64_t exponent = 0;
  const auto read =
      std::from_chars(digits.data(), digits.data() + digits.size(), exponent);
  if (read.ec != std::errc() || std::abs(exponent) > INT32_MAX) {
    throw Fail(ErrorKind::kCorrupt, "A JSON number is too large: its exponent is {}",
               digits);
  }
  return exponent;
}

/// The same text for the same value: its digits from the first to the last that is not
/// zero, and the power of ten of the last. "-15e-1" of "-1.50", "0" of "-0.0".
std::string NumberText(std::string_view number) {
  const bool negative = number.starts_with('-');
  if (negative) number.remove_prefix(1);
  const size_t mantissa = std::min(number.find_first_of("eE"), number.size());
  int64_t power = mantissa < number.size() ? Exponent(number.substr(mantissa + 1)) : 0;
  std::string digits(number.substr(0, mantissa));
  if (const size_t point = digits.find('.'); point != digits.npos) {
    power -= static_cast<int64_t>(digits.size() - point - 1);
    digits.erase(point, 1);
  }
  digits.erase(0, digits.find_first_not_of('0'));
  if (digits.empty()) return {kNumberMark, '0'};
  const size_t end = digits.find_last_not_of('0') + 1;
  power += static_cast<int64_t>(digits.size() - end);
  digits.resize(end);
  return fmt::format("{}{}{}e{}", kNumberMark, negative ? "-" : "", digits, power);
}

bool Contains(const json::value& left, const json::value& right);

bool HasMembers(const json::object& left, const json::object& right) {
  return std::ranges::all_of(right, [&](const auto& member) {
    const json::value* found = left.if_contains(member.key());
    return found && Contains(*found, member.value());
  });
}

bool HasElement(const json::array& left, const json::value& right) {
  return std::ranges::any_of(
      left, [&](const json::value& element) { return Contains(element, right); });
}

bool Contains(const json::value& left, const json::value& right) {
  if (left.is_object() && right.is_object()) {
    return HasMembers(left.get_object(), right.get_object());
  }
  if (left.is_array() && right.is_array()) {
    return std::ranges::all_of(right.get_array(), [&](const json::value& element) {
      return HasElement(left.get_array(), element);
    });
  }
  return left.is_primitive() && left == right;
}

}  // namespace

Jsonb::Jsonb(std::string_view text)
    : value_(ParseJsonNumbersAs(NumberText, text, "jsonb", kMaxDepth)) {}

bool Jsonb::Contains(const Jsonb& other) const {
  if (value_.is_array() && other.value_.is_primitive()) {
    return HasElement(value_.get_array(), other.value_);
  }
  return shoestring::Contains(value_, other.value_);
}

}  // namespace shoestring
