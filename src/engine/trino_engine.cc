#include "engine/trino_engine.h"

#include <arrow/api.h>
#include <arrow/util/base64.h>

#include <algorithm>
#include <array>

#include "base/http_client.h"
#include "base/request_scope.h"
#include "engine/query_stopper.h"
#include "engine/trino_page.h"
#include "engine/trino_statement.h"

namespace shoestring {

namespace {

using std::chrono::milliseconds;

/// The server holds an answer back for a second when there is nothing new.
constexpr milliseconds kLongPoll{1000};
constexpr milliseconds kSilence{120'000};
/// Pauses before the same request once more, and how long that goes on.
constexpr milliseconds kFirstPause{50};
constexpr milliseconds kLongestPause{2000};
constexpr milliseconds kPatience{30'000};
/// Nobody waits long for a query to be given up.
constexpr milliseconds kGiveUp{2000};
constexpr size_t kShownOfAnAnswer = 200;

bool IsBusy(int status) {
  constexpr std::array kBusy = {429, 502, 503, 504};
  return std::ranges::find(kBusy, status) != kBusy.end();
}

std::string SessionProperties(const QueryLimits& limits) {
  std::string properties;
  const auto set = [&](std::string_view name, int64_t bytes) {
    if (bytes == 0) return;
    properties += fmt::format("{}{}={}B", properties.empty() ? "" : ",", name, bytes);
  };
  set("query_max_memory", limits.memory_bytes);
  // The sum over the nodes is looked at once a second, a node's share at each allocation.
  set("query_max_memory_per_node", limits.memory_bytes);
  set("query_max_scan_physical_bytes", limits.scan_bytes);
  return properties;
}

/// The path of an address that the server gave: it is always asked where it was first, so
/// that nobody else is sent its password.
std::string PathOf(const std::string& uri) {
  const size_t scheme = uri.find("://");
  const size_t slash =
      scheme == std::string::npos ? std::string::npos : uri.find('/', scheme + 3);
  if (slash == std::string::npos) {
    throw Fail(ErrorKind::kCorrupt, "Trino's answer goes on at no address: {}", uri);
  }
  return uri.substr(slash);
}

/// Requests of the statement protocol to one server. Thread-safe.
class TrinoServer {
 public:
  explicit TrinoServer(TrinoOptions options)
      : options_(std::move(options)), http_(options_.ca_file) {}

  TrinoPage Post(const std::string& sql, const QueryLimits& limits,
                 QueryStopper* stopper) {
    HttpRequest request = Request("POST", "/v1/statement");
    request.body = sql;
    const auto add = [&](const char* name, const std::string& value) {
      if (!value.empty()) request.headers.emplace_back(name, value);
    };
    add("x-trino-source", "shoestring");
    add("x-trino-catalog", options_.catalog);
    add("x-trino-schema", options_.schema);
    add("x-trino-time-zone", "UTC");
    add("x-trino-session", SessionProperties(limits));
    // Without it, times come cut to milliseconds.
    add("x-trino-client-capabilities", "PARAMETRIC_DATETIME");
    add("content-type", "text/plain; charset=utf-8");
    return ParseTrinoPage(Send(request, stopper).body);
  }

  TrinoPage Get(const std::string& uri, milliseconds wait, QueryStopper* stopper) {
    const HttpRequest request =
        Request("GET", fmt::format("{}?maxWait={}ms", PathOf(uri), wait.count()));
    return ParseTrinoPage(Send(request, stopper).body);
  }

  /// Best effort: a query that nobody asks about is given up by the server, too.
  void Delete(const std::string& uri) noexcept {
    try {
      HttpLimits limits;
      limits.total = kGiveUp;
      (void)http_.Send(Request("DELETE", PathOf(uri)), limits);
    } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    }
  }

 private:
  HttpRequest Request(std::string method, std::string path) const {
    HttpRequest request;
    request.method = std::move(method);
    request.origin = options_.server;
    request.path = std::move(path);
    request.headers.emplace_back("x-trino-user", options_.user);
    if (!options_.token.empty()) {
      request.headers.emplace_back("authorization", "Bearer " + options_.token);
    } else if (!options_.password.empty()) {
      const std::string pair = options_.user + ":" + options_.password;
      request.headers.emplace_back("authorization",
                                   "Basic " + arrow::util::base64_encode(pair));
    }
    return request;
  }

  /// Sends until there is an answer: a busy server is asked again, and so is one that a
  /// query runs on already, as its pages can be asked for twice.
  HttpAnswer Send(const HttpRequest& request, QueryStopper* stopper) {
    HttpLimits limits;
    limits.silence = kSilence;
    const auto give_up = QueryStopper::Clock::now() + kPatience;
    for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
      stopper->Check();
      HttpAnswer answer = http_.Send(request, limits);
      if (answer.ok()) return answer;
      const bool cut = answer.fault == HttpFault::kCut ||
                       answer.fault == HttpFault::kConnect ||
                       answer.fault == HttpFault::kTimeout;
      const bool again = answer.fault == HttpFault::kNone
                             ? IsBusy(answer.status)
                             : cut && request.method == "GET";
      if (!again || QueryStopper::Clock::now() > give_up) Throw(answer, stopper);
      limits.scope.Sleep(pause);
    }
  }

  [[noreturn]] void Throw(const HttpAnswer& answer, QueryStopper* stopper) const {
    if (answer.fault == HttpFault::kInterrupted) {
      stopper->Check();
      throw Fail(ErrorKind::kCancelled, "The query was cancelled");
    }
    if (answer.fault == HttpFault::kCertificate) {
      throw Fail(
          ErrorKind::kPermission,
          "Trino's certificate is not trusted, name its authority's file in [trino] "
          "ca_file: {} ({})",
          answer.detail, options_.server);
    }
    if (answer.fault != HttpFault::kNone) {
      throw Fail(ErrorKind::kUnavailable, "Trino gives no answer: {} ({})", answer.detail,
                 options_.server);
    }
    if (answer.status == 401 || answer.status == 403) {
      throw Fail(ErrorKind::kPermission,
                 "Trino refuses this user, check [trino] user and its password or token: "
                 "{} (HTTP {} from {})",
                 options_.user, answer.status, options_.server);
    }
    const bool busy = IsBusy(answer.status);
    throw Fail(busy ? ErrorKind::kUnavailable : ErrorKind::kInvalidArgument,
               "{}: HTTP {} from {}: {}",
               busy ? "Trino is too busy, try again later"
                    : "This is no Trino's answer, check [trino] server",
               answer.status, options_.server, answer.body.substr(0, kShownOfAnAnswer));
  }

  const TrinoOptions options_;
  HttpClient http_;
};

class TrinoResult : public QueryResult {
 public:
  TrinoResult(TrinoServer* server, const QueryLimits& limits, std::stop_token cancel)
      : server_(server), limits_(limits), stopper_(limits, std::move(cancel)) {}

  ~TrinoResult() override {
    if (!page_.next_uri.empty()) server_->Delete(page_.next_uri);
  }
  TrinoResult(const TrinoResult&) = delete;
  TrinoResult& operator=(const TrinoResult&) = delete;

  /// Until the first rows are there, or the query has ended. A server that has no worker
  /// yet is asked again.
  void Start(const std::string& sql) {
    const RequestScope scope;
    const auto give_up = QueryStopper::Clock::now() + kPatience;
    for (milliseconds pause = kFirstPause;; pause = std::min(2 * pause, kLongestPause)) {
      try {
        Begin(sql);
        return;
      } catch (const Error&) {
        if (!page_.nothing_ran || QueryStopper::Clock::now() > give_up) throw;
      }
      scope.Sleep(pause);
      stopper_.Check();
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    while (!page_.rows && !page_.next_uri.empty()) Advance();
    if (page_.next_uri.empty()) Finish();
    auto rows = std::move(page_.rows);
    if (!rows) return nullptr;
    rows_ += rows->num_rows();
    CheckRows(rows_, limits_);
    return rows;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    statistics.bytes_read = page_.scanned_bytes;
    statistics.rows = rows_;
    const auto wall = end_.value_or(QueryStopper::Clock::now()) - stopper_.start();
    statistics.wall = std::chrono::duration_cast<milliseconds>(wall);
    statistics.queued = milliseconds(page_.queued_ms);
    statistics.running = milliseconds(page_.elapsed_ms - page_.queued_ms);
    return statistics;
  }

 private:
  void Begin(const std::string& sql) {
    Take(server_->Post(sql, limits_, &stopper_));
    while (!page_.rows && !page_.next_uri.empty()) Advance();
    if (!schema_) schema_ = arrow::schema(arrow::FieldVector{});
  }

  void Advance() {
    Take(server_->Get(page_.next_uri, Patience(), &stopper_));
    stopper_.CheckScanned(page_.scanned_bytes);
  }

  /// As long as the server may wait before it answers.
  milliseconds Patience() const {
    if (limits_.time.count() == 0) return kLongPoll;
    const auto left = stopper_.start() + limits_.time - QueryStopper::Clock::now();
    return std::clamp(std::chrono::duration_cast<milliseconds>(left), milliseconds(1),
                      kLongPoll);
  }

  void Take(TrinoPage page) {
    page_ = std::move(page);
    if (page_.error) {
      page_.next_uri.clear();
      throw Error(*page_.error);
    }
    if (page_.schema && !schema_) schema_ = page_.schema;
  }

  void Finish() {
    if (!end_) end_ = QueryStopper::Clock::now();
  }

  TrinoServer* server_;
  const QueryLimits limits_;
  TrinoPage page_;  ///< The newest.
  std::shared_ptr<arrow::Schema> schema_;
  int64_t rows_ = 0;
  std::optional<QueryStopper::Clock::time_point> end_;
  QueryStopper stopper_;
};

class TrinoEngine : public Engine {
 public:
  explicit TrinoEngine(TrinoOptions options) : server_(std::move(options)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    if (limits.threads > 0) {
      throw Fail(ErrorKind::kUnsupported,
                 "Trino's threads are its server's affair, leave out --threads");
    }
    CheckTrinoReads(statement.sql);
    auto result = std::make_unique<TrinoResult>(&server_, limits, std::move(cancel));
    result->Start(TrinoStatementText(statement));
    return result;
  }

 private:
  TrinoServer server_;
};

/// "https://host:port" of what a user writes.
std::string ReadServer(std::string server) {
  while (server.ends_with('/')) server.pop_back();
  const bool http = server.starts_with("http://") || server.starts_with("https://");
  const bool has_path = server.find('/', server.find("://") + 3) != std::string::npos;
  const bool has_user = server.find('@') != std::string::npos;
  if (http && !has_path && !has_user) return server;
  throw Fail(ErrorKind::kInvalidArgument,
             "[trino] server must be like https://trino.example:8443, without a path or "
             "a user");
}

}  // namespace

TrinoOptions ReadTrinoOptions(const Settings& settings) {
  const auto get = [&](const char* key) { return settings.Get("trino", key, ""); };
  TrinoOptions options;
  options.server = ReadServer(settings.Require("trino", "server"));
  options.user = settings.Get("trino", "user", options.user);
  options.catalog = get("catalog");
  options.schema = get("schema");
  options.ca_file = get("ca_file");
  options.password = settings.FindSecret("trino", "password").value_or("");
  options.token = settings.FindSecret("trino", "token").value_or("");
  const bool secret = !options.password.empty() || !options.token.empty();
  if (secret && !options.server.starts_with("https://")) {
    throw Fail(ErrorKind::kInvalidArgument,
               "A password or token goes over https only, not to: {}", options.server);
  }
  if (!options.password.empty() && !options.token.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "[trino] has a password and a token: set one of them");
  }
  return options;
}

std::unique_ptr<Engine> OpenTrinoEngine(TrinoOptions options) {
  return std::make_unique<TrinoEngine>(std::move(options));
}

}  // namespace shoestring
