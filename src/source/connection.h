// source: Postgres: connections, snapshots, what a database holds, and its COPY stream
// turned into Arrow arrays. Knows nothing of lakes.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

struct pg_conn;
struct pg_result;

namespace shoestring {

/// "a""b" for a"b.
std::string QuoteIdentifier(std::string_view name);
/// 'a''b' for a'b; E'' form where there are backslashes.
std::string QuoteLiteral(std::string_view text);
/// "schema"."name"
std::string QuoteQualified(std::string_view schema, std::string_view name);

/// The rows of a statement, as text.
class Rows {
 public:
  explicit Rows(pg_result* result);

  int size() const;
  bool IsNull(int row, int column) const;
  /// "" for NULL.
  std::string_view Text(int row, int column) const;
  int64_t Integer(int row, int column) const;
  bool Boolean(int row, int column) const { return Text(row, column) == "t"; }
  std::optional<std::string> Optional(int row, int column) const;

 private:
  struct Deleter {
    void operator()(pg_result* result) const;
  };
  std::unique_ptr<pg_result, Deleter> result_;
};

/// One session. Every session reads only, sees all rows or fails (row_security=off), has
/// no time-outs, speaks UTF-8, ISO dates and UTC, and has an empty search_path.
/// Not thread-safe.
class Connection {
 public:
  /// A libpq URL or key=value string; what it leaves out comes from the PG* environment.
  /// Errors never contain the password. Once a stop is requested, whatever the server is
  /// doing for this session is cancelled and kCancelled is thrown.
  explicit Connection(const std::string& url, std::stop_token stop = {});
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) = delete;

  /// Runs one statement with $1… parameters; throws Error with the SQLSTATE.
  Rows Execute(const std::string& sql, const std::vector<std::string>& parameters = {});

  /// Runs COPY … TO STDOUT and hands out its data message by message. Returns the rows
  /// of the command tag.
  int64_t CopyOut(const std::string& sql, const std::function<void(Bytes)>& on_data);
  /// The same until `on_data` says that it has enough, by false. Needs a transaction.
  void CopySome(const std::string& sql, const std::function<bool(Bytes)>& on_data);

  /// Ends the session, and gives back the memory that its largest row took. Nothing else
  /// may be asked of it then.
  void Close() { connection_.reset(); }

  /// 150018 for 15.18.
  int server_version() const;
  /// "postgres@127.0.0.1:5432/db": fit to be shown.
  std::string description() const;

 private:
  struct Deleter {
    void operator()(pg_conn* connection) const;
  };
  [[noreturn]] void ThrowResult(const pg_result* result, const std::string& doing);
  [[noreturn]] void ThrowLost(const std::string& doing);
  std::string Redact(std::string message) const;
  /// Waits for the server, or throws kCancelled.
  void Wait();
  void Cancel();
  /// The last result of the command that was sent.
  pg_result* LastResult();
  void BeginCopy(const std::string& sql);
  /// Feeds messages until the end of the data (true) or until on_data has enough.
  bool ReadCopy(const std::function<bool(Bytes)>& on_data);

  std::unique_ptr<pg_conn, Deleter> connection_;
  std::string password_;
  std::stop_token stop_;
};

}  // namespace shoestring
