#include "source/connection.h"

#include <libpq-fe.h>
#include <poll.h>

#include <charconv>

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

std::string Trim(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == ' ')) text.pop_back();
  return text;
}

std::string_view ConnectHint(std::string_view message) {
  if (Contains(message, "password authentication failed") ||
      Contains(message, "no password supplied")) {
    return "Check the user and the password (DATABASE_URL, PGPASSWORD or ~/.pgpass).";
  }
  if (Contains(message, "could not translate host name")) {
    return "Check the host's name and the DNS.";
  }
  if (Contains(message, "Network is unreachable")) {
    return "The host may have only an IPv6 address, which this machine cannot reach; "
           "Supabase's session pooler (port 5432 of the pooler's host) has IPv4.";
  }
  if (Contains(message, "Connection refused")) {
    return "Check the host and port, and that the server is running.";
  }
  if (Contains(message, "does not support SSL")) {
    return "Use sslmode=prefer or disable if the network between is your own.";
  }
  if (Contains(message, "does not exist")) return "Check the name in the URL.";
  return "Check the URL, and that the server can be reached from here.";
}

ErrorKind ConnectErrorKind(std::string_view message) {
  if (Contains(message, "authentication") || Contains(message, "no password supplied") ||
      Contains(message, "pg_hba.conf") || Contains(message, "permission denied")) {
    return ErrorKind::kPermission;
  }
  if (Contains(message, "does not exist")) return ErrorKind::kNotFound;
  return ErrorKind::kUnavailable;
}

ErrorKind KindOfSqlstate(std::string_view state) {
  const std::string_view group = state.substr(0, 2);
  if (state == "42501") return ErrorKind::kPermission;
  if (state == "42P01" || state == "42703" || state == "3F000" || state == "3D000") {
    return ErrorKind::kNotFound;
  }
  if (state == "57014") return ErrorKind::kTimeout;  // We never cancel from outside.
  if (state == "55P03") return ErrorKind::kUnavailable;
  if (state == "22021") return ErrorKind::kUnsupported;  // A name that is not UTF-8.
  if (group == "08" || group == "57" || group == "53" || group == "40") {
    return ErrorKind::kUnavailable;
  }
  return ErrorKind::kInvalidArgument;
}

// Settings a session starts with; those a server does not know are left out.
constexpr const char* kSessionSettings = R"(
  SELECT set_config(name, value, false)
  FROM (VALUES ('statement_timeout', '0'), ('lock_timeout', '0'),
               ('idle_in_transaction_session_timeout', '0'), ('idle_session_timeout', '0'),
               ('transaction_timeout', '0'), ('row_security', 'off'),
               ('client_encoding', 'UTF8'),
               ('search_path', ''), ('DateStyle', 'ISO, YMD'),
               ('IntervalStyle', 'postgres'), ('TimeZone', 'UTC'),
               ('extra_float_digits', '1'), ('bytea_output', 'hex'),
               ('default_transaction_read_only', 'on')) AS wanted (name, value)
  WHERE name IN (SELECT pg_catalog.lower(s.name) FROM pg_catalog.pg_settings s
                 UNION SELECT s.name FROM pg_catalog.pg_settings s))";

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
    throw Fail(ErrorKind::kCorrupt, "Postgres answered {:?} where a number belongs",
               text);
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
    : stop_(std::move(stop)) {
  char* message = nullptr;
  const Options given(PQconninfoParse(url.c_str(), &message));
  const std::unique_ptr<char, FreeMemory> free_message(message);
  if (!given) {
    throw Fail(ErrorKind::kInvalidArgument,
               "The source is not a Postgres URL, such as "
               "postgresql://user@host:5432/database; special characters in it must be "
               "percent-encoded");
  }
  password_ = OptionValue(given.get(), "password");
  const bool has_timeout = !OptionValue(given.get(), "connect_timeout").empty();
  // What stands after dbname in this list overrides nothing but the defaults set here.
  const char* keywords[] = {"connect_timeout",
                            "fallback_application_name",
                            "keepalives",
                            "keepalives_idle",
                            "keepalives_interval",
                            "dbname",
                            nullptr};
  const char* values[] = {"10", "shoestring", "1", "30", "10", url.c_str(), nullptr};
  const int first = has_timeout || std::getenv("PGCONNECT_TIMEOUT") != nullptr ? 1 : 0;
  connection_.reset(PQconnectdbParams(keywords + first, values + first, 1));
  if (const char* used = PQpass(connection_.get()); used != nullptr && *used != '\0') {
    password_ = used;
  }
  if (PQstatus(connection_.get()) != CONNECTION_OK) {
    const std::string reason = Redact(Trim(PQerrorMessage(connection_.get())));
    throw Fail(ConnectErrorKind(reason), "Cannot connect to Postgres: {}. {}", reason,
               ConnectHint(reason));
  }
  // Notices would go to stderr, in the middle of a progress line.
  PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  Execute(kSessionSettings);
}

std::string Connection::Redact(std::string message) const {
  if (password_.size() < 3) return message;
  for (size_t at; (at = message.find(password_)) != std::string::npos;) {
    message.replace(at, password_.size(), "[password]");
    if (password_.find("[password]") != std::string::npos) break;
  }
  return message;
}

void Connection::ThrowResult(const pg_result* result, const std::string& doing) {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  if (state == nullptr) ThrowLost(doing);
  const char* primary = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const char* detail = PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL);
  const char* hint = PQresultErrorField(result, PG_DIAG_MESSAGE_HINT);
  std::string message = fmt::format("Postgres: {}", primary == nullptr ? "" : primary);
  if (detail != nullptr) message += fmt::format(" ({})", detail);
  if (hint != nullptr) message += fmt::format(". {}", hint);
  if (std::string_view(state) == "42501" && Contains(message, "row-level security")) {
    message +=
        ". This role sees only some rows of the table: use the table's owner or a role "
        "with BYPASSRLS";
  }
  if (std::string_view(state) == "22021") {
    message +=
        ". A name, a type, a label or a comment in this database is not valid UTF-8, and "
        "the lake holds nothing else. Way out: rename it, or leave its table out with "
        "--exclude";
  }
  throw Fail(KindOfSqlstate(state), "{} [{}] {}", Redact(message), state, doing)
      .WithSqlstate(state);
}

void Connection::ThrowLost(const std::string& doing) {
  throw Fail(ErrorKind::kUnavailable, "Postgres: {} {}",
             Redact(Trim(PQerrorMessage(connection_.get()))), doing);
}

void Connection::Cancel() {
  const std::unique_ptr<PGcancel, decltype(&PQfreeCancel)> cancel(
      PQgetCancel(connection_.get()), &PQfreeCancel);
  char problem[256];
  // Best effort: the server notices the closed connection sooner or later.
  if (cancel) PQcancel(cancel.get(), problem, sizeof(problem));
}

void Connection::Wait() {
  constexpr int kLookAgainMs = 100;
  pollfd wait{PQsocket(connection_.get()), POLLIN, 0};
  poll(&wait, 1, kLookAgainMs);
  if (stop_.stop_requested()) {
    Cancel();
    throw Fail(ErrorKind::kCancelled, "Stopped on request");
  }
  if (PQconsumeInput(connection_.get()) == 0) ThrowLost("");
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

Rows Connection::Execute(const std::string& sql,
                         const std::vector<std::string>& parameters) {
  std::vector<const char*> values;
  for (const auto& parameter : parameters) values.push_back(parameter.c_str());
  if (PQsendQueryParams(connection_.get(), sql.c_str(), static_cast<int>(values.size()),
                        nullptr, values.data(), nullptr, nullptr, 0) == 0) {
    ThrowLost("");
  }
  pg_result* result = LastResult();
  Rows rows(result);
  const auto status = PQresultStatus(result);
  if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) ThrowResult(result, "");
  return rows;
}

void Connection::BeginCopy(const std::string& sql) {
  // Values of no encoding come as they are, and are looked at here, with their row's key.
  const char* encoding = PQparameterStatus(connection_.get(), "server_encoding");
  const bool none = encoding != nullptr && std::string_view(encoding) == "SQL_ASCII";
  if (none) Execute("SET LOCAL client_encoding TO 'SQL_ASCII'");
  if (PQsendQuery(connection_.get(), sql.c_str()) == 0) ThrowLost("");
  pg_result* begun = LastResult();
  const Rows owned(begun);
  if (PQresultStatus(begun) != PGRES_COPY_OUT) ThrowResult(begun, "");
}

bool Connection::ReadCopy(const std::function<bool(Bytes)>& on_data) {
  for (;;) {
    char* data = nullptr;
    const int length = PQgetCopyData(connection_.get(), &data, 1);
    const std::unique_ptr<char, FreeMemory> free_data(data);
    if (length == -2) ThrowLost("");
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
  if (PQresultStatus(result) != PGRES_COMMAND_OK) ThrowResult(result, "");
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
  if (whole && PQresultStatus(result) != PGRES_COMMAND_OK) ThrowResult(result, "");
  Execute("ROLLBACK TO SAVEPOINT before_copy");
}

int Connection::server_version() const { return PQserverVersion(connection_.get()); }

std::string Connection::description() const {
  const pg_conn* connection = connection_.get();
  return fmt::format("{}@{}:{}/{}", PQuser(connection), PQhost(connection),
                     PQport(connection), PQdb(connection));
}

}  // namespace shoestring
