#include "base/http_client.h"

#include <curl/curl.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <cstring>

#include "base/error.h"

namespace shoestring {

namespace {

struct FreeEasy {
  void operator()(CURL* handle) const { curl_easy_cleanup(handle); }
};
struct FreeList {
  void operator()(curl_slist* list) const { curl_slist_free_all(list); }
};
using HeaderList = std::unique_ptr<curl_slist, FreeList>;

void InitializeOnce() {
  static const CURLcode kReady = curl_global_init(CURL_GLOBAL_DEFAULT);
  if (kReady != CURLE_OK) throw Fail(ErrorKind::kInternal, "libcurl does not start");
}

void Append(HeaderList* list, const std::string& line) {
  curl_slist* longer = curl_slist_append(list->get(), line.c_str());
  if (longer == nullptr) throw std::bad_alloc();
  (void)list->release();
  list->reset(longer);
}

HeaderList MakeHeaders(const HttpRequest& request) {
  HeaderList list;
  bool typed = false;
  for (const auto& [name, value] : request.headers) {
    // Without a value, libcurl wants a semicolon; a colon would take the header away.
    Append(&list, value.empty() ? name + ";" : fmt::format("{}: {}", name, value));
    typed = typed || name == "content-type";
  }
  Append(&list, "Expect:");
  Append(&list, "Accept:");
  if (!typed) Append(&list, "Content-Type:");
  return list;
}

/// An answer while it comes.
struct Receiver {
  HttpAnswer* answer;
  const HttpLimits* limits;
  std::span<uint8_t> to;
  bool sent = false;
  bool has_headers = false;  ///< All of them, up to the empty line.

  bool Take(std::string_view bytes) {
    const auto size = static_cast<int64_t>(bytes.size());
    if (to.empty() || answer->status / 100 != 2) {
      if (answer->received + size > limits->body_bytes) return false;
      answer->body.append(bytes);
    } else {
      const auto at = static_cast<size_t>(answer->received);
      if (at + bytes.size() > to.size()) return false;
      std::memcpy(to.data() + at, bytes.data(), bytes.size());
    }
    answer->received += size;
    return true;
  }

  void TakeHeader(std::string_view line) {
    while (!line.empty() && (line.back() == '\r' || line.back() == '\n')) {
      line.remove_suffix(1);
    }
    has_headers = has_headers || line.empty();
    // Another answer begins: that of a proxy, or "100 Continue", came before.
    if (line.starts_with("HTTP/")) {
      answer->headers.clear();
      has_headers = false;
      const size_t space = line.find(' ');
      answer->status =
          space == std::string_view::npos ? 0 : std::atoi(line.data() + space + 1);
      return;
    }
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return;
    std::string name(line.substr(0, colon));
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return std::tolower(c); });
    const size_t value = line.find_first_not_of(" \t", colon + 1);
    answer->headers[name] =
        value == std::string_view::npos ? "" : std::string(line.substr(value));
  }
};

size_t OnBody(char* data, size_t, size_t size, void* receiver) {
  return static_cast<Receiver*>(receiver)->Take({data, size}) ? size
                                                              : CURL_WRITEFUNC_ERROR;
}

size_t OnHeader(char* data, size_t, size_t size, void* receiver) {
  // Ends in a line feed, so that reading a number from it stays inside.
  static_cast<Receiver*>(receiver)->TakeHeader({data, size});
  return size;
}

int OnProgress(void* receiver, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
  return static_cast<Receiver*>(receiver)->limits->scope.interrupted() ? 1 : 0;
}

/// On a connection that breaks, libcurl would send the request once more and not say so;
/// whether it may be sent again is for the caller to say.
int OnRequest(void* receiver, char*, char*, int, int) {
  bool& sent = static_cast<Receiver*>(receiver)->sent;
  return std::exchange(sent, true) ? CURL_PREREQFUNC_ABORT : CURL_PREREQFUNC_OK;
}

HttpFault FaultOf(CURLcode code, const HttpLimits& limits) {
  switch (code) {
    case CURLE_OK: return HttpFault::kNone;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_URL_MALFORMAT: return HttpFault::kName;
    case CURLE_COULDNT_CONNECT: return HttpFault::kConnect;
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_USE_SSL_FAILED: return HttpFault::kTls;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_SSL_ISSUER_ERROR: return HttpFault::kCertificate;
    case CURLE_OPERATION_TIMEDOUT: return HttpFault::kTimeout;
    case CURLE_WRITE_ERROR: return HttpFault::kTooLarge;
    case CURLE_ABORTED_BY_CALLBACK:
      return limits.scope.interrupted() ? HttpFault::kInterrupted : HttpFault::kCut;
    default: return HttpFault::kCut;
  }
}

/// Throws when libcurl does not know the option: that is a bug of ours.
template <typename Value>
void Set(CURL* handle, CURLoption option, Value value) {
  const CURLcode code = curl_easy_setopt(handle, option, value);
  if (code == CURLE_OUT_OF_MEMORY) throw std::bad_alloc();
  if (code != CURLE_OK) {
    throw Fail(ErrorKind::kInternal, "libcurl refuses option {}: {}",
               static_cast<int>(option), curl_easy_strerror(code));
  }
}

void SetMethod(CURL* handle, const HttpRequest& request) {
  if (request.method == "HEAD") {
    Set(handle, CURLOPT_NOBODY, 1L);
    return;
  }
  if (request.method == "PUT" || request.method == "POST") {
    Set(handle, CURLOPT_POST, 1L);
    Set(handle, CURLOPT_POSTFIELDSIZE_LARGE,
        static_cast<curl_off_t>(request.body.size()));
    Set(handle, CURLOPT_POSTFIELDS, request.body.empty() ? "" : request.body.data());
  }
  Set(handle, CURLOPT_CUSTOMREQUEST, request.method.c_str());
}

void SetLimits(CURL* handle, const HttpLimits& limits) {
  Set(handle, CURLOPT_CONNECTTIMEOUT_MS, static_cast<long>(limits.connect.count()));
  Set(handle, CURLOPT_LOW_SPEED_LIMIT, 1L);
  Set(handle, CURLOPT_LOW_SPEED_TIME,
      static_cast<long>(std::max<int64_t>(1, limits.silence.count() / 1000)));
  Set(handle, CURLOPT_TIMEOUT_MS, static_cast<long>(limits.total.count()));
  if (limits.direct) Set(handle, CURLOPT_NOPROXY, "*");
}

void SetTransport(CURL* handle, const std::string& ca_bundle) {
  constexpr long kBuffer = 512 << 10;
  Set(handle, CURLOPT_PROTOCOLS_STR, "http,https");
  Set(handle, CURLOPT_HTTP_VERSION, static_cast<long>(CURL_HTTP_VERSION_1_1));
  Set(handle, CURLOPT_PATH_AS_IS, 1L);
  Set(handle, CURLOPT_NOSIGNAL, 1L);
  Set(handle, CURLOPT_TCP_KEEPALIVE, 1L);
  Set(handle, CURLOPT_BUFFERSIZE, kBuffer);
  Set(handle, CURLOPT_UPLOAD_BUFFERSIZE, kBuffer);
  Set(handle, CURLOPT_USERAGENT, "shoestring");
  if (!ca_bundle.empty()) Set(handle, CURLOPT_CAINFO, ca_bundle.c_str());
}

void SetReceiver(CURL* handle, Receiver* receiver) {
  Set(handle, CURLOPT_WRITEFUNCTION, OnBody);
  Set(handle, CURLOPT_WRITEDATA, receiver);
  Set(handle, CURLOPT_HEADERFUNCTION, OnHeader);
  Set(handle, CURLOPT_HEADERDATA, receiver);
  Set(handle, CURLOPT_PREREQFUNCTION, OnRequest);
  Set(handle, CURLOPT_PREREQDATA, receiver);
  Set(handle, CURLOPT_NOPROGRESS, 0L);
  Set(handle, CURLOPT_XFERINFOFUNCTION, OnProgress);
  Set(handle, CURLOPT_XFERINFODATA, receiver);
}

bool IsUnreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         c == '-' || c == '.' || c == '_' || c == '~';
}

}  // namespace

std::string UriEncode(std::string_view text, bool keep_slash) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    if (IsUnreserved(c) || (c == '/' && keep_slash)) {
      encoded.push_back(c);
      continue;
    }
    encoded.push_back('%');
    encoded.push_back(kDigits[static_cast<unsigned char>(c) >> 4]);
    encoded.push_back(kDigits[static_cast<unsigned char>(c) & 15]);
  }
  return encoded;
}

std::string HttpRequest::Host() const {
  const size_t scheme = origin.find("://");
  std::string host = scheme == std::string::npos ? origin : origin.substr(scheme + 3);
  const std::string_view own_port = origin.starts_with("https:") ? ":443" : ":80";
  if (host.ends_with(own_port)) host.resize(host.size() - own_port.size());
  return host;
}

std::string HttpRequest::QueryText() const {
  HttpPairs encoded;
  for (const auto& [name, value] : query) {
    encoded.emplace_back(UriEncode(name, false), UriEncode(value, false));
  }
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

std::string HttpRequest::Url() const {
  return origin + path + (query.empty() ? "" : "?" + QueryText());
}

std::string_view HttpAnswer::Header(const std::string& name) const {
  const auto found = headers.find(name);
  return found == headers.end() ? std::string_view() : found->second;
}

struct HttpClient::Connection {
  std::unique_ptr<CURL, FreeEasy> handle{curl_easy_init()};
  std::array<char, CURL_ERROR_SIZE> message{};
};

namespace {

// OpenSSL's variable, which libcurl does not look at by itself.
std::string TrustedByDefault() {
  const char* file = std::getenv("SSL_CERT_FILE");
  return file == nullptr ? "" : file;
}

}  // namespace

HttpClient::HttpClient(std::string ca_bundle)
    : ca_bundle_(ca_bundle.empty() ? TrustedByDefault() : std::move(ca_bundle)) {
  InitializeOnce();
}

HttpClient::~HttpClient() = default;

std::unique_ptr<HttpClient::Connection> HttpClient::Take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto connection = std::move(idle_.back());
      idle_.pop_back();
      return connection;
    }
  }
  auto connection = std::make_unique<Connection>();
  if (!connection->handle) throw std::bad_alloc();
  return connection;
}

void HttpClient::GiveBack(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(connection));
}

HttpAnswer HttpClient::Send(const HttpRequest& request, const HttpLimits& limits,
                            std::span<uint8_t> to) {
  HttpAnswer answer;
  Receiver receiver{&answer, &limits, to};
  auto connection = Take();
  CURL* handle = connection->handle.get();
  curl_easy_reset(handle);  // Keeps its connections.
  connection->message[0] = '\0';
  const std::string url = request.Url();
  const HeaderList headers = MakeHeaders(request);
  Set(handle, CURLOPT_ERRORBUFFER, connection->message.data());
  Set(handle, CURLOPT_URL, url.c_str());
  Set(handle, CURLOPT_HTTPHEADER, headers.get());
  SetTransport(handle, ca_bundle_);
  SetMethod(handle, request);
  SetLimits(handle, limits);
  SetReceiver(handle, &receiver);
  const CURLcode code =
      limits.scope.interrupted() ? CURLE_ABORTED_BY_CALLBACK : curl_easy_perform(handle);
  answer.fault = FaultOf(code, limits);
  if (code == CURLE_OK && !receiver.has_headers) {
    // libcurl takes a connection that ends among them for the end of the answer.
    answer.fault = HttpFault::kCut;
    answer.detail = "the answer ends in its headers";
  }
  if (code != CURLE_OK) {
    answer.detail = connection->message[0] != '\0' ? connection->message.data()
                                                   : curl_easy_strerror(code);
  }
  // After a fault it is of no use: libcurl may hold on to buffers of the transfer.
  if (code == CURLE_OK) GiveBack(std::move(connection));
  return answer;
}

}  // namespace shoestring
