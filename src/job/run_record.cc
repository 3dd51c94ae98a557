#include "job/run_record.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <optional>
#include <random>
#include <sstream>
#include <tuple>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr std::chrono::seconds kRenewEvery{30};
constexpr int64_t kLeaseMs = 120'000;
constexpr std::string_view kRunsPrefix = "runs/";
constexpr std::string_view kRunFile = "/run.json";

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

/// Of a form that Trino takes as the beginning of a metadata.json's name.
std::string NewRunId() {
  std::random_device random;
  return fmt::format("{:%Y%m%d-%H%M%S}-{:08x}", fmt::gmtime(std::time(nullptr)),
                     random());
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::ostringstream content;
  content << file.rdbuf();
  std::string text = content.str();
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string PidNamespace() {
  char target[64] = {};
  const ssize_t length = readlink("/proc/self/ns/pid", target, sizeof(target) - 1);
  return length > 0 ? target : "";
}

// Clock ticks after boot at which a process started (field 22 of its stat), 0 without it.
int64_t ProcessStart(int64_t pid) {
  const std::string stat = ReadFile(fmt::format("/proc/{}/stat", pid));
  // The name in parentheses may hold anything.
  const size_t name_end = stat.rfind(')');
  if (name_end == std::string::npos) return 0;
  std::istringstream fields(stat.substr(name_end + 1));
  std::string field;
  fields >> field;
  if (field == "Z" || field == "X") return 0;  // Dead, but nobody has waited for it.
  constexpr int kStateToStart = 19;
  for (int i = 0; i < kStateToStart; ++i) fields >> field;
  return std::strtoll(field.c_str(), nullptr, 10);
}

std::string_view StateName(RunInfo::State state) {
  switch (state) {
    case RunInfo::State::kRunning: return "running";
    case RunInfo::State::kCommitted: return "committed";
    case RunInfo::State::kFailed: return "failed";
  }
  return "failed";
}

RunInfo::State ParseState(std::string_view name) {
  if (name == "running") return RunInfo::State::kRunning;
  if (name == "committed") return RunInfo::State::kCommitted;
  return RunInfo::State::kFailed;
}

std::string RunKey(std::string_view run) {
  return fmt::format("{}{}{}", kRunsPrefix, run, kRunFile);
}

std::vector<RunInfo> LoadRuns(ObjectStore* store) {
  std::vector<RunInfo> runs;
  for (const auto& object : store->List(kRunsPrefix)) {
    if (!object.key.ends_with(kRunFile)) continue;
    try {
      runs.push_back(ParseRunInfo(store->Get(object.key).content));
    } catch (const Error& error) {
      // Gone meanwhile, or not ours to judge.
      if (error.kind() != ErrorKind::kNotFound && error.kind() != ErrorKind::kCorrupt)
        throw;
    }
  }
  return runs;
}

bool BeganBefore(const RunInfo& a, const RunInfo& b) {
  return std::tie(a.started_ms, a.id) < std::tie(b.started_ms, b.id);
}

bool Overlap(const RunInfo& a, const RunInfo& b) {
  return std::any_of(a.tables.begin(), a.tables.end(), [&](const std::string& table) {
    return std::find(b.tables.begin(), b.tables.end(), table) != b.tables.end();
  });
}

void DeleteBelow(ObjectStore* store, const std::string& prefix) {
  std::vector<std::string> keys;
  for (auto& object : store->List(prefix)) keys.push_back(std::move(object.key));
  store->DeleteAll(keys);
}

struct UnfinishedRuns {
  std::set<std::string> alive;
  std::vector<RunInfo> dead;
};

UnfinishedRuns FindUnfinishedRuns(ObjectStore* store) {
  UnfinishedRuns found;
  for (RunInfo& run : LoadRuns(store)) {
    if (run.state != RunInfo::State::kRunning) continue;
    if (IsAlive(run, NowMs())) {
      found.alive.insert(run.id);
    } else {
      found.dead.push_back(std::move(run));
    }
  }
  return found;
}

// The files of runs that lie below a table's folders.
std::vector<std::string> ListRunFiles(ObjectStore* store, const std::string& table) {
  std::vector<std::string> keys;
  for (const std::string folder : {"data/", "catalog/"}) {
    for (auto& object : store->List(folder + table + "/")) {
      if (!RunOfKey(object.key).empty()) keys.push_back(std::move(object.key));
    }
  }
  return keys;
}

// What the catalog needs of a table; nothing when its metadata cannot be read, so that
// nobody can tell.
std::optional<std::set<std::string>> NeededKeys(const Catalog& catalog,
                                                const LakeState& state,
                                                const std::string& table) {
  const auto entry = state.tables.find(table);
  if (entry == state.tables.end()) return std::set<std::string>();
  try {
    const auto keys = catalog.ReferencedKeys(entry->second);
    return std::set<std::string>(keys.begin(), keys.end());
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound || error.kind() == ErrorKind::kCorrupt) {
      return std::nullopt;
    }
    throw;
  }
}

// Deletes the tables' files that the catalog does not need and that no live run but
// `own` is making.
void SweepTables(ObjectStore* store, const std::vector<std::string>& tables,
                 const std::string& own) {
  // Listed first, so that a run whose files are here and that is no longer alive has
  // either committed before the catalog is read, or never will.
  std::map<std::string, std::vector<std::string>> found;
  for (const std::string& table : tables) found[table] = ListRunFiles(store, table);
  std::set<std::string> alive = FindUnfinishedRuns(store).alive;
  alive.erase(own);
  const Catalog catalog(store);
  const LakeState state = catalog.Load();
  for (const auto& [table, keys] : found) {
    if (keys.empty()) continue;
    const auto needed = NeededKeys(catalog, state, table);
    std::vector<std::string> unused;
    for (const std::string& key : keys) {
      const bool keep = !needed || needed->contains(key) || alive.contains(RunOfKey(key));
      if (!keep) unused.push_back(key);
    }
    store->DeleteAll(unused);
  }
}

std::vector<std::string> ClearDeadRuns(ObjectStore* store) {
  std::vector<std::string> cleared;
  for (const RunInfo& run : FindUnfinishedRuns(store).dead) {
    SweepTables(store, run.tables, run.id);
    store->DiscardStaged(run.id);
    DeleteBelow(store, fmt::format("{}{}/", kRunsPrefix, run.id));
    cleared.push_back(run.id);
  }
  return cleared;
}

}  // namespace

RunInfo ParseRunInfo(std::string_view text) {
  const json::value document = ParseJson(text, "run.json");
  const JsonView object(document, "run.json");
  RunInfo info;
  info.id = object["run"].Text();
  info.state = ParseState(object["state"].Text());
  info.command = object["command"].Text();
  info.source = object["source"].Text();
  for (const auto& table : object["tables"].Items()) {
    info.tables.emplace_back(table.Text());
  }
  info.started = object["started"].Text();
  info.started_ms = object["started_ms"].Integer();
  const JsonView lease = object["lease"];
  info.heartbeat_ms = lease["heartbeat_ms"].Integer();
  info.boot_id = lease["boot_id"].Text();
  info.pid_namespace = lease["pid_namespace"].Text();
  info.pid = lease["pid"].Integer();
  info.pid_started = lease["pid_started"].Integer();
  return info;
}

std::string FormatRunInfo(const RunInfo& info) {
  json::array tables(info.tables.begin(), info.tables.end());
  const json::object object{{"run", info.id},
                            {"state", StateName(info.state)},
                            {"command", info.command},
                            {"source", info.source},
                            {"tables", std::move(tables)},
                            {"started", info.started},
                            {"started_ms", info.started_ms},
                            {"lease",
                             {{"heartbeat_ms", info.heartbeat_ms},
                              {"boot_id", info.boot_id},
                              {"pid_namespace", info.pid_namespace},
                              {"pid", info.pid},
                              {"pid_started", info.pid_started}}}};
  return json::serialize(object) + "\n";
}

bool IsAlive(const RunInfo& info, int64_t now_ms) {
  const bool same_machine = info.boot_id == ReadFile("/proc/sys/kernel/random/boot_id") &&
                            info.pid_namespace == PidNamespace();
  if (same_machine) return ProcessStart(info.pid) == info.pid_started;
  return now_ms - info.heartbeat_ms < kLeaseMs;
}

std::string DataFileKey(const std::string& table, const PartitionValues& partition,
                        const std::string& run, int number) {
  const std::string path = PartitionPath(partition);
  return fmt::format("data/{}/{}{}{}-{}.parquet", table, path, path.empty() ? "" : "/",
                     run, number);
}

std::vector<RunInfo> LiveRuns(ObjectStore* store) {
  std::vector<RunInfo> runs = LoadRuns(store);
  std::erase_if(runs, [](const RunInfo& run) {
    return run.state != RunInfo::State::kRunning || !IsAlive(run, NowMs());
  });
  return runs;
}

bool AnyRunCommitted(ObjectStore* store) {
  return std::ranges::any_of(LoadRuns(store), [](const RunInfo& run) {
    return run.state == RunInfo::State::kCommitted;
  });
}

std::string RunOfKey(std::string_view key) {
  constexpr std::string_view kShape = "00000000-000000-";
  constexpr size_t kRunIdLength = kShape.size() + 8;
  const std::string_view name = key.substr(key.rfind('/') + 1);
  if (name.size() <= kRunIdLength) return "";
  for (size_t i = 0; i < kShape.size(); ++i) {
    const bool digit = std::isdigit(static_cast<unsigned char>(name[i])) != 0;
    if (kShape[i] == '0' ? !digit : name[i] != kShape[i]) return "";
  }
  return std::string(name.substr(0, kRunIdLength));
}

RunRecord::RunRecord(ObjectStore* store, std::string command, std::string source,
                     std::vector<std::string> tables)
    : store_(store) {
  cleared_ = ClearDeadRuns(store_);
  info_.id = NewRunId();
  info_.command = std::move(command);
  info_.source = std::move(source);
  info_.tables = std::move(tables);
  info_.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  info_.started_ms = NowMs();
  info_.boot_id = ReadFile("/proc/sys/kernel/random/boot_id");
  info_.pid_namespace = PidNamespace();
  info_.pid = getpid();
  info_.pid_started = ProcessStart(info_.pid);
  Write();
  // Announced first, looked around second: of two that begin at once, at least one sees
  // the other, and the later one gives way.
  for (const RunInfo& other : LoadRuns(store_)) {
    if (other.state != RunInfo::State::kRunning || !BeganBefore(other, info_)) continue;
    if (!Overlap(info_, other) || !IsAlive(other, NowMs())) continue;
    DeleteBelow(store_, fmt::format("{}{}/", kRunsPrefix, info_.id));
    throw Fail(ErrorKind::kConflict,
               "Run {} (process {}, since {}) is at work on the same tables. Nothing was "
               "changed. Wait for it to end, then run this again",
               other.id, other.pid, other.started);
  }
  renewer_ = std::jthread([this](const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    while (!wake_.wait_for(lock, stop, kRenewEvery, [] { return false; })) {
      if (stop.stop_requested()) return;
      try {
        Write();
      } catch (const std::exception&) {
        // The next try may succeed; a lease that ran out only makes others look.
      }
    }
  });
}

RunRecord::~RunRecord() { StopRenewing(); }

void RunRecord::Write() {
  info_.heartbeat_ms = NowMs();
  store_->Put(RunKey(info_.id), FormatRunInfo(info_));
}

void RunRecord::Sweep() { SweepTables(store_, info_.tables, info_.id); }

void RunRecord::StopRenewing() {
  if (!renewer_.joinable()) return;
  renewer_.request_stop();
  renewer_.join();
}

void RunRecord::Commit(const std::string& report_json) {
  StopRenewing();
  Sweep();
  store_->Put(fmt::format("{}{}/report.json", kRunsPrefix, info_.id), report_json);
  info_.state = RunInfo::State::kCommitted;
  Write();
}

void RunRecord::Abandon() {
  StopRenewing();
  Sweep();
  store_->DiscardStaged(info_.id);
  DeleteBelow(store_, fmt::format("{}{}/", kRunsPrefix, info_.id));
}

}  // namespace shoestring
