#include "source/connection_advice.h"

#include <gmock/gmock.h>

namespace shoestring {
namespace {

using testing::HasSubstr;

TEST(ConnectionAdvice, IsGivenForWhatServersPoolersAndNetworksSay) {
  struct Case {
    std::string_view sqlstate;
    std::string_view message;
    ErrorKind kind;
    std::string way_out;
  };
  const Case cases[] = {
      {"", "FATAL:  the database system is starting up", ErrorKind::kUnavailable, "wait"},
      {"", "FATAL:  the database system is not yet accepting connections",
       ErrorKind::kUnavailable, "wait"},
      {"57P03", "Das Datenbanksystem startet", ErrorKind::kUnavailable, "wait"},
      {"", "FATAL:  sorry, too many clients already", ErrorKind::kUnavailable,
       "--jobs 1"},
      {"", "FATAL:  too many connections for role \"r\"", ErrorKind::kUnavailable,
       "--jobs 1"},
      {"",
       "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER "
       "attribute",
       ErrorKind::kUnavailable, "--jobs 1"},
      {"", "FATAL:  no more connections allowed (max_client_conn)",
       ErrorKind::kUnavailable, "--jobs 1"},
      {"XX000", "MaxClientsInSessionMode: max clients reached", ErrorKind::kUnavailable,
       "--jobs 1"},
      {"", "FATAL:  Max client connections reached", ErrorKind::kUnavailable, "--jobs 1"},
      {"08P01", "query_wait_timeout", ErrorKind::kUnavailable, "--jobs 1"},
      {"", "FATAL:  idle transaction timeout", ErrorKind::kUnavailable, "time limit"},
      {"25P03", "terminating connection due to idle-in-transaction timeout",
       ErrorKind::kUnavailable, "time limit"},
      {"25P04", "terminating connection due to transaction timeout",
       ErrorKind::kUnavailable, "time limit"},
      {"XX000", "FATAL:  Tenant or user not found", ErrorKind::kPermission,
       "postgres.PROJECT"},
      {"", "FATAL:  no such database: nope", ErrorKind::kNotFound, "URL"},
      {"", "FATAL:  role \"nope\" does not exist", ErrorKind::kNotFound, "URL"},
      {"", "FATAL:  role \"group\" is not permitted to log in", ErrorKind::kPermission,
       "LOGIN"},
      {"",
       "FATAL:  no pg_hba.conf entry for host \"1.2.3.4\", user \"u\", database "
       "\"d\", SSL encryption",
       ErrorKind::kPermission, "pg_hba.conf"},
      {"",
       "connection to server at \"h\" (2a05::1), port 5432 failed: Network is "
       "unreachable",
       ErrorKind::kUnavailable, "IPv6"},
      {"", "could not receive data from server: Connection timed out",
       ErrorKind::kUnavailable, "run it again"},
      {"", "SSL SYSCALL error: EOF detected", ErrorKind::kUnavailable, "run it again"},
      {"57P02", "terminating connection because of crash of another server process",
       ErrorKind::kUnavailable, "run it again"},
      {"40001", "Abbruch der Anweisung wegen Konflikt", ErrorKind::kUnavailable,
       "max_standby_streaming_delay"},
      {"", "words that nobody knows", ErrorKind::kUnavailable, "Check the URL"},
      {"42501", "permission denied for table role", ErrorKind::kPermission, "GRANT"},
      {"22P02", "invalid input syntax for type integer: \"role \"too many c\"",
       ErrorKind::kInvalidArgument, "--where"},
      {"42601", "syntax error at or near \"shutting down\"", ErrorKind::kInvalidArgument,
       ""},
  };
  for (const auto& [sqlstate, message, kind, way_out] : cases) {
    const ErrorAdvice advice = AdviseOn(sqlstate, message);
    EXPECT_EQ(advice.kind, kind) << message;
    EXPECT_THAT(std::string(advice.way_out), HasSubstr(way_out)) << message;
    EXPECT_EQ(advice.way_out.empty(), way_out.empty()) << message;
  }
}

TEST(ConnectionAdvice, IsOnOneLine) {
  EXPECT_EQ(OneLine(""), "");
  EXPECT_EQ(OneLine("server closed the connection unexpectedly\n"
                    "\tThis probably means the server terminated abnormally\n"
                    "\tbefore or while processing the request.\n"),
            "server closed the connection unexpectedly");
  EXPECT_EQ(OneLine("with TLS: no.\nwithout: no\nwith TLS: no.\n"),
            "with TLS: no; without: no");
}

TEST(ConnectionAdvice, AUsersStatementSpeaksForItself) {
  const ErrorAdvice division = AdviseOnQuery("22012", "division by zero");
  EXPECT_EQ(division.kind, ErrorKind::kInvalidArgument);
  EXPECT_EQ(division.way_out, "");
  EXPECT_EQ(AdviseOnQuery("42P01", "relation \"t\" does not exist").kind,
            ErrorKind::kNotFound);
  EXPECT_EQ(AdviseOnQuery("42501", "permission denied").kind, ErrorKind::kPermission);
  EXPECT_EQ(AdviseOnQuery("25006", "read-only").kind, ErrorKind::kInvalidArgument);
  EXPECT_NE(AdviseOnQuery("57P01", "terminating connection").way_out, "");
}

}  // namespace
}  // namespace shoestring
