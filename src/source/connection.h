// source: Postgres: connections, snapshots, what a database holds, and its COPY stream
// turned into Arrow arrays. Knows nothing of lakes.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

struct pg_conn;
struct pg_result;

namespace shoestring {

struct TupleField;

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

/// A column of a statement's answer, as Postgres describes it.
struct ResultColumn {
  std::string name;
  uint32_t type = 0;  ///< pg_type.oid; a domain's base type.
  int32_t typmod = -1;
  uint32_t table = 0;  ///< pg_class.oid of the table or view that it is a column of.
  int number = 0;      ///< pg_attribute.attnum there.
};

/// A value for a placeholder: its type's pg_type.oid, 0 where Postgres shall infer it,
/// and its text; nothing for NULL.
struct BoundValue {
  uint32_t type = 0;
  std::optional<std::string> text;
};

/// One of many that are sent together.
struct Command {
  std::string sql;
  std::vector<std::string> parameters;
  std::string subject;  ///< What its error is about; see Connection::Subject.
};

/// One session. Nothing is set on it that a pooler could hand to others: what reading
/// needs is set by Begin() for its transaction. Not thread-safe.
class Connection {
 public:
  /// A libpq URL or key=value string; what it leaves out comes from the PG* environment.
  /// Waits 10 s for an answer, or connect_timeout. Errors say what to do and never
  /// contain the password. Once a stop is requested, whatever the server is doing for
  /// this session is cancelled and kCancelled is thrown.
  explicit Connection(const std::string& url, std::stop_token stop = {});
  ~Connection();
  Connection(Connection&&) noexcept;
  Connection& operator=(Connection&&) = delete;

  /// Begins a transaction that sees one moment, reads only, sees all rows or fails
  /// (row_security=off), waits 10 s for a lock and has no other time-outs, speaks ISO
  /// dates and UTC, and has an empty search_path.
  void Begin();

  /// Begins a transaction for somebody's own statement: it sees one moment, reads only,
  /// and has the role's own search_path, limits and row security. Errors come without
  /// migrate's ways out.
  void BeginQuery();

  /// While it lives, the connection's errors begin with what they are about: "Table t:
  /// …".
  class Subject {
   public:
    Subject(Connection* connection, std::string words);
    ~Subject();
    Subject(const Subject&) = delete;
    Subject& operator=(const Subject&) = delete;

   private:
    Connection* const connection_;
    const std::string before_;
  };

  /// Runs one statement with $1… parameters; throws Error with the SQLSTATE.
  Rows Execute(const std::string& sql, const std::vector<std::string>& parameters = {});

  /// The same for statements that do not hang on each other's answers, without a round
  /// trip for each. Throws the first one's error; those after it are not run.
  std::vector<Rows> ExecuteAll(const std::vector<Command>& statements);

  /// Parses one statement with $1… placeholders; the columns of its rows.
  std::vector<ResultColumn> Prepare(const std::string& sql,
                                    const std::vector<BoundValue>& parameters);
  /// Runs what was prepared; nothing else may be asked until its last row was read.
  void BeginRows(const std::vector<BoundValue>& parameters);
  /// The next row in binary form, valid until the next call; false after the last one.
  bool ReadRow(std::span<TupleField> fields);

  /// Runs COPY … TO STDOUT and hands out its data message by message. Returns the rows
  /// of the command tag.
  int64_t CopyOut(const std::string& sql, const std::function<void(Bytes)>& on_data);
  /// The same until `on_data` says that it has enough, by false. Needs a transaction.
  void CopySome(const std::string& sql, const std::function<bool(Bytes)>& on_data);

  /// How long it was waited for the server, in all.
  std::chrono::steady_clock::duration waited() const { return waited_; }

  /// Ends the session, and gives back the memory that its largest row took. Nothing else
  /// may be asked of it then.
  void Close() { connection_.reset(); }

  /// 150018 for 15.18.
  int server_version() const;
  /// "postgres@127.0.0.1:5432/db": fit to be shown.
  std::string description() const;

 private:
  using Clock = std::chrono::steady_clock;
  struct Deleter {
    void operator()(pg_conn* connection) const;
  };
  using Handle = std::unique_ptr<pg_conn, Deleter>;

  Handle Open(int timeout_s) const;
  /// `sqlstate` is "" when libpq, and not the server, is the one to complain.
  [[noreturn]] void Throw(std::string_view sqlstate, const std::string& message) const;
  [[noreturn]] void ThrowResult(const pg_result* result) const;
  [[noreturn]] void ThrowLost() const;
  std::string Redact(std::string message) const;
  /// Waits for the server, or throws kCancelled.
  void Wait();
  /// Throws when the server has been silent for too long and is not at work for us.
  void LookIntoSilence();
  bool IsAtWork() const;
  void Cancel();
  /// To be called with what a libpq function that sends a command has returned.
  void Sent(int succeeded);
  /// The last result of the command that was sent.
  pg_result* LastResult();
  int Send(const std::string& sql, const std::vector<std::string>& parameters);
  std::vector<Rows> RunPipeline(std::span<const Command> statements);
  void BeginCopy(const std::string& sql);
  /// Feeds messages until the end of the data (true) or until on_data has enough.
  bool ReadCopy(const std::function<bool(Bytes)>& on_data);

  Handle connection_;
  Rows row_{nullptr};       ///< Of ReadRow().
  bool of_a_user_ = false;  ///< The statement, since BeginQuery().
  std::string url_;
  std::string password_;
  std::stop_token stop_;
  std::string subject_;
  std::string name_;  ///< By which other sessions find this one's transaction.
  Clock::time_point heard_;
  Clock::duration patience_{};
  Clock::duration waited_{};
  bool answered_ = false;  ///< A command of this session, ever.
};

}  // namespace shoestring
