#include "correlate/holding.h"

#include <charconv>
#include <optional>

namespace shoestring {

namespace {

constexpr size_t kCusipLength = 9;
constexpr size_t kShortestCusip = 6;

// Not as the locale has them, which would be asked for each letter of each line.
constexpr bool IsSpace(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }
constexpr char ToUpper(char c) {
  return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
}

std::string_view Stripped(std::string_view text) {
  while (!text.empty() && IsSpace(text.front())) text.remove_prefix(1);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// What a character of a CUSIP counts: 0-9, A-Z, then * @ #.
std::optional<int> Worth(char c) {
  constexpr std::string_view kOrder = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ*@#";
  const size_t place = kOrder.find(c);
  return place == kOrder.npos ? std::nullopt : std::optional(static_cast<int>(place));
}

/// Whether the ninth character is the check digit of the first eight: every second one
/// doubled, the digits of all summed up, and what is missing to a multiple of ten.
bool HasCheckDigit(std::string_view cusip) {
  int sum = 0;
  for (size_t i = 0; i + 1 < kCusipLength; ++i) {
    const auto worth = Worth(cusip[i]);
    if (!worth) return false;
    const int counted = i % 2 == 1 ? 2 * *worth : *worth;
    sum += counted / 10 + counted % 10;
  }
  return cusip.back() == '0' + (10 - sum % 10) % 10;
}

}  // namespace

std::string MoneyText(const Money& money) {
  std::string text = money.ToString(kMoneyScale);
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text;
}

double MoneyNumber(const Money& money) {
  constexpr int64_t kExact = int64_t{1} << 53;  // Below it a double has every integer.
  constexpr double kUnits = 10'000;
  if (money < Money(kExact) && money > Money(-kExact)) {
    return static_cast<double>(static_cast<int64_t>(money.low_bits())) / kUnits;
  }
  const std::string text = MoneyText(money);
  double number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string_view KindName(Kind kind) {
  switch (kind) {
    case Kind::kShares: return "shares";
    case Kind::kPut: return "put";
    case Kind::kCall: return "call";
  }
  return "";
}

std::string RestoreCusip(std::string_view text) {
  std::string cusip(Stripped(text));
  if (cusip.size() < kShortestCusip) return "";
  for (char& c : cusip) c = ToUpper(c);
  if (cusip.size() >= kCusipLength) return cusip;
  const std::string restored = std::string(kCusipLength - cusip.size(), '0') + cusip;
  return HasCheckDigit(restored) ? restored : cusip;
}

Kind ParseKind(std::string_view put_call) {
  const std::string_view text = Stripped(put_call);
  if (text.empty()) return Kind::kShares;
  const char letter = ToUpper(text.front());
  return letter == 'P' ? Kind::kPut : letter == 'C' ? Kind::kCall : Kind::kShares;
}

}  // namespace shoestring
