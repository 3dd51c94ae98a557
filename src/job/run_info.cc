#include "job/run_info.h"

#include <fmt/chrono.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <chrono>
#include <fstream>
#include <map>
#include <random>
#include <sstream>
#include <utility>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr std::string_view kRunsPrefix = "runs/";
constexpr std::string_view kRunFile = "run.json";
constexpr std::string_view kReportFile = "report.json";
constexpr std::string_view kJournalFolder = "tables/";

using State = RunInfo::State;
constexpr std::array<std::pair<State, std::string_view>, 5> kStates = {{
    {State::kStarting, "starting"},
    {State::kRunning, "running"},
    {State::kCommitted, "committed"},
    {State::kFailed, "failed"},
    {State::kTaken, "taken"},
}};

std::string_view StateName(State state) {
  return std::ranges::find(kStates, state, &decltype(kStates)::value_type::first)->second;
}

State ParseState(const JsonView& json) {
  const auto found =
      std::ranges::find(kStates, json.Text(), &decltype(kStates)::value_type::second);
  if (found != kStates.end()) return found->first;
  throw Fail(ErrorKind::kCorrupt, "{} is no state of a run: {}", json.path(),
             json.Text());
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

std::string BootId() { return ReadFile("/proc/sys/kernel/random/boot_id"); }

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

std::string OptionalText(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found ? std::string(found->Text()) : "";
}

bool IsRunId(std::string_view text) {
  return !text.empty() && RunOfKey(fmt::format("{}-", text)) == text;
}

/// The keys below each run's folder, without "runs/<run>/".
std::map<std::string, std::vector<std::string>> ListRuns(ObjectStore* store) {
  std::map<std::string, std::vector<std::string>> runs;
  for (const auto& object : store->List(kRunsPrefix)) {
    const std::string_view key = std::string_view(object.key).substr(kRunsPrefix.size());
    const size_t slash = key.find('/');
    if (slash == std::string_view::npos || !IsRunId(key.substr(0, slash))) continue;
    runs[std::string(key.substr(0, slash))].emplace_back(key.substr(slash + 1));
  }
  return runs;
}

/// A report is written after the commit, and when the rest is gone the run is done.
bool IsDone(const std::vector<std::string>& names) {
  return names ==
         std::vector<std::string>{std::string(kReportFile), std::string(kRunFile)};
}

/// Nothing when it is gone meanwhile, or not ours to judge.
std::optional<FoundRun> ReadRun(ObjectStore* store, const std::string& id,
                                const std::vector<std::string>& names) {
  FoundRun run;
  try {
    Object object = store->Get(RunKey(id));
    run.info = ParseRunInfo(object.content);
    run.etag = std::move(object.etag);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound || error.kind() == ErrorKind::kCorrupt) {
      return std::nullopt;
    }
    throw;
  }
  for (const auto& name : names) {
    if (name.starts_with(kJournalFolder)) run.journal.push_back(RunFolder(id) + name);
  }
  if (run.info.id != id) return std::nullopt;
  return run;
}

FoundRuns FindRuns(ObjectStore* store, bool read_done) {
  FoundRuns found;
  for (const auto& [id, names] : ListRuns(store)) {
    if (IsDone(names)) found.done.insert(id);
    if (IsDone(names) && !read_done) continue;
    if (std::ranges::find(names, kRunFile) == names.end()) {
      found.nameless.insert(id);
    } else if (auto run = ReadRun(store, id, names)) {
      found.runs.push_back(std::move(*run));
    }
  }
  return found;
}

}  // namespace

int64_t NowMs() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::system_clock::now().time_since_epoch())
      .count();
}

RunInfo ParseRunInfo(std::string_view text) {
  const json::value document = ParseJson(text, kRunFile);
  const JsonView object(document, std::string(kRunFile));
  RunInfo info;
  info.id = object["run"].Text();
  info.state = ParseState(object["state"]);
  info.taken_by = OptionalText(object, "taken_by");
  info.failure = OptionalText(object, "failure");
  info.command = object["command"].Text();
  info.source = object["source"].Text();
  info.identity = OptionalText(object, "identity");
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
  json::object object{{"run", info.id},
                      {"state", StateName(info.state)},
                      {"command", info.command},
                      {"source", info.source},
                      {"identity", info.identity},
                      {"tables", json::array(info.tables.begin(), info.tables.end())},
                      {"started", info.started},
                      {"started_ms", info.started_ms},
                      {"lease",
                       {{"heartbeat_ms", info.heartbeat_ms},
                        {"boot_id", info.boot_id},
                        {"pid_namespace", info.pid_namespace},
                        {"pid", info.pid},
                        {"pid_started", info.pid_started}}}};
  if (!info.taken_by.empty()) object["taken_by"] = info.taken_by;
  if (!info.failure.empty()) object["failure"] = info.failure;
  return json::serialize(object) + "\n";
}

RunInfo NewRunInfo(std::string command) {
  RunInfo info;
  info.id = NewRunId();
  info.state = State::kStarting;
  info.command = std::move(command);
  info.started = fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::time(nullptr)));
  info.started_ms = NowMs();
  info.heartbeat_ms = info.started_ms;
  info.boot_id = BootId();
  info.pid_namespace = PidNamespace();
  info.pid = getpid();
  info.pid_started = ProcessStart(info.pid);
  return info;
}

bool IsAlive(const RunInfo& info, int64_t now_ms) {
  if (info.state != State::kStarting && info.state != State::kRunning) return false;
  const bool same_machine =
      info.boot_id == BootId() && info.pid_namespace == PidNamespace();
  if (same_machine) return ProcessStart(info.pid) == info.pid_started;
  return now_ms - info.heartbeat_ms < kLeaseMs;
}

FoundRuns FindRuns(ObjectStore* store) { return FindRuns(store, /*read_done=*/false); }

FoundRuns FindAllRuns(ObjectStore* store) { return FindRuns(store, /*read_done=*/true); }

bool FoundRuns::InUse(const RunInfo& info) const {
  const int64_t now = NowMs();
  if (info.state != State::kTaken) return IsAlive(info, now);
  return std::ranges::any_of(runs, [&](const FoundRun& run) {
    return run.info.id == info.taken_by && IsAlive(run.info, now);
  });
}

std::vector<RunInfo> LiveRuns(ObjectStore* store) {
  std::vector<RunInfo> live;
  for (const auto& run : FindRuns(store).runs) {
    if (IsAlive(run.info, NowMs())) live.push_back(run.info);
  }
  return live;
}

bool AnyRunCommitted(ObjectStore* store) {
  const FoundRuns found = FindRuns(store);
  return !found.done.empty() || std::ranges::any_of(found.runs, [](const FoundRun& run) {
    return run.info.state == State::kCommitted;
  });
}

std::string RunFolder(std::string_view run) {
  return fmt::format("{}{}/", kRunsPrefix, run);
}

std::string RunKey(std::string_view run) {
  return fmt::format("{}{}", RunFolder(run), kRunFile);
}

std::string ReportKey(std::string_view run) {
  return fmt::format("{}{}", RunFolder(run), kReportFile);
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

std::string DataFileKey(const std::string& table, const PartitionValues& partition,
                        const std::string& run, int number) {
  const std::string path = PartitionPath(partition);
  return fmt::format("data/{}/{}{}{}-{}.parquet", table, path, path.empty() ? "" : "/",
                     run, number);
}

}  // namespace shoestring
