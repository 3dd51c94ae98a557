#include "source/connection_advice.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace shoestring {

namespace {

// Holds when the SQLSTATE begins with `sqlstate` and the message has `words` in it. Words
// alone are for what has no SQLSTATE, or a pooler's: libpq's own messages, and all that
// happens while connecting. Another language than English falls through to the end.
struct Rule {
  std::string_view sqlstate;
  std::string_view words;
  ErrorAdvice advice;
};

constexpr ErrorKind kInvalid = ErrorKind::kInvalidArgument;
constexpr ErrorKind kNotFound = ErrorKind::kNotFound;
constexpr ErrorKind kPermission = ErrorKind::kPermission;
constexpr ErrorKind kUnavailable = ErrorKind::kUnavailable;
constexpr ErrorKind kUnsupported = ErrorKind::kUnsupported;

constexpr std::string_view kCredentials =
    "Check the user and the password (DATABASE_URL, PGPASSWORD or ~/.pgpass)";
constexpr std::string_view kName = "Check the name in the URL";
constexpr std::string_view kFull =
    "The server or its pooler has no connection left. Way out: wait, or end other "
    "sessions; --jobs 1 needs only one";
constexpr std::string_view kNotUp = "Way out: wait until the server is up, and run again";
constexpr std::string_view kNoRoute =
    "If the host has only an IPv6 address, as Supabase's direct host has, this machine "
    "needs IPv6. Way out: the session pooler's host, port 5432, which has IPv4";
constexpr std::string_view kLost =
    "The server, or something between, ended the connection. Nothing was changed. Way "
    "out: run it again when both are well";
constexpr std::string_view kForeign =
    "The foreign table's server refused. Way out: correct its SERVER and USER MAPPING, "
    "or leave the table out with --exclude";
constexpr std::string_view kReplay =
    "A standby cancels reads that hold back its replay. Nothing was changed. Way out: "
    "max_standby_streaming_delay = -1 on the standby until it is done, or read from the "
    "primary";
constexpr std::string_view kTimeLimit =
    "A time limit of the server or of its pooler ended the session. Nothing was changed. "
    "Way out: raise it for this role, or use the server's direct host";

// The first that holds counts.
constexpr Rule kRules[] = {
    // What a role may see
    {"42501",
     "row-level security",
     {kPermission,
      "This role sees only some rows. Way out: a role with BYPASSRLS, or the table's "
      "owner unless ALTER TABLE … FORCE ROW LEVEL SECURITY binds it too"}},
    {"42501",
     "for database",
     {kPermission, "Way out: GRANT CONNECT ON DATABASE … TO this role"}},
    {"42501",
     "",
     {kPermission,
      "Way out: GRANT USAGE ON SCHEMA … and GRANT SELECT ON the whole table TO this "
      "role, or leave the table out with --exclude"}},
    // Names and bytes
    {"22021",
     "",
     {kUnsupported,
      "A name, a type, a label or a comment is not valid UTF-8, and the lake holds "
      "nothing else. Way out: rename it, or leave its table out with --exclude"}},
    {"42P01", "", {kNotFound, "If it was dropped or renamed meanwhile, run it again"}},
    {"3F000", "", {kNotFound, ""}},
    {"42703", "", {kNotFound, ""}},
    // Standbys
    {"", "conflict with recovery", {kUnavailable, kReplay}},
    {"40001", "", {kUnavailable, kReplay}},
    {"0A000",
     "during recovery",
     {kUnsupported,
      "A standby has no rows of unlogged tables. Way out: read from the primary, or "
      "leave the table out with --exclude"}},
    // Locks and limits of time
    {"55P03",
     "",
     {kUnavailable,
      "Another session holds or awaits a lock on it (ALTER TABLE, TRUNCATE, VACUUM "
      "FULL, …). Nothing was changed. Way out: run it again when that is done"}},
    {"57014",
     "",
     {kUnavailable,
      "It was cancelled at the server, by somebody or by a limit there. Nothing was "
      "changed. Way out: run it again"}},
    {"25P0", "", {kUnavailable, kTimeLimit}},
    {"57P05", "", {kUnavailable, kTimeLimit}},
    // Poolers
    {"",
     "statement pooling",
     {kUnsupported,
      "A pooler in statement mode allows no transactions, and a consistent copy needs "
      "one. Way out: the server's direct host, or a pooler in session or transaction "
      "mode"}},
    {"",
     "unsupported startup parameter",
     {kInvalid,
      "A pooler refuses it. Way out: take it out of the URL (and out of PGOPTIONS)"}},
    {"",
     "Tenant or user not found",
     {kPermission,
      "The user of Supabase's pooler is called postgres.PROJECT. Way out: copy the URL "
      "from the project's page"}},
    // Foreign tables
    {"HV", "", {kUnavailable, kForeign}},
    {"08001", "could not connect to server \"", {kUnavailable, kForeign}},
    {"2F003", "", {kPermission, kForeign}},
    {"42704", "user mapping", {kPermission, kForeign}},
    // Who is allowed in
    {"", "password authentication failed", {kPermission, kCredentials}},
    {"", "no password supplied", {kPermission, kCredentials}},
    {"", "SASL authentication failed", {kPermission, kCredentials}},
    {"",
     "SSL encryption",
     {kPermission, "The server's pg_hba.conf must let this user in from this address"}},
    {"",
     "no encryption",
     {kPermission,
      "The server may want TLS (sslmode=require in the URL); else its pg_hba.conf must "
      "let this user in from this address"}},
    {"", "pg_hba.conf", {kPermission, "The server's pg_hba.conf must let this user in"}},
    {"", "not permitted to log in", {kPermission, "Way out: ALTER ROLE … LOGIN"}},
    // TLS
    {"",
     "root certificate file",
     {kPermission,
      "Way out: name the file of the authority's certificate, sslrootcert=FILE in the "
      "URL; sslmode=require encrypts without looking who answers"}},
    {"",
     "certificate verify failed",
     {kPermission,
      "The server's certificate has expired, or another authority than that of "
      "sslrootcert has signed it. Way out: renew it, or name the right sslrootcert=FILE "
      "in the URL"}},
    {"",
     "does not match host name",
     {kPermission,
      "Way out: the name that the certificate is made out to; or sslmode=verify-ca, "
      "which looks at the authority alone"}},
    {"",
     "does not support SSL",
     {kInvalid,
      "Way out: sslmode=prefer or disable in the URL, if the network between is your "
      "own"}},
    // Servers that are full, or not up
    {"53300", "", {kUnavailable, kFull}},
    {"", "too many c", {kUnavailable, kFull}},
    {"", "connection slots", {kUnavailable, kFull}},
    {"", "no more connections allowed", {kUnavailable, kFull}},
    {"", "ax client", {kUnavailable, kFull}},
    {"", "query_wait_timeout", {kUnavailable, kFull}},
    {"57P03", "", {kUnavailable, kNotUp}},
    {"", "starting up", {kUnavailable, kNotUp}},
    {"", "shutting down", {kUnavailable, kNotUp}},
    {"", "accepting connections", {kUnavailable, kNotUp}},
    {"", "recovery mode", {kUnavailable, kNotUp}},
    // The way there
    {"",
     "could not translate host name",
     {kUnavailable, "Check the host's name and the DNS"}},
    {"", "Network is unreachable", {kUnavailable, kNoRoute}},
    {"", "Cannot assign requested address", {kUnavailable, kNoRoute}},
    {"", "Address family not supported", {kUnavailable, kNoRoute}},
    {"", "No route to host", {kUnavailable, kNoRoute}},
    {"",
     "Connection refused",
     {kUnavailable, "Check the host and port, and that the server is running"}},
    {"",
     "timeout expired",
     {kUnavailable,
      "Check the host and port, and that no firewall is between; connect_timeout=SECONDS "
      "in the URL waits longer"}},
    {"", "timeout", {kUnavailable, kTimeLimit}},  // pgbouncer's
    {"", "closed the connection", {kUnavailable, kLost}},
    {"", "Connection reset", {kUnavailable, kLost}},
    {"", "Broken pipe", {kUnavailable, kLost}},
    {"", "Connection timed out", {kUnavailable, kLost}},
    {"", "connection has been closed", {kUnavailable, kLost}},
    {"", "EOF detected", {kUnavailable, kLost}},
    {"57P", "", {kUnavailable, kLost}},
    // What remains of whole groups
    {"", "database \"", {kNotFound, kName}},
    {"", "role \"", {kNotFound, kName}},
    {"", "no such database", {kNotFound, kName}},
    {"", "no such user", {kNotFound, kName}},
    {"08", "", {kUnavailable, kLost}},
    {"22",
     "",
     {kInvalid,
      "The view or the condition fails for some row. Way out: correct it, or leave the "
      "row out with --where"}},
    {"40", "", {kUnavailable, "Nothing was changed. Way out: run it again"}},
    {"53", "", {kUnavailable, "Way out: run it again when the server has room"}},
};

// Of a user's statement, by the beginning of its SQLSTATE; the first that holds counts.
constexpr std::pair<std::string_view, ErrorKind> kKindsOfQueries[] = {
    {"42501", kPermission},   {"42P01", kNotFound},
    {"3F000", kNotFound},     {"57014", ErrorKind::kCancelled},
    {"0A", kUnsupported},     {"21", kInvalid},
    {"22", kInvalid},         {"25006", kInvalid},
    {"42", kInvalid},         {"54", ErrorKind::kLimit},
    {"53", ErrorKind::kLimit}};

constexpr ErrorAdvice kNoConnection{
    kUnavailable,
    "Check the URL, and that the server can be reached from "
    "here"};
constexpr ErrorAdvice kNoStatement{kInvalid, ""};

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

// A statement's error may quote anything, so words alone say nothing of it.
bool IsOfConnection(std::string_view sqlstate) {
  constexpr std::string_view kGroups[] = {"08", "28", "3D", "40", "53", "57", "XX"};
  return sqlstate.empty() || std::find(std::begin(kGroups), std::end(kGroups),
                                       sqlstate.substr(0, 2)) != std::end(kGroups);
}

}  // namespace

ErrorAdvice AdviseOn(std::string_view sqlstate, std::string_view message) {
  const bool of_connection = IsOfConnection(sqlstate);
  for (const auto& rule : kRules) {
    if (rule.sqlstate.empty() && !of_connection) continue;
    if (sqlstate.starts_with(rule.sqlstate) && Contains(message, rule.words)) {
      return rule.advice;
    }
  }
  return sqlstate.empty() ? kNoConnection : kNoStatement;
}

ErrorAdvice AdviseOnQuery(std::string_view sqlstate, std::string_view message) {
  for (const auto& [group, kind] : kKindsOfQueries) {
    if (sqlstate.starts_with(group)) return {kind, ""};
  }
  return AdviseOn(sqlstate, message);
}

std::string OneLine(std::string_view message) {
  std::vector<std::string_view> lines;
  while (!message.empty()) {
    const size_t end = std::min(message.find('\n'), message.size());
    std::string_view line = message.substr(0, end);
    message.remove_prefix(std::min(end + 1, message.size()));
    while (line.ends_with(' ') || line.ends_with('.')) line.remove_suffix(1);
    // What is indented is advice, and ours is better.
    if (line.empty() || line.starts_with('\t')) continue;
    if (std::find(lines.begin(), lines.end(), line) == lines.end()) lines.push_back(line);
  }
  return fmt::format("{}", fmt::join(lines, "; "));
}

}  // namespace shoestring
