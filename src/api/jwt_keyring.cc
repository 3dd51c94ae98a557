#include "api/jwt_keyring.h"

#include <fstream>
#include <iterator>

#include "api/api_error.h"
#include "base/error.h"
#include "base/http_client.h"

namespace shoestring {

namespace {

using std::chrono::seconds;

constexpr seconds kLifetime{600};
constexpr seconds kShortestPause{30};
constexpr seconds kFetchTime{5};
constexpr int64_t kLargestSet = 1 << 20;
constexpr std::string_view kHttp = "http://";
constexpr std::string_view kHttps = "https://";

std::string ReadJwksFile(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Fail(ErrorKind::kNotFound, "Cannot read the JWK set: {}", path);
  return text;
}

std::string FetchJwks(HttpClient* client, const std::string& url) {
  const size_t path = url.find('/', url.find("://") + 3);
  HttpRequest request;
  request.origin = url.substr(0, path);
  if (path != std::string::npos) request.path = url.substr(path);
  HttpLimits limits;
  limits.total = kFetchTime;
  limits.body_bytes = kLargestSet;
  HttpAnswer answer = client->Send(request, limits);
  if (answer.ok()) return std::move(answer.body);
  throw Fail(ErrorKind::kUnavailable, "Cannot read the JWK set, status {} {}: {}",
             answer.status, answer.detail, url);
}

bool IsThisMachine(std::string_view url) {
  const std::string_view host = url.substr(kHttp.size());
  const std::string_view name = host.substr(0, host.find_first_of(":/?#"));
  return (name == "localhost" || name == "127.0.0.1") && host.find('@') == host.npos;
}

}  // namespace

JwksOrigin OpenJwks(const std::string& place) {
  if (!place.starts_with(kHttp) && !place.starts_with(kHttps)) {
    return {place, [place] { return ReadJwksFile(place); }};
  }
  if (place.starts_with(kHttp) && !IsThisMachine(place)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "A JWK set is read over https:// or from a file, not from: {}", place);
  }
  return {place, [place, client = std::make_shared<HttpClient>()] {
            return FetchJwks(client.get(), place);
          }};
}

JwtKeyring::JwtKeyring(Keys fixed)
    : fixed_(std::move(fixed)), keys_(std::make_shared<const Keys>(fixed_)) {}

JwtKeyring::JwtKeyring(Keys fixed, JwksOrigin origin, seconds now)
    : fixed_(std::move(fixed)), origin_(std::move(origin)), tried_(now), keys_(Read()) {}

std::string JwtKeyring::Verify(std::string_view token, const JwtRules& rules,
                               seconds now) {
  Refresh(now, kLifetime);
  try {
    return VerifyJwt(token, *Snapshot(), rules, now);
  } catch (const ApiError& error) {
    if (error.what() != kNoJwtKey || !Refresh(now, kShortestPause)) throw;
  }
  return VerifyJwt(token, *Snapshot(), rules, now);
}

std::shared_ptr<const JwtKeyring::Keys> JwtKeyring::Snapshot() const {
  const std::lock_guard lock(mutex_);
  return keys_;
}

std::shared_ptr<const JwtKeyring::Keys> JwtKeyring::Read() const {
  Keys keys = fixed_;
  for (JwtKey& key : ParseJwks(origin_.read(), origin_.name)) {
    keys.push_back(std::move(key));
  }
  return std::make_shared<const Keys>(std::move(keys));
}

bool JwtKeyring::Refresh(seconds now, seconds age) {
  const std::unique_lock reading(reading_, std::try_to_lock);
  if (!origin_.read || !reading.owns_lock() || now - tried_ < age) return false;
  tried_ = now;
  try {
    auto keys = Read();
    const std::lock_guard lock(mutex_);
    keys_ = std::move(keys);
    return true;
  } catch (const Error&) {  // The old keys stay, until their next try.
    return false;
  }
}

}  // namespace shoestring
