#include "api/negotiation.h"

#include <algorithm>
#include <charconv>

#include "api/api_error.h"
#include "api/field_grammar.h"

namespace shoestring {

namespace {

std::vector<std::string> Split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(Stripped(text.substr(0, end)));
    if (end == text.npos) return parts;
    text.remove_prefix(end + 1);
  }
}

struct Accepted {
  std::string type;    ///< "application/json"
  std::string option;  ///< "nulls=stripped", or empty.
  double quality = 1;
};

/// In the order of the client's wishes.
std::vector<Accepted> ParseAccept(const ApiRequest& request) {
  std::vector<Accepted> all;
  for (const std::string& entry : Split(request.Header("accept").value_or("*/*"), ',')) {
    Accepted accepted;
    for (const std::string& part : Split(entry, ';')) {
      if (accepted.type.empty()) {
        accepted.type = part;
      } else if (part.starts_with("q=")) {
        std::from_chars(part.data() + 2, part.data() + part.size(), accepted.quality);
      } else if (part.starts_with("nulls=")) {
        accepted.option = part;
      }
    }
    if (!accepted.type.empty()) all.push_back(std::move(accepted));
  }
  if (all.empty()) all.push_back({.type = "*/*"});
  std::ranges::stable_sort(all, std::greater<>(), &Accepted::quality);
  return all;
}

std::optional<MediaType> Offered(const Accepted& accepted) {
  const bool stripped = accepted.option == "nulls=stripped";
  const std::string& type = accepted.type;
  if (type == "application/json" || type == "*/*") return MediaType::kJson;
  if (type == "text/csv") return MediaType::kCsv;
  if (type == "application/vnd.pgrst.object+json" ||
      type == "application/vnd.pgrst.object") {
    return stripped ? MediaType::kObjectStripped : MediaType::kObject;
  }
  if (type == "application/vnd.pgrst.array+json" ||
      type == "application/vnd.pgrst.array") {
    return stripped ? MediaType::kJsonStripped : MediaType::kJson;
  }
  return std::nullopt;
}

bool IsDescription(const std::string& type) {
  return type == "application/openapi+json" || type == "application/json" ||
         type == "*/*";
}

[[noreturn]] void NoMediaType(const std::vector<Accepted>& all) {
  std::string types;
  for (const Accepted& accepted : all) {
    types += (types.empty() ? "" : ", ") + accepted.type;
  }
  throw ApiError(406, "PGRST107", "None of these media types are available: " + types);
}

/// "0-19", "10-"; all rows for what is no range.
struct HeaderRange {
  int64_t first = 0;
  std::optional<int64_t> last;
};

HeaderRange ParseRange(const std::string& text) {
  HeaderRange range;
  const char* end = text.data() + text.size();
  int64_t first = 0;
  const auto [dash, error] = std::from_chars(text.data(), end, first);
  if (error != std::errc() || dash == end || *dash != '-' || first < 0) return range;
  if (dash + 1 == end) return {first, std::nullopt};
  int64_t last = 0;
  const auto [rest, wrong] = std::from_chars(dash + 1, end, last);
  if (wrong != std::errc() || rest != end || last < 0) return range;
  return {first, last};
}

[[noreturn]] void BadRange(const char* details) {
  throw ApiError(416, "PGRST103", "Requested range not satisfiable").WithDetails(details);
}

constexpr std::string_view kTimeZone = "timezone=";

bool IsKnownPreference(std::string_view preference) {
  for (const std::string_view known :
       {"return=representation", "return=minimal", "return=headers-only",
        "resolution=merge-duplicates", "resolution=ignore-duplicates", "count=exact",
        "count=planned", "count=estimated", "tx=commit", "tx=rollback", "missing=default",
        "missing=null", "handling=strict", "handling=lenient"}) {
    if (preference == known) return true;
  }
  return preference.starts_with("max-affected=");
}

}  // namespace

std::string ContentType(MediaType type) {
  switch (type) {
    case MediaType::kJson: return "application/json; charset=utf-8";
    case MediaType::kJsonStripped:
      return "application/vnd.pgrst.array+json;nulls=stripped; charset=utf-8";
    case MediaType::kObject: return "application/vnd.pgrst.object+json; charset=utf-8";
    case MediaType::kObjectStripped:
      return "application/vnd.pgrst.object+json;nulls=stripped; charset=utf-8";
    case MediaType::kCsv: return "text/csv; charset=utf-8";
    case MediaType::kOpenApi: return "application/openapi+json; charset=utf-8";
  }
  return "";
}

MediaType NegotiateMediaType(const ApiRequest& request, bool root) {
  const std::vector<Accepted> all = ParseAccept(request);
  for (const Accepted& accepted : all) {
    if (root && IsDescription(accepted.type)) return MediaType::kOpenApi;
    const auto offered = Offered(accepted);
    if (offered && !root) return *offered;
  }
  NoMediaType(all);
}

Preferences ParsePreferences(const ApiRequest& request) {
  Preferences preferences;
  for (const std::string& each : Split(request.Header("prefer").value_or(""), ',')) {
    if (each == "count=exact") preferences.count = CountPreference::kExact;
    if (each == "count=planned") preferences.count = CountPreference::kPlanned;
    if (each == "count=estimated") preferences.count = CountPreference::kEstimated;
    if (each == "handling=strict") preferences.strict = true;
    if (each == "handling=lenient") preferences.strict = false;
    const bool zone = each.starts_with(kTimeZone);
    if (zone) preferences.zone = TimeZone::Find(each.substr(kTimeZone.size()));
    const bool known = zone ? preferences.zone.has_value() : IsKnownPreference(each);
    if (!each.empty() && !known) preferences.invalid.push_back(each);
  }
  return preferences;
}

std::string Preferences::Applied() const {
  std::string applied;
  const auto add = [&](const std::string& preference) {
    if (!applied.empty()) applied += ", ";
    applied += preference;
  };
  switch (count) {
    case CountPreference::kNone: break;
    case CountPreference::kExact: add("count=exact"); break;
    case CountPreference::kPlanned: add("count=planned"); break;
    case CountPreference::kEstimated: add("count=estimated"); break;
  }
  if (strict) add(*strict ? "handling=strict" : "handling=lenient");
  if (zone) add(std::string(kTimeZone) + zone->name());
  return applied;
}

void Preferences::Check() const {
  if (!strict.value_or(false) || invalid.empty()) return;
  throw ApiError(400, "PGRST122", "Invalid preferences given with handling=strict")
      .WithDetails(fmt::format("Invalid preferences: {}", fmt::join(invalid, ", ")));
}

TopRange RequestedRange(const ApiRequest& request, std::optional<int64_t> limit,
                        std::optional<int64_t> offset) {
  TopRange range{std::max<int64_t>(offset.value_or(0), 0), limit};
  if (limit && *limit < 0) BadRange("Limit should be greater than or equal to zero.");
  const auto header = request.method == "GET" ? request.Header("range") : std::nullopt;
  if (!header) return range;
  const HeaderRange asked = ParseRange(*header);
  if (asked.last && *asked.last < asked.first) {
    BadRange(
        "The lower boundary must be lower than or equal to the upper boundary in the "
        "Range header.");
  }
  if (limit == 0) return range;
  int64_t end = INT64_MAX;
  if (limit) end = range.offset > INT64_MAX - *limit ? INT64_MAX : range.offset + *limit;
  if (asked.last && *asked.last < INT64_MAX) end = std::min(end, *asked.last + 1);
  range.offset = std::max(range.offset, asked.first);
  if (end <= range.offset) BadRange("Limit should be greater than or equal to zero.");
  if (end < INT64_MAX) range.limit = end - range.offset;
  return range;
}

ContentRange DescribeRange(int64_t offset, int64_t rows, std::optional<int64_t> total) {
  const int64_t last = offset + rows - 1;
  ContentRange range;
  const bool some = rows > 0 && total != 0;
  range.header = (some ? fmt::format("{}-{}", offset, last) : "*") +
                 (total ? fmt::format("/{}", *total) : "/*");
  if (total && offset > *total) {
    range.status = 416;
  } else if (total && rows < *total) {
    range.status = 206;
  }
  return range;
}

ApiResponse OutOfBounds(const ContentRange& range, int64_t offset, int64_t total,
                        const std::string& method) {
  ApiError error(416, "PGRST103", "Requested range not satisfiable");
  return ErrorResponse(
      std::move(error)
          .WithDetails(
              fmt::format("An offset of {} was requested, but there are only {} rows.",
                          offset, total))
          .WithHeader("Content-Range", range.header),
      method);
}

}  // namespace shoestring
