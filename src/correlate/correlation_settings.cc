#include "correlate/correlation_settings.h"

#include "base/error.h"
#include "correlate/quarter.h"

namespace shoestring {

namespace {

constexpr const char* kSection = "correlation";
constexpr std::string_view kNone = "none";
constexpr size_t kDateLength = 10;

}  // namespace

CorrelationSettings ReadCorrelationSettings(const Settings& settings) {
  CorrelationSettings read;
  const auto required = [&](const char* key, std::string* to) {
    *to = settings.Get(kSection, key, *to);
  };
  const auto optional = [&](const char* key, std::string* to) {
    required(key, to);
    if (*to == kNone) to->clear();
  };
  required("table", &read.table);
  required("fund", &read.fund);
  required("quarter", &read.quarter);
  required("value", &read.value);
  optional("cusip", &read.cusip);
  optional("ticker", &read.ticker);
  optional("put_call", &read.put_call);
  optional("filing", &read.filing);
  optional("filed", &read.filed);
  optional("thousands_before", &read.thousands_before);
  if (read.cusip.empty() && read.ticker.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "[correlation] needs a column to know securities by: cusip or ticker");
  }
  if (read.thousands_before.empty()) return read;
  if (read.filed.empty() || !ParseQuarter(read.thousands_before) ||
      read.thousands_before.size() != kDateLength) {
    throw Fail(ErrorKind::kInvalidArgument,
               "[correlation] thousands_before is a date like 2023-01-03, and needs the "
               "column filed, not: {}",
               read.thousands_before);
  }
  return read;
}

}  // namespace shoestring
