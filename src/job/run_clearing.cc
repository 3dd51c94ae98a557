#include "job/run_clearing.h"

#include <algorithm>
#include <map>
#include <optional>

#include "base/error.h"
#include "job/run_journal.h"

namespace shoestring {

namespace {

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

// A run commits a table once, with all that it wrote of it: so where everything is of the
// run whose version is current, everything is needed, and nobody has to look.
bool AllCurrent(const LakeState& state, const std::string& table,
                const std::vector<std::string>& keys) {
  const auto entry = state.tables.find(table);
  return entry != state.tables.end() &&
         std::ranges::all_of(keys, [&](const std::string& key) {
           return RunOfKey(key) == entry->second.run;
         });
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

std::set<std::string> RunsToSpare(ObjectStore* store,
                                  const std::set<std::string>& ended) {
  std::set<std::string> spared;
  for (const auto& run : FindRuns(store).runs) {
    const bool over = run.info.state == RunInfo::State::kCommitted;
    if (!over && !ended.contains(run.info.id)) spared.insert(run.info.id);
  }
  return spared;
}

std::vector<std::string> KeysBelow(ObjectStore* store, const std::string& prefix) {
  std::vector<std::string> keys;
  for (auto& object : store->List(prefix)) keys.push_back(std::move(object.key));
  return keys;
}

}  // namespace

bool TakeLease(ObjectStore* store, FoundRun* run, const std::string& by) {
  RunInfo taken = run->info;
  taken.state = RunInfo::State::kTaken;
  taken.taken_by = by;
  const auto etag = store->PutIf(RunKey(taken.id), FormatRunInfo(taken), run->etag);
  if (!etag) return false;
  run->info = std::move(taken);
  run->etag = *etag;
  return true;
}

void SweepTables(ObjectStore* store, const std::vector<std::string>& tables,
                 const std::set<std::string>& ended) {
  // Listed first, so that a run whose files are here and whose record is not has either
  // committed before the catalog is read, or never will.
  std::map<std::string, std::vector<std::string>> found;
  for (const std::string& table : tables) found[table] = ListRunFiles(store, table);
  const std::set<std::string> spared = RunsToSpare(store, ended);
  const Catalog catalog(store);
  const LakeState state = catalog.Load();
  std::vector<std::string> unneeded;
  for (auto& [table, keys] : found) {
    if (keys.empty() || AllCurrent(state, table, keys)) continue;
    const auto needed = NeededKeys(catalog, state, table);
    for (std::string& key : keys) {
      const bool keep =
          !needed || needed->contains(key) || spared.contains(RunOfKey(key));
      if (!keep) unneeded.push_back(std::move(key));
    }
  }
  store->DeleteAll(unneeded);
}

void RemoveRuns(ObjectStore* store, const std::set<std::string>& runs) {
  for (const std::string& run : runs) {
    store->DeleteAll(KeysBelow(store, JournalPrefix(run)));
    store->DiscardStaged(run);
    std::vector<std::string> keys = KeysBelow(store, RunFolder(run));
    std::erase(keys, RunKey(run));
    store->DeleteAll(keys);
    store->Delete(RunKey(run));
  }
}

void ClearRuns(ObjectStore* store, const std::vector<FoundRun>& runs) {
  if (runs.empty()) return;
  std::set<std::string> ids;
  std::set<std::string> tables;
  for (const auto& run : runs) {
    store->DeleteAll(run.journal);
    ids.insert(run.info.id);
    tables.insert(run.info.tables.begin(), run.info.tables.end());
  }
  SweepTables(store, {tables.begin(), tables.end()}, ids);
  RemoveRuns(store, ids);
}

}  // namespace shoestring
