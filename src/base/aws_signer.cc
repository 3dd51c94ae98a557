#include "base/aws_signer.h"

#include <algorithm>
#include <array>
#include <ctime>
#include <map>
#include <vector>

#include "base/digest.h"
#include "base/error.h"

namespace shoestring {

namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";
constexpr std::string_view kContentHash = "x-amz-content-sha256";

/// Proxies may change these on the way.
constexpr std::array<std::string_view, 7> kUnsigned = {
    "authorization", "connection",      "expect", "transfer-encoding",
    "user-agent",    "x-amzn-trace-id", "te"};

std::string Lower(std::string_view text) {
  std::string lower(text);
  std::ranges::transform(lower, lower.begin(), [](unsigned char c) {
    return c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c;
  });
  return lower;
}

/// Without spaces at the ends, one in place of several.
std::string Trimmed(std::string_view value) {
  std::string trimmed;
  bool space = false;
  for (const char c : value) {
    if (c == ' ' || (c >= '\t' && c <= '\r')) {
      space = !trimmed.empty();
      continue;
    }
    if (space) trimmed.push_back(' ');
    space = false;
    trimmed.push_back(c);
  }
  return trimmed;
}

struct SignedHeaders {
  std::string lines;  ///< "host:…\nx-amz-date:…\n"
  std::string names;  ///< "host;x-amz-date"
};

SignedHeaders CanonicalHeaders(const HttpPairs& headers) {
  std::map<std::string, std::string> sorted;
  for (const auto& [name, value] : headers) {
    const std::string lower = Lower(name);
    if (std::ranges::find(kUnsigned, lower) != kUnsigned.end()) continue;
    const auto [entry, is_new] = sorted.emplace(lower, Trimmed(value));
    if (!is_new) entry->second += "," + Trimmed(value);
  }
  SignedHeaders canonical;
  for (const auto& [name, value] : sorted) {
    canonical.lines += fmt::format("{}:{}\n", name, value);
    canonical.names += (canonical.names.empty() ? "" : ";") + name;
  }
  return canonical;
}

/// "." and ".." resolved, no empty parts, as RFC 3986 has it.
std::string NormalPath(std::string_view path) {
  std::vector<std::string_view> parts;
  for (size_t begin = 0; begin < path.size();) {
    const size_t end = std::min(path.find('/', begin), path.size());
    const std::string_view part = path.substr(begin, end - begin);
    begin = end + 1;
    if (part.empty() || part == ".") continue;
    if (part != "..") {
      parts.push_back(part);
    } else if (!parts.empty()) {
      parts.pop_back();
    }
  }
  std::string normal;
  for (const std::string_view part : parts) normal.append("/").append(part);
  if (normal.empty() || path.ends_with('/')) normal += "/";
  return normal;
}

/// S3 takes paths as they are; other services encode them once more.
std::string CanonicalPath(std::string_view path, std::string_view service) {
  if (service == "s3") return std::string(path);
  return UriEncode(NormalPath(path), /*keep_slash=*/true);
}

std::string Timestamp(std::chrono::system_clock::time_point now) {
  const std::time_t seconds = std::chrono::system_clock::to_time_t(now);
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  std::array<char, sizeof "20260131T235959Z"> text{};
  std::strftime(text.data(), text.size(), "%Y%m%dT%H%M%SZ", &utc);
  return text.data();
}

const std::string* FindHeader(const HttpPairs& headers, std::string_view name) {
  for (const auto& [key, value] : headers) {
    if (Lower(key) == name) return &value;
  }
  return nullptr;
}

std::string ContentHash(const HttpRequest& request) {
  const std::string* given = FindHeader(request.headers, kContentHash);
  return given != nullptr ? *given : HexOf(Sha256(request.body));
}

std::string SigningKey(std::string_view secret, std::string_view date,
                       const AwsScope& scope) {
  std::string key = HmacSha256(fmt::format("AWS4{}", secret), date);
  for (const std::string_view part :
       {std::string_view(scope.region), std::string_view(scope.service),
        std::string_view("aws4_request")}) {
    key = HmacSha256(key, part);
  }
  return key;
}

void AddHeaders(const AwsCredentials& credentials, const AwsScope& scope,
                const std::string& time, HttpRequest* request) {
  const auto add = [&](std::string_view name, std::string value) {
    if (FindHeader(request->headers, name) == nullptr) {
      request->headers.emplace_back(name, std::move(value));
    }
  };
  std::erase_if(request->headers, [](const auto& header) {
    const std::string name = Lower(header.first);
    return name == "authorization" || name == "x-amz-date" ||
           name == "x-amz-security-token";
  });
  add("host", request->Host());
  add("x-amz-date", time);
  if (!credentials.session_token.empty()) {
    add("x-amz-security-token", credentials.session_token);
  }
  if (scope.service == "s3") add(kContentHash, ContentHash(*request));
}

}  // namespace

void SignAwsRequest(const AwsCredentials& credentials, const AwsScope& scope,
                    std::chrono::system_clock::time_point now, HttpRequest* request) {
  const std::string time = Timestamp(now);
  const std::string date = time.substr(0, time.find('T'));
  AddHeaders(credentials, scope, time, request);
  const SignedHeaders headers = CanonicalHeaders(request->headers);
  const std::string canonical =
      fmt::format("{}\n{}\n{}\n{}\n{}\n{}", request->method,
                  CanonicalPath(request->path, scope.service), request->QueryText(),
                  headers.lines, headers.names, ContentHash(*request));
  const std::string scoped =
      fmt::format("{}/{}/{}/aws4_request", date, scope.region, scope.service);
  const std::string to_sign =
      fmt::format("{}\n{}\n{}\n{}", kAlgorithm, time, scoped, HexOf(Sha256(canonical)));
  const std::string signature =
      HexOf(HmacSha256(SigningKey(credentials.secret_key, date, scope), to_sign));
  request->headers.emplace_back(
      "authorization",
      fmt::format("{} Credential={}/{}, SignedHeaders={}, Signature={}", kAlgorithm,
                  credentials.access_key, scoped, headers.names, signature));
}

}  // namespace shoestring
