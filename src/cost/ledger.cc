#include "cost/ledger.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <map>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr mode_t kOwnerOnly = 0600;

// --- the file

/// The ledger's file, locked against other processes and threads.
class LockedFile {
 public:
  /// Nothing is open when the file does not exist and is not to be made.
  LockedFile(const std::string& path, int flags, int lock) {
    do {
      Close();
      file_ = open(path.c_str(), flags | O_CLOEXEC | O_NOFOLLOW, kOwnerOnly);
      if (file_ < 0) return;
      while (flock(file_, lock) != 0 && errno == EINTR) {
      }
    } while (!Is(path));
  }
  ~LockedFile() { Close(); }
  LockedFile(const LockedFile&) = delete;
  LockedFile& operator=(const LockedFile&) = delete;

  bool is_open() const { return file_ >= 0; }
  int fd() const { return file_; }

  int64_t size() const {
    struct stat info {};
    return fstat(file_, &info) == 0 ? info.st_size : 0;
  }

 private:
  /// False when another process has renamed it in between.
  bool Is(const std::string& path) const {
    struct stat open_file {};
    struct stat named {};
    return fstat(file_, &open_file) == 0 && stat(path.c_str(), &named) == 0 &&
           open_file.st_ino == named.st_ino && open_file.st_dev == named.st_dev;
  }

  void Close() {
    if (file_ >= 0) close(file_);
    file_ = -1;
  }

  int file_ = -1;
};

Error FailLedger(const std::string& path) {
  return Fail(ErrorKind::kUnavailable, "Cannot write the ledger of queries, {}: {}",
              std::strerror(errno), path);
}

std::string OlderOf(const std::string& path) { return path + ".1"; }

/// A line that was cut off must not take the next one with it.
bool EndsInALine(const LockedFile& file) {
  const int64_t size = file.size();
  char last = '\n';
  return size == 0 || (pread(file.fd(), &last, 1, size - 1) == 1 && last == '\n');
}

std::string ReadAll(int fd) {
  std::string text;
  constexpr size_t kPiece = 1 << 16;
  while (true) {
    const size_t before = text.size();
    text.resize(before + kPiece);
    const ssize_t bytes = read(fd, text.data() + before, kPiece);
    text.resize(before + static_cast<size_t>(std::max<ssize_t>(bytes, 0)));
    if (bytes < 0 && errno == EINTR) continue;
    if (bytes <= 0) return text;
  }
}

void AddLines(std::string_view text, Ledger::Contents* contents) {
  while (!text.empty()) {
    const size_t end = text.find('\n');
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.empty()) continue;
    if (auto entry = ParseLedgerEntry(line)) {
      contents->entries.push_back(*std::move(entry));
    } else {
      ++contents->unreadable;
    }
  }
}

// --- sums

std::string DayOf(int64_t time_ms) {
  using std::chrono::floor;
  const std::chrono::sys_time<std::chrono::milliseconds> time(
      std::chrono::milliseconds{time_ms});
  const std::chrono::year_month_day day(floor<std::chrono::days>(time));
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(day.year()),
                     static_cast<unsigned>(day.month()),
                     static_cast<unsigned>(day.day()));
}

std::string KeyOf(const LedgerEntry& entry, LedgerKey by) {
  switch (by) {
    case LedgerKey::kDay: return DayOf(entry.time_ms);
    case LedgerKey::kEngine: return entry.engine;
    case LedgerKey::kStatement: return entry.statement;
  }
  return "";
}

void AddTo(LedgerSum* sum, const LedgerEntry& entry) {
  ++sum->queries;
  sum->free += entry.reused || entry.cached ? 1 : 0;
  sum->failed += entry.outcome == "ok" ? 0 : 1;
  sum->bytes += entry.bytes;
  sum->requests += entry.requests;
  sum->wall_ms += entry.wall_ms;
  sum->dollars += entry.dollars;
}

}  // namespace

std::string FormatLedgerEntry(const LedgerEntry& entry) {
  return json::serialize(json::object{{"time_ms", entry.time_ms},
                                      {"engine", entry.engine},
                                      {"statement_id", entry.statement_id},
                                      {"statement", entry.statement},
                                      {"outcome", entry.outcome},
                                      {"rows", entry.rows},
                                      {"bytes", entry.bytes},
                                      {"requests", entry.requests},
                                      {"dollars", entry.dollars},
                                      {"wall_ms", entry.wall_ms},
                                      {"reused", entry.reused},
                                      {"cached", entry.cached}}) +
         "\n";
}

std::optional<LedgerEntry> ParseLedgerEntry(std::string_view line) {
  try {
    const json::value value = ParseJson(line, "ledger");
    const JsonView entry(value, "ledger");
    return LedgerEntry{.time_ms = entry["time_ms"].Integer(),
                       .engine = std::string(entry["engine"].Text()),
                       .statement_id = std::string(entry["statement_id"].Text()),
                       .statement = std::string(entry["statement"].Text()),
                       .outcome = std::string(entry["outcome"].Text()),
                       .rows = entry["rows"].Integer(),
                       .bytes = entry["bytes"].Integer(),
                       .requests = entry["requests"].Integer(),
                       .dollars = entry["dollars"].value().to_number<double>(),
                       .wall_ms = entry["wall_ms"].Integer(),
                       .reused = entry["reused"].Boolean(),
                       .cached = entry["cached"].Boolean()};
  } catch (const std::exception&) {
    return std::nullopt;
  }
}

void Ledger::Append(const LedgerEntry& entry) const {
  std::string line = FormatLedgerEntry(entry);
  while (true) {
    const LockedFile file(path_, O_RDWR | O_APPEND | O_CREAT, LOCK_EX);
    if (!file.is_open()) throw FailLedger(path_);
    const int64_t size = file.size();
    if (size > 0 && size + static_cast<int64_t>(line.size()) > most_bytes_ / 2) {
      if (std::rename(path_.c_str(), OlderOf(path_).c_str()) != 0)
        throw FailLedger(path_);
      continue;
    }
    if (!EndsInALine(file)) line.insert(line.begin(), '\n');
    // At once: a process that is killed has written all of it or nothing.
    const ssize_t written = write(file.fd(), line.data(), line.size());
    if (written != static_cast<ssize_t>(line.size())) throw FailLedger(path_);
    return;
  }
}

Ledger::Contents Ledger::Read() const {
  Contents contents;
  // Locked, so that nothing is renamed meanwhile.
  const LockedFile file(path_, O_RDONLY, LOCK_SH);
  const int older = open(OlderOf(path_).c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
  if (older >= 0) {
    AddLines(ReadAll(older), &contents);
    close(older);
  }
  if (file.is_open()) AddLines(ReadAll(file.fd()), &contents);
  return contents;
}

std::vector<LedgerSum> SumLedger(const std::vector<LedgerEntry>& entries, LedgerKey by,
                                 int64_t since_ms) {
  std::map<std::string, LedgerSum> sums;
  for (const LedgerEntry& entry : entries) {
    if (entry.time_ms < since_ms) continue;
    std::string key = KeyOf(entry, by);
    LedgerSum& sum = sums[key];
    sum.key = std::move(key);
    AddTo(&sum, entry);
  }
  std::vector<LedgerSum> result;
  for (auto& [key, sum] : sums) result.push_back(std::move(sum));
  return result;
}

}  // namespace shoestring
