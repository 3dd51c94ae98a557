#include "source/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <future>
#include <random>
#include <thread>
#include <utility>

#include "base/terminal_text.h"
#include "source/connection_advice.h"

namespace shoestring {

namespace {

struct FreeMemory {
  void operator()(void* memory) const { PQfreemem(memory); }
};
struct FreeOptions {
  void operator()(PQconninfoOption* options) const { PQconninfoFree(options); }
};
using Options = std::unique_ptr<PQconninfoOption, FreeOptions>;

std::string OptionValue(const PQconninfoOption* options, std::string_view keyword) {
  for (const auto* option = options; option->keyword != nullptr; ++option) {
    if (keyword == option->keyword && option->val != nullptr) return option->val;
  }
  return "";
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

constexpr int kConnectSeconds = 10;
constexpr std::chrono::milliseconds kLookAgain{100};
constexpr std::chrono::seconds kPatience{5};
constexpr std::chrono::seconds kMostPatience{60};
constexpr int kFirstVersionWithTransactionTimeout = 170000;

// SET takes no snapshot: locks can follow before the moment is fixed.
constexpr std::string_view kBeginSql =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;"
    "SET LOCAL statement_timeout = 0;"
    "SET LOCAL idle_in_transaction_session_timeout = 0;"
    "SET LOCAL lock_timeout = '10s';"
    "SET LOCAL row_security = off;"
    "SET LOCAL search_path = '';"
    "SET LOCAL datestyle = 'ISO, YMD';"
    "SET LOCAL intervalstyle = 'postgres';"
    "SET LOCAL timezone = 'UTC';"
    "SET LOCAL extra_float_digits = 1;"
    "SET LOCAL quote_all_identifiers = off;"
    "SET LOCAL bytea_output = 'hex';";

// As libpq takes it, from wherever it comes.
std::chrono::seconds ConnectTimeout(pg_conn* connection) {
  const Options options(PQconninfo(connection));
  const int given = std::atoi(OptionValue(options.get(), "connect_timeout").c_str());
  return given > 0 ? std::chrono::seconds(given) : std::chrono::hours(1);
}

pg_conn* Connect(const std::string& url, int timeout_s) {
  const Options given(PQconninfoParse(url.c_str(), nullptr));
  const bool has_timeout = !OptionValue(given.get(), "connect_timeout").empty() ||
                           std::getenv("PGCONNECT_TIMEOUT") != nullptr;
  const std::string timeout = std::to_string(timeout_s);
  // What stands before dbname are defaults; a network that went dead is noticed in 30 s.
  const char* keywords[] = {"connect_timeout",
                            "fallback_application_name",
                            "keepalives_idle",
                            "keepalives_interval",
                            "keepalives_count",
                            "tcp_user_timeout",
                            "dbname",
                            "client_encoding",
                            nullptr};
  const char* values[] = {timeout.c_str(), "shoestring", "10",   "5",    "4",
                          "30000",         url.c_str(),  "UTF8", nullptr};
  const int first = has_timeout ? 1 : 0;
  pg_conn* connection = PQconnectdbParams(keywords + first, values + first, 1);
  // Notices would go to stderr, in the middle of a progress line.
  PQsetNoticeProcessor(
      connection, [](void*, const char*) {}, nullptr);
  return connection;
}

std::string NewSessionName() {
  std::random_device random;
  return fmt::format("shoestring {:08x}{:08x}", random(), random());
}

}  // namespace

std::string QuoteIdentifier(std::string_view name) {
  std::string quoted = "\"";
  for (char c : name) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + '"';
}

std::string QuoteLiteral(std::string_view text) {
  std::string quoted = Contains(text, "\\") ? "E'" : "'";
  for (char c : text) {
    if (c == '\'' || c == '\\') quoted += c;
    quoted += c;
  }
  return quoted + '\'';
}

std::string QuoteQualified(std::string_view schema, std::string_view name) {
  return QuoteIdentifier(schema) + "." + QuoteIdentifier(name);
}

Rows::Rows(pg_result* result) : result_(result) {}

void Rows::Deleter::operator()(pg_result* result) const { PQclear(result); }

int Rows::size() const { return PQntuples(result_.get()); }

bool Rows::IsNull(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) != 0;
}

std::string_view Rows::Text(int row, int column) const {
  return {PQgetvalue(result_.get(), row, column),
          static_cast<size_t>(PQgetlength(result_.get(), row, column))};
}

int64_t Rows::Integer(int row, int column) const {
  const std::string_view text = Text(row, column);
  int64_t value = 0;
  const auto end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, value);
  if (parsed.ec != std::errc() || parsed.ptr != end) {
    throw Fail(ErrorKind::kCorrupt, "Postgres answered {} where a number belongs",
               InQuotes(text));
  }
  return value;
}

std::optional<std::string> Rows::Optional(int row, int column) const {
  if (IsNull(row, column)) return std::nullopt;
  return std::string(Text(row, column));
}

void Connection::Deleter::operator()(pg_conn* connection) const { PQfinish(connection); }

Connection::~Connection() = default;
Connection::Connection(Connection&&) noexcept = default;

Connection::Connection(const std::string& url, std::stop_token stop)
    : url_(url), stop_(std::move(stop)), name_(NewSessionName()) {
  char* message = nullptr;
  const Options given(PQconninfoParse(url.c_str(), &message));
  const std::unique_ptr<char, FreeMemory> free_message(message);
  if (!given) {
    // libpq's words may quote a part of the password.
    throw Fail(ErrorKind::kInvalidArgument,
               "The source is not a Postgres URL, such as "
               "postgresql://user@host:5432/database. Special characters in it must be "
               "percent-encoded, and parameters that are other programs' (pgbouncer, "
               "schema, connection_limit, …) taken out");
  }
  password_ = OptionValue(given.get(), "password");
  connection_ = Open(kConnectSeconds);
  if (const char* used = PQpass(connection_.get()); used != nullptr && *used != '\0') {
    password_ = used;
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    const std::string reason = Redact(OneLine(PQerrorMessage(connection_.get())));
    const ErrorAdvice advice = AdviseOn("", reason);
    throw Fail(advice.kind, "Cannot connect to Postgres: {}. {}", reason, advice.way_out);
  }
}

Connection::Handle Connection::Open(int timeout_s) const {
  // In a thread of its own, as libpq looks up names and waits for answers without end to
  // somebody who wants to stop.
  std::packaged_task<Handle()> connect(
      [url = url_, timeout_s] { return Handle(Connect(url, timeout_s)); });
  std::future<Handle> connected = connect.get_future();
  std::thread(std::move(connect)).detach();
  while (connected.wait_for(kLookAgain) != std::future_status::ready) {
    if (stop_.stop_requested()) throw Fail(ErrorKind::kCancelled, "Stopped on request");
  }
  return connected.get();
}

void Connection::Begin() {
  std::string sql(kBeginSql);
  if (server_version() >= kFirstVersionWithTransactionTimeout) {
    sql += "SET LOCAL transaction_timeout = 0;";
  }
  sql += "SET LOCAL application_name = " + QuoteLiteral(name_);
  Sent(PQsendQuery(connection_.get(), sql.c_str()));
  pg_result* last = LastResult();
  const Rows owned(last);
  if (PQresultStatus(last) != PGRES_COMMAND_OK) ThrowResult(last);
}

std::string Connection::Redact(std::string message) const {
  if (password_.size() < 3) return message;
  for (size_t at; (at = message.find(password_)) != std::string::npos;) {
    message.replace(at, password_.size(), "[password]");
    if (password_.find("[password]") != std::string::npos) break;
  }
  return message;
}

Connection::Subject::Subject(Connection* connection, std::string words)
    : connection_(connection),
      before_(std::exchange(connection->subject_, std::move(words) + ": ")) {}

Connection::Subject::~Subject() { connection_->subject_ = before_; }

void Connection::Throw(std::string_view sqlstate, const std::string& message) const {
  const ErrorAdvice advice =
      of_a_user_ ? AdviseOnQuery(sqlstate, message) : AdviseOn(sqlstate, message);
  const std::string state = sqlstate.empty() ? "" : fmt::format(" [{}]", sqlstate);
  throw Fail(advice.kind, "{}Postgres: {}{}{}{}", subject_, Redact(message), state,
             advice.way_out.empty() ? "" : ". ", advice.way_out)
      .WithSqlstate(std::string(sqlstate));
}

void Connection::ThrowResult(const pg_result* result) const {
  const auto field = [&](int code) -> std::string {
    const char* text = PQresultErrorField(result, code);
    return text == nullptr ? "" : OneLine(text);
  };
  const std::string state = field(PG_DIAG_SQLSTATE);
  if (state.empty()) ThrowLost();
  std::string message = field(PG_DIAG_MESSAGE_PRIMARY);
  const std::string detail = field(PG_DIAG_MESSAGE_DETAIL);
  if (!detail.empty()) message += fmt::format(" ({})", detail);
  // The server's own hint where there is no better one.
  const std::string hint = field(PG_DIAG_MESSAGE_HINT);
  const bool none = of_a_user_ || AdviseOn(state, message).way_out.empty();
  if (!hint.empty() && none) message += ". " + hint;
  Throw(state, message);
}

void Connection::ThrowLost() const {
  Throw("", OneLine(PQerrorMessage(connection_.get())));
}

void Connection::Cancel() {
  std::shared_ptr<PGcancel> cancel(PQgetCancel(connection_.get()), &PQfreeCancel);
  if (!cancel) return;
  // Best effort, and in a thread of its own, as PQcancel() would wait for a silent server
  // without end: that notices the closed connection sooner or later.
  constexpr std::chrono::seconds kMost{2};
  std::promise<void> sent;
  const std::future<void> waiting = sent.get_future();
  std::thread([cancel, sent = std::move(sent)]() mutable {
    char problem[256];
    PQcancel(cancel.get(), problem, sizeof(problem));
    sent.set_value();
  }).detach();
  waiting.wait_for(kMost);
}

void Connection::Wait() {
  pollfd wait{PQsocket(connection_.get()), POLLIN, 0};
  const auto begun = Clock::now();
  const bool heard = poll(&wait, 1, kLookAgain.count()) > 0;
  waited_ += Clock::now() - begun;
  if (stop_.stop_requested()) {
    Cancel();
    throw Fail(ErrorKind::kCancelled, "Stopped on request");
  }
  if (PQconsumeInput(connection_.get()) == 0) ThrowLost();
  if (heard) {
    heard_ = Clock::now();
    answered_ = true;
  } else if (Clock::now() - heard_ > patience_) {
    LookIntoSilence();
  }
}

void Connection::LookIntoSilence() {
  if (!answered_) {
    throw Fail(
        ErrorKind::kUnavailable,
        "Postgres took the connection, and then gave no answer for {} s. It hangs, "
        "or the pooler before it has no connection of its server free. Way out: "
        "wait, or end other sessions; --jobs 1 needs only one",
        std::chrono::duration_cast<std::chrono::seconds>(patience_).count());
  }
  if (!IsAtWork()) {
    constexpr int kOnItsWayMs = 1000;
    pollfd wait{PQsocket(connection_.get()), POLLIN, 0};
    if (poll(&wait, 1, kOnItsWayMs) <= 0) {
      throw Fail(ErrorKind::kUnavailable,
                 "{}Postgres is silent, and does not work on what it was asked for. {}",
                 subject_, AdviseOn("", "Connection timed out").way_out);
    }
  }
  heard_ = Clock::now();
  patience_ = std::min<Clock::duration>(2 * patience_, kMostPatience);
}

// A server may well be silent for hours, before the first row of a large view. Whether it
// is at work can only be asked by another connection.
bool Connection::IsAtWork() const {
  const Handle other = Open(kPatience.count());
  if (PQstatus(other.get()) != CONNECTION_OK) {
    // A server that refuses is there, so the benefit of the doubt.
    return Contains(PQerrorMessage(other.get()), "FATAL");
  }
  const char* name[] = {name_.c_str()};
  // One that waits for us to read, while there is nothing to be read, is cut off.
  PQsendQueryParams(other.get(),
                    "SELECT FROM pg_catalog.pg_stat_activity WHERE application_name = $1 "
                    "AND state !~ '^idle' AND wait_event IS DISTINCT FROM 'ClientWrite'",
                    1, nullptr, name, nullptr, nullptr, 0);
  const auto until = Clock::now() + kPatience;
  while (Clock::now() < until && PQisBusy(other.get()) != 0) {
    pollfd wait{PQsocket(other.get()), POLLIN, 0};
    poll(&wait, 1, kLookAgain.count());
    if (PQconsumeInput(other.get()) == 0) return false;
  }
  // A pooler that is full takes connections and answers later.
  if (PQisBusy(other.get()) != 0) return true;
  pg_result* found = PQgetResult(other.get());
  const Rows owned(found);
  return PQresultStatus(found) != PGRES_TUPLES_OK || owned.size() > 0;
}

void Connection::Sent(int succeeded) {
  if (succeeded == 0) ThrowLost();
  heard_ = Clock::now();
  patience_ = answered_ ? kPatience : ConnectTimeout(connection_.get());
}

pg_result* Connection::LastResult() {
  pg_result* last = nullptr;
  for (;;) {
    while (PQisBusy(connection_.get()) != 0) Wait();
    pg_result* result = PQgetResult(connection_.get());
    if (result == nullptr) return last;
    PQclear(last);
    last = result;
    const ExecStatusType status = PQresultStatus(last);
    if (status == PGRES_COPY_OUT) return last;
  }
}

int Connection::Send(const std::string& sql, const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  return PQsendQueryParams(connection_.get(), sql.c_str(),
                           static_cast<int>(values.size()), nullptr, values.data(),
                           nullptr, nullptr, 0);
}

Rows Connection::Execute(const std::string& sql,
                         const std::vector<std::string>& parameters) {
  Sent(Send(sql, parameters));
  pg_result* result = LastResult();
  Rows rows(result);
  const auto status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) ThrowResult(result);
  return rows;
}

void Connection::BeginCopy(const std::string& sql) {
  // Values of no encoding come as they are, and are looked at here, with their row's key.
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  const bool none = encoding != nullptr && std::string_view(encoding) == "SQL_ASCII";
  if (none) Execute("SET LOCAL client_encoding TO 'SQL_ASCII'");
  Sent(PQsendQuery(connection_.get(), sql.c_str()));
  pg_result* begun = LastResult();
  const Rows owned(begun);
  if (PQresultStatus(begun) != PGRES_COPY_OUT) ThrowResult(begun);
}

bool Connection::ReadCopy(const std::function<bool(Bytes)>& on_data) {
  for (;;) {
    char* data = nullptr;
    const int length = PQgetCopyData(connection_.get(), &data, 1);
    const std::unique_ptr<char, FreeMemory> free_data(data);
    if (length == -2) ThrowLost();
    if (length == -1) return true;
    if (length == 0) {
      Wait();
    } else if (!on_data({reinterpret_cast<const uint8_t*>(data),
                         static_cast<size_t>(length)})) {
      return false;
    }
  }
}

int64_t Connection::CopyOut(const std::string& sql,
                            const std::function<void(Bytes)>& on_data) {
  BeginCopy(sql);
  ReadCopy([&](Bytes data) {
    on_data(data);
    return true;
  });
  // A COPY can still fail after its last row.
  pg_result* result = LastResult();
  const Rows owned(result);
  if (PQresultStatus(result) != PGRES_COMMAND_OK) ThrowResult(result);
  int64_t rows = 0;
  const std::string_view count = PQcmdTuples(result);
  std::from_chars(count.data(), count.data() + count.size(), rows);
  return rows;
}

void Connection::CopySome(const std::string& sql,
                          const std::function<bool(Bytes)>& on_data) {
  Execute("SAVEPOINT before_copy");
  BeginCopy(sql);
  const bool whole = ReadCopy(on_data);
  if (!whole) {
    Cancel();
    ReadCopy([](Bytes) { return true; });
  }
  pg_result* result = LastResult();
  const Rows owned(result);
  if (whole && PQresultStatus(result) != PGRES_COMMAND_OK) ThrowResult(result);
  Execute("ROLLBACK TO SAVEPOINT before_copy");
}

int Connection::server_version() const { return PQserverVersion(connection_.get()); }

std::string Connection::description() const {
  const pg_conn* connection = connection_.get();
  return fmt::format("{}@{}:{}/{}", PQuser(connection), PQhost(connection),
                     PQport(connection), PQdb(connection));
}

}  // namespace shoestring
