#include "base/units.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr std::string_view kBytesHelp = "write 512MB, 2GiB or a number of bytes";
constexpr std::string_view kDurationHelp = "write 250ms, 30s, 5m, 1h30m or 7d";

bool IsSpace(char c) { return c == ' ' || c == '\t'; }

char Lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

void SkipSpaces(std::string_view* text) {
  while (!text->empty() && IsSpace(text->front())) text->remove_prefix(1);
}

std::string_view Trim(std::string_view text) {
  SkipSpaces(&text);
  while (!text.empty() && IsSpace(text.back())) text.remove_suffix(1);
  return text;
}

/// Takes "12" or "1.5" off the front; no sign, no exponent.
std::optional<double> TakeNumber(std::string_view* text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(),
                                            value, std::chars_format::fixed);
  if (error != std::errc() || std::signbit(value) || !std::isfinite(value)) {
    return std::nullopt;
  }
  text->remove_prefix(static_cast<size_t>(end - text->data()));
  return value;
}

/// Takes the letters off the front, in lower case.
std::string TakeWord(std::string_view* text) {
  std::string word;
  while (!text->empty() && Lower(text->front()) >= 'a' && Lower(text->front()) <= 'z') {
    word.push_back(Lower(text->front()));
    text->remove_prefix(1);
  }
  return word;
}

/// "", "b", "k", "kb", "kib", …: what one of it weighs.
std::optional<double> ByteUnit(std::string_view unit) {
  if (unit.empty() || unit == "b") return 1;
  const size_t exponent = std::string_view("kmgtp").find(unit.front());
  if (exponent == std::string_view::npos) return std::nullopt;
  unit.remove_prefix(1);
  const bool binary = !unit.empty() && unit.front() == 'i';
  if (binary) unit.remove_prefix(1);
  if (!unit.empty() && unit != "b") return std::nullopt;
  return std::pow(binary ? 1024.0 : 1000.0, static_cast<double>(exponent + 1));
}

/// Milliseconds of one unit.
std::optional<double> DurationUnit(std::string_view unit) {
  if (unit == "ms") return 1;
  if (unit == "s" || unit == "sec") return 1e3;
  if (unit == "m" || unit == "min") return 60e3;
  if (unit == "h") return 3600e3;
  if (unit == "d") return 86400e3;
  return std::nullopt;
}

/// Digits of a whole number, without a double's loss.
std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t value = 0;
  const auto [end, error] =
      std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

int64_t ParseBytes(std::string_view text) {
  const std::string_view all = Trim(text);
  if (const auto whole = WholeNumber(all)) return *whole;
  std::string_view rest = all;
  const auto number = TakeNumber(&rest);
  SkipSpaces(&rest);
  const auto unit = ByteUnit(TakeWord(&rest));
  if (!number || !unit || !rest.empty()) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a size, {}: '{}'", kBytesHelp, text);
  }
  const double bytes = *number * *unit;
  if (bytes >= 0x1p63) {
    throw Fail(ErrorKind::kInvalidArgument, "Size is too large, {}: '{}'", kBytesHelp,
               text);
  }
  return std::llround(bytes);
}

std::chrono::milliseconds ParseDuration(std::string_view text) {
  std::string_view rest = Trim(text);
  double total = 0;
  bool valid = !rest.empty();
  while (valid && !rest.empty()) {
    const auto number = TakeNumber(&rest);
    SkipSpaces(&rest);
    const std::string word = TakeWord(&rest);
    SkipSpaces(&rest);
    const bool bare = word.empty() && rest.empty() && total == 0;
    const auto unit = bare ? std::optional(1e3) : DurationUnit(word);
    valid = number && unit;
    if (valid) total += *number * *unit;
  }
  constexpr double kCentury = 100 * 366 * 86400e3;
  if (!valid || total > kCentury) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a duration, {}: '{}'", kDurationHelp,
               text);
  }
  return std::chrono::milliseconds(std::llround(total));
}

std::string FormatBytes(int64_t bytes) {
  constexpr std::array<std::string_view, 7> kUnits = {"B",  "KB", "MB", "GB",
                                                      "TB", "PB", "EB"};
  double value = static_cast<double>(bytes);
  size_t unit = 0;
  // 999.95 would print as 1000.0.
  while (std::abs(value) >= (unit == 0 ? 1000 : 999.5) && unit + 1 < kUnits.size()) {
    value /= 1000;
    ++unit;
  }
  if (unit == 0) return fmt::format("{} B", bytes);
  const int decimals = std::abs(value) < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", value, decimals, kUnits[unit]);
}

std::string FormatCount(int64_t count) {
  std::string digits = fmt::format("{}", count);
  const int first = count < 0 ? 1 : 0;
  for (int at = static_cast<int>(digits.size()) - 3; at > first; at -= 3) {
    digits.insert(static_cast<size_t>(at), 1, ',');
  }
  return digits;
}

std::string FormatDuration(std::chrono::milliseconds duration) {
  const int64_t ms = duration.count();
  if (ms < 1000) return fmt::format("{} ms", ms);
  if (ms < 59950) return fmt::format("{:.1f} s", static_cast<double>(ms) / 1000);
  const int64_t seconds = (ms + 500) / 1000;
  if (seconds < 3600) return fmt::format("{} min {} s", seconds / 60, seconds % 60);
  const int64_t minutes = (seconds + 30) / 60;
  return fmt::format("{} h {} min", minutes / 60, minutes % 60);
}

}  // namespace shoestring
