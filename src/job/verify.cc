#include "job/verify.h"

#include <boost/json.hpp>

#include <algorithm>
#include <chrono>
#include <map>
#include <set>

#include "base/error.h"
#include "base/units.h"
#include "job/migrate.h"
#include "job/run_record.h"
#include "job/source_sums.h"
#include "lake/catalog.h"
#include "lake/declarations.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int kAttempts = 3;
constexpr size_t kMostNotes = 20;
constexpr std::string_view kSealSuffix = "-seal.json";
constexpr const char* kRestore =
    "restore it from a backup of the lake, or migrate the table again";
constexpr const char* kRestoreState =
    "restore it from a backup of the lake; or, as long as the source is there, remove it "
    "and migrate all tables again";
constexpr const char* kRemove =
    "remove it, or migrate the table again, which does; a reader that lists the folder "
    "sees its rows, too";

Fault DamagedObject(const std::string& table, const std::string& key,
                    std::string problem) {
  return {.table = table,
          .partition = PartitionOfKey(key, table),
          .file = key,
          .problem = std::move(problem),
          .way_out = key == kLakeStateKey ? kRestoreState : kRestore};
}

/// A fault that names an object which could not be read.
Fault FromError(const std::string& table, const std::string& key, const Error& error) {
  const bool missing = error.kind() == ErrorKind::kNotFound;
  Fault fault = DamagedObject(table, key, missing ? "missing" : "changed");
  const std::string_view said = error.what();
  fault.found = missing ? "nothing" : said.substr(0, said.find(" Way out:"));
  return fault;
}

/// True for what says that an object is not there or not what it was.
bool IsDamage(const Error& error) {
  return error.kind() == ErrorKind::kNotFound || error.kind() == ErrorKind::kCorrupt;
}

/// The record of one table, as far as it can be read.
struct Record {
  std::string table;
  std::optional<TableEntry> entry;  ///< Nothing when lake.json is not to be read.
  std::optional<Seal> seal;
  std::optional<TableMetadata> metadata;
  std::set<std::string> keys;  ///< All that the version needs; empty when unknown.
};

class Verification {
 public:
  Verification(ObjectStore* store, const VerifyOptions& options,
               const std::stop_token& stop,
               const std::function<void(const VerifyProgress&)>& on_progress)
      : store_(store),
        options_(options),
        stop_(stop),
        on_progress_(on_progress),
        catalog_(store) {}

  VerifyReport Run() {
    report_.lake = store_->Uri();
    OpenState();
    ChooseTables();
    for (Record& record : records_) OpenRecord(&record);
    CheckFiles();
    FindExtras();
    for (const Record& record : records_) Report(record);
    return std::move(report_);
  }

  /// To be called after Run().
  void CompareWithSource(VerifyReport* report);
  /// Whether a commit has changed the lake since it was opened.
  bool Outdated() const {
    try {
      return sequence_ && catalog_.Load().sequence != *sequence_;
    } catch (const Error& error) {
      if (IsDamage(error)) return false;
      throw;
    }
  }

 private:
  void OpenState();
  void OpenStateBySeals();
  void ChooseTables();
  void OpenRecord(Record* record);
  void OpenMetadata(Record* record);
  void CheckMetadata(const Record& record);
  void CheckFiles();
  void CheckFilesWithoutSeal(const Record& record);
  void FindExtras();
  void JudgeExtra(const std::string& key, const std::vector<RunInfo>& live);
  void Report(const Record& record);
  void Note(std::string note) {
    if (report_.notes.size() < kMostNotes) report_.notes.push_back(std::move(note));
  }

  ObjectStore* const store_;
  const VerifyOptions& options_;
  const std::stop_token stop_;
  const std::function<void(const VerifyProgress&)>& on_progress_;
  const Catalog catalog_;
  std::optional<int64_t> sequence_;
  bool by_seals_ = false;  ///< lake.json could not be read.
  std::vector<Record> records_;
  VerifyReport report_;
};

void Verification::OpenState() {
  try {
    const LakeState state = catalog_.Load();
    if (state.tables.empty() && AnyRunCommitted(store_)) {
      report_.faults.push_back(DamagedObject("", std::string(kLakeStateKey), "missing"));
      return OpenStateBySeals();
    }
    sequence_ = state.sequence;
    for (const auto& [name, entry] : state.tables) {
      records_.push_back({.table = name, .entry = entry});
    }
  } catch (const Error& error) {
    if (!IsDamage(error)) throw;
    report_.faults.push_back(FromError("", std::string(kLakeStateKey), error));
    OpenStateBySeals();
  }
}

// Without lake.json nobody can say which version of a table is current; the newest that
// has a seal most likely was.
void Verification::OpenStateBySeals() {
  by_seals_ = true;
  std::map<std::string, std::string> newest;
  for (const ObjectInfo& object : store_->List("catalog/")) {
    if (!object.key.ends_with(kSealSuffix) || RunOfKey(object.key).empty()) continue;
    try {
      const Seal seal = ParseSeal(store_->Get(object.key).content, object.key);
      newest[seal.table] =
          object.key;  // In the order of the runs, which is that of time.
    } catch (const Error& error) {
      if (!IsDamage(error)) throw;
      report_.faults.push_back(FromError("", object.key, error));
    }
  }
  for (const auto& [table, key] : newest) {
    records_.push_back({.table = table,
                        .seal = ParseSeal(store_->Get(key).content, key),
                        .keys = {key}});
  }
  Note(
      "Without lake.json the tables were checked by the newest seals that are there, and "
      "nothing was looked for beside them. Remove no file");
}

void Verification::ChooseTables() {
  if (records_.empty() && report_.faults.empty()) {
    throw Fail(ErrorKind::kNotFound, "There are no tables in the lake {}", options_.lake);
  }
  if (options_.tables.empty()) return;
  std::string known;
  for (const Record& record : records_) {
    known += (known.empty() ? "" : ", ") + record.table;
  }
  std::vector<Record> chosen;
  for (const std::string& name : options_.tables) {
    const auto found = std::ranges::find(records_, name, &Record::table);
    if (found == records_.end()) {
      if (!report_.faults.empty()) continue;  // It may be what cannot be read.
      throw Fail(ErrorKind::kNotFound, "No such table: {} (tables are: {})", name, known);
    }
    if (std::ranges::find(chosen, name, &Record::table) == chosen.end()) {
      chosen.push_back(*found);
    }
  }
  records_ = std::move(chosen);
}

void Verification::OpenRecord(Record* record) {
  if (record->entry) {
    try {
      record->seal = catalog_.LoadSeal(*record->entry);
    } catch (const Error& error) {
      if (!IsDamage(error)) throw;
      report_.faults.push_back(FromError(record->table, record->entry->seal, error));
    }
    record->keys = {record->entry->seal, record->entry->metadata};
  }
  if (!record->seal) return OpenMetadata(record);
  for (const auto& object : record->seal->metadata) record->keys.insert(object.key);
  for (const auto& file : record->seal->files) record->keys.insert(file.key);
  CheckMetadata(*record);
  if (options_.source) OpenMetadata(record);
}

// Names what it needs, where there is no seal to do so.
void Verification::OpenMetadata(Record* record) {
  LakeState state;
  state.tables[record->table] = record->entry.value_or(TableEntry{});
  try {
    if (!record->seal) {
      const auto keys = catalog_.ReferencedKeys(*record->entry);
      record->keys.insert(keys.begin(), keys.end());
    }
    record->metadata = catalog_.LoadTable(state, record->table);
  } catch (const Error& error) {
    if (!IsDamage(error)) throw;
    if (record->seal) return;  // Which names it already.
    Fault fault = FromError(record->table, record->entry->metadata, error);
    fault.found = error.what();
    report_.faults.push_back(std::move(fault));
    record->keys.clear();
  }
}

void Verification::CheckMetadata(const Record& record) {
  for (const SealedObject& object : record.seal->metadata) {
    Fault fault = DamagedObject(record.table, object.key, "changed");
    fault.expected = fmt::format("{} bytes with checksum {}", FormatCount(object.bytes),
                                 object.checksum);
    try {
      const std::string content = store_->Get(object.key).content;
      const std::string checksum = ChecksumOf(content);
      if (checksum == object.checksum) continue;
      fault.found =
          fmt::format("{} bytes with checksum {}",
                      FormatCount(static_cast<int64_t>(content.size())), checksum);
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kNotFound) throw;
      fault.problem = "missing";
      fault.found = "nothing";
    }
    report_.faults.push_back(std::move(fault));
  }
}

void Verification::CheckFiles() {
  std::vector<Seal> seals;
  for (const Record& record : records_) {
    if (record.seal) {
      seals.push_back(*record.seal);
    } else {
      CheckFilesWithoutSeal(record);
    }
  }
  auto faults = ProveFiles(
      store_, seals,
      {.jobs = options_.jobs,
       .memory = options_.memory,
       .stop = stop_,
       .on_progress = [this](const ProofProgress& progress) {
         on_progress_({"reading the lake", progress.bytes, progress.bytes_expected});
       }});
  std::ranges::move(faults, std::back_inserter(report_.faults));
}

// That they are there, and of their size, is all that the metadata can say.
void Verification::CheckFilesWithoutSeal(const Record& record) {
  if (!record.metadata) return;
  for (const DataFile& file : record.metadata->files) {
    const auto info = store_->Head(file.key);
    if (info && info->size == file.bytes) continue;
    Fault fault = DamagedObject(record.table, file.key, info ? "changed" : "missing");
    fault.expected = FormatCount(file.bytes) + " bytes";
    fault.found = info ? FormatCount(info->size) + " bytes" : "nothing";
    report_.faults.push_back(std::move(fault));
  }
}

/// "t" of "data/t/…" and "catalog/t/…".
std::string TableOfKey(std::string_view key) {
  const size_t begin = key.find('/') + 1;
  const size_t end = key.find('/', begin);
  return end == std::string_view::npos ? "" : std::string(key.substr(begin, end - begin));
}

void Verification::FindExtras() {
  // What is superseded and what is the only copy, nobody can tell without lake.json.
  if (by_seals_) return;
  // Listed first: a run whose files are seen here is then either live or has ended.
  std::vector<std::string> found;
  for (const char* folder : {"data/", "catalog/"}) {
    for (auto& object : store_->List(folder)) found.push_back(std::move(object.key));
  }
  const std::vector<RunInfo> live = LiveRuns(store_);
  std::set<std::string> needed = {std::string(kLakeStateKey),
                                  std::string(kDeclarationsKey)};
  std::set<std::string> unknown;  // Tables whose needs cannot be told.
  for (const Record& record : records_) {
    needed.insert(record.keys.begin(), record.keys.end());
    if (record.keys.empty() || (!record.seal && !record.metadata)) {
      unknown.insert(record.table);
    }
  }
  for (const std::string& key : found) {
    const std::string table = TableOfKey(key);
    const bool asked = options_.tables.empty() ||
                       std::ranges::find(options_.tables, table) != options_.tables.end();
    if (asked && !needed.contains(key) && !unknown.contains(table)) {
      JudgeExtra(key, live);
    }
  }
}

void Verification::JudgeExtra(const std::string& key, const std::vector<RunInfo>& live) {
  const std::string table = TableOfKey(key);
  const std::string run = RunOfKey(key);
  if (run.empty()) {
    Note(fmt::format("{} is not of this lake: no run of ours wrote it", key));
    return;
  }
  for (const RunInfo& info : live) {
    // It is about to be committed, or just being superseded.
    if (info.id == run || std::ranges::find(info.tables, table) != info.tables.end()) {
      return;
    }
  }
  Fault fault = DamagedObject(table, key, "extra");
  fault.expected = "nothing: no table needs it";
  fault.found = "a file of run " + run;
  fault.way_out = kRemove;
  report_.faults.push_back(std::move(fault));
}

void Verification::Report(const Record& record) {
  VerifiedTable table{.name = record.table};
  if (record.seal) {
    table.partitions = static_cast<int64_t>(record.seal->partitions.size());
    table.files = static_cast<int64_t>(record.seal->files.size());
    for (const SealedFile& file : record.seal->files) {
      table.rows += file.rows.rows;
      table.bytes += file.bytes;
    }
  } else if (record.entry) {
    table.rows = record.entry->rows;
    table.bytes = record.entry->bytes;
  }
  report_.tables.push_back(std::move(table));
}

void Verification::CompareWithSource(VerifyReport* report) {
  std::vector<TableInSource> tables;
  std::vector<size_t> indexes;
  for (size_t i = 0; i < records_.size(); ++i) {
    const Record& record = records_[i];
    if (record.seal && record.metadata) {
      tables.push_back({*record.metadata, *record.seal});
      indexes.push_back(i);
    } else {
      report->notes.push_back(
          record.table + " cannot be compared with the source: its record is damaged");
    }
  }
  SourceReport source = shoestring::CompareWithSource(
      tables,
      {.source = *options_.source,
       .jobs = options_.jobs,
       .stop = stop_,
       .on_progress = [this](const SourceProgress& progress) {
         on_progress_({"reading the source", progress.rows, progress.rows_expected});
       }});
  report->source = source.description;
  report->source_lsn = source.lsn;
  for (size_t i = 0; i < indexes.size(); ++i) {
    report->tables[indexes[i]].source_rows = source.tables[i].rows;
    std::ranges::move(source.tables[i].faults, std::back_inserter(report->faults));
  }
}

}  // namespace

int64_t VerifyReport::Damages() const {
  return std::ranges::count_if(
      faults, [](const Fault& fault) { return fault.problem != "source"; });
}

VerifyReport Verify(const VerifyOptions& given, const std::stop_token& stop,
                    const std::function<void(const VerifyProgress&)>& on_progress) {
  const auto begun = std::chrono::steady_clock::now();
  VerifyOptions options = given;
  MigrateOptions limits;
  limits.jobs = options.jobs;
  limits.memory = options.memory;
  options.jobs = ResolveDefaults(limits).jobs;
  const auto store = OpenObjectStore(options.lake, /*create=*/false, options.s3);
  VerifyReport report;
  for (int attempt = 1;; ++attempt) {
    Verification verification(store.get(), options, stop, on_progress);
    report = verification.Run();
    // What a commit has superseded meanwhile is no damage.
    if (!report.faults.empty() && attempt < kAttempts && verification.Outdated())
      continue;
    if (options.source) verification.CompareWithSource(&report);
    break;
  }
  report.wall_ms = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - begun)
                       .count();
  return report;
}

std::string FormatReportJson(const VerifyReport& report) {
  json::array tables;
  for (const auto& table : report.tables) {
    json::object object{{"table", table.name},
                        {"rows", table.rows},
                        {"files", table.files},
                        {"partitions", table.partitions},
                        {"bytes", table.bytes}};
    if (table.source_rows) object["source_rows"] = *table.source_rows;
    tables.push_back(std::move(object));
  }
  json::array faults;
  for (const auto& fault : report.faults) {
    faults.push_back({{"table", fault.table},
                      {"partition", fault.partition},
                      {"file", fault.file},
                      {"problem", fault.problem},
                      {"expected", fault.expected},
                      {"found", fault.found},
                      {"way_out", fault.way_out}});
  }
  json::object object{{"lake", report.lake},
                      {"tables", std::move(tables)},
                      {"faults", std::move(faults)},
                      {"notes", json::array(report.notes.begin(), report.notes.end())},
                      {"wall_ms", report.wall_ms}};
  if (!report.source.empty()) {
    object["source"] = report.source;
    object["source_lsn"] = report.source_lsn;
  }
  return json::serialize(object);
}

}  // namespace shoestring
