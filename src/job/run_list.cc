#include "job/run_list.h"

#include <algorithm>
#include <boost/json.hpp>
#include <optional>

#include "base/error.h"
#include "base/json.h"
#include "job/run_info.h"
#include "job/run_journal.h"

namespace shoestring {

namespace {

using State = RunInfo::State;

std::string StateOf(const FoundRuns& found, const RunInfo& info) {
  if (info.state == State::kCommitted || found.done.contains(info.id)) {
    return "committed";
  }
  if (found.InUse(info)) return info.state == State::kTaken ? "taken" : "running";
  return info.state == State::kFailed ? "failed" : "dead";
}

std::optional<std::string> ReportOf(ObjectStore* store, const std::string& run) {
  try {
    return store->Get(ReportKey(run)).content;
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return std::nullopt;
    throw;
  }
}

void AddReport(ObjectStore* store, ListedRun* run) {
  const auto report = ReportOf(store, run->id);
  if (!report) return;
  const std::string what = ReportKey(run->id);
  const boost::json::value value = ParseJson(*report, what);
  for (const auto& table : JsonView(value, what)["tables"].Items()) {
    run->rows += table["rows"].Integer();
    run->bytes += table["bytes"].Integer();
  }
}

void AddKept(ObjectStore* store, const FoundRun& found, ListedRun* run) {
  for (const auto& finished : ReadJournal(store, found.journal)) {
    WaitingTable& table = run->kept.emplace_back();
    table.table = finished.table;
    table.source_lsn = finished.source_lsn;
    table.rows = finished.copied.rows;
    for (const auto& file : finished.copied.files) table.bytes += file.bytes;
  }
}

}  // namespace

std::vector<ListedRun> ListRuns(ObjectStore* store) {
  const FoundRuns found = FindAllRuns(store);
  std::vector<ListedRun> runs;
  for (const auto& one : found.runs) {
    const RunInfo& info = one.info;
    ListedRun& run = runs.emplace_back();
    run = {.id = info.id,
           .state = StateOf(found, info),
           .taken_by = info.taken_by,
           .failure = info.failure,
           .command = info.command,
           .source = info.source,
           .tables = info.tables,
           .started = info.started,
           .heartbeat_ms = info.heartbeat_ms};
    if (run.state == "committed") AddReport(store, &run);
    if (run.state != "committed") AddKept(store, one, &run);
  }
  std::ranges::reverse(runs);
  return runs;
}

std::string RunReport(ObjectStore* store, const std::string& run) {
  if (const auto report = ReportOf(store, run)) return *report;
  const FoundRuns found = FindAllRuns(store);
  const auto record = std::ranges::find_if(
      found.runs, [&](const FoundRun& one) { return one.info.id == run; });
  if (record == found.runs.end()) {
    throw Fail(ErrorKind::kNotFound, "No such run; `shoestring runs` lists them: {}",
               run);
  }
  throw Fail(ErrorKind::kNotFound, "Run {} has no report: its state is {}{}{}", run,
             StateOf(found, record->info), record->info.failure.empty() ? "" : ", as ",
             record->info.failure);
}

}  // namespace shoestring
