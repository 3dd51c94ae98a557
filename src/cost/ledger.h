#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// One query that was run.
struct LedgerEntry {
  int64_t time_ms = 0;  ///< When it ended, since 1970.
  std::string engine;
  std::string statement_id;  ///< The same for the same text.
  std::string statement;     ///< The text, shortened, without its values.
  std::string outcome;       ///< "ok", "stopped" by its reader, or the kind of its error.
  int64_t rows = 0;
  int64_t bytes = 0;  ///< That the engine read.
  int64_t requests = 0;
  double dollars = 0;
  int64_t wall_ms = 0;
  bool reused = false;  ///< The engine gave an earlier answer again.
  bool cached = false;  ///< The answer came from the result cache.
  bool operator==(const LedgerEntry&) const = default;
};

/// A line of the ledger, with its end.
std::string FormatLedgerEntry(const LedgerEntry& entry);
/// Nothing for a line that is none, such as one that was cut off.
std::optional<LedgerEntry> ParseLedgerEntry(std::string_view line);

/// A file that lines are added to, by any number of processes at once. When it has grown
/// to half of its bound it becomes PATH.1, in place of the one before. A process that is
/// killed leaves at worst one line that is none. Thread-safe.
class Ledger {
 public:
  static constexpr int64_t kMostBytes = 16 << 20;

  explicit Ledger(std::string path, int64_t most_bytes = kMostBytes)
      : path_(std::move(path)), most_bytes_(most_bytes) {}

  const std::string& path() const { return path_; }
  /// Throws kUnavailable when the file cannot be written.
  void Append(const LedgerEntry& entry) const;

  struct Contents {
    std::vector<LedgerEntry> entries;  ///< In the order in which they were written.
    int64_t unreadable = 0;            ///< Lines that are none.
  };
  /// Empty when there is no ledger yet.
  Contents Read() const;

 private:
  const std::string path_;
  const int64_t most_bytes_;
};

/// What some queries came to.
struct LedgerSum {
  std::string key;
  int64_t queries = 0;
  int64_t free = 0;    ///< Of them, answered from a cache, here or of the engine.
  int64_t failed = 0;  ///< Of them, that did not end with their last row.
  int64_t bytes = 0;
  int64_t requests = 0;
  int64_t wall_ms = 0;
  double dollars = 0;
};

enum class LedgerKey { kDay, kEngine, kStatement };

/// By UTC day, engine, or statement, in the order of these; those since `since_ms` only.
std::vector<LedgerSum> SumLedger(const std::vector<LedgerEntry>& entries, LedgerKey by,
                                 int64_t since_ms = 0);

}  // namespace shoestring
