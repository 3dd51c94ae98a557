#include "job/proof.h"

#include <atomic>
#include <map>
#include <optional>

#include "base/error.h"
#include "base/units.h"
#include "job/stored_rows.h"
#include "job/task_pool.h"

namespace shoestring {

namespace {

constexpr const char* kRestore =
    "restore it from a backup of the lake, or migrate the table again";
constexpr const char* kMigrate = "migrate the table again";

// Of a worker's memory, what a file may take that is kept whole; the rest is for its
// rows.
constexpr int64_t kFileShare = 4;

std::string Show(int64_t bytes, const std::string& checksum) {
  return fmt::format("{} bytes with checksum {}", FormatCount(bytes), checksum);
}

std::string Show(const RowSum& rows) {
  return fmt::format("{} rows with sum {}", FormatCount(rows.rows), ToHex(rows.sum));
}

Fault FaultOfFile(const Seal& seal, const SealedFile& file, std::string problem) {
  return {.table = seal.table,
          .partition = PartitionOfKey(file.key, seal.table),
          .file = file.key,
          .problem = std::move(problem),
          .expected = Show(file.bytes, file.checksum),
          .way_out = kRestore};
}

/// What the reading of one file came to: its rows, or what is wrong.
struct Finding {
  std::optional<RowSum> rows;
  std::optional<Fault> fault;
};

/// How the columns of a table's files are called, and what they become.
struct Columns {
  std::vector<std::string> names;
  std::vector<ImageForm> forms;
};

Columns ColumnsOf(const Seal& seal) {
  Columns columns;
  for (const auto& [name, form] : seal.columns) {
    columns.names.push_back(name);
    columns.forms.push_back(ParseImageForm(form, "seal of " + seal.table));
  }
  return columns;
}

Finding ReadFile(ObjectStore* store, const Seal& seal, const SealedFile& file,
                 const Columns& columns, int64_t memory,
                 const StoredRows::OnBytes& on_bytes) {
  Fault fault = FaultOfFile(seal, file, "missing");
  try {
    const StoredRows stored(store, file.key, memory, on_bytes);
    if (stored.bytes() != file.bytes || stored.checksum() != file.checksum) {
      fault.problem = "changed";
      fault.found = Show(stored.bytes(), stored.checksum());
      return {.fault = std::move(fault)};
    }
    return {.rows = stored.Sum(columns.names, columns.forms)};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) {
      fault.found = "nothing";
    } else if (error.kind() == ErrorKind::kCorrupt) {
      fault.problem = "unreadable";
      fault.found = error.what();
    } else {
      throw;
    }
    return {.fault = std::move(fault)};
  }
}

/// The findings of each seal's files.
using Findings = std::vector<std::vector<Finding>>;

Findings ReadFiles(ObjectStore* store, const std::vector<Seal>& seals,
                   const ProofOptions& options) {
  struct Task {
    size_t seal;
    size_t file;
  };
  std::vector<Task> tasks;
  std::vector<Columns> columns;
  Findings findings;
  ProofProgress progress;
  for (size_t i = 0; i < seals.size(); ++i) {
    columns.push_back(ColumnsOf(seals[i]));
    findings.emplace_back(seals[i].files.size());
    for (size_t f = 0; f < seals[i].files.size(); ++f) {
      tasks.push_back({i, f});
      progress.bytes_expected += seals[i].files[f].bytes;
    }
  }
  std::atomic<int64_t> bytes = 0;
  RunTasks(
      options.jobs, tasks.size(), options.stop,
      [&] {
        progress.bytes = bytes;
        options.on_progress(progress);
      },
      [&](size_t, size_t i, const std::stop_token& stop) {
        const auto [seal, file] = tasks[i];
        const auto on_bytes = [&](int64_t count) {
          bytes += count;
          if (stop.stop_requested()) {
            throw Fail(ErrorKind::kCancelled, "Stopped on request");
          }
        };
        findings[seal][file] =
            ReadFile(store, seals[seal], seals[seal].files[file], columns[seal],
                     options.memory / options.jobs / kFileShare, on_bytes);
      });
  return findings;
}

/// The rows of the files of one partition, unless one of them is at fault itself.
struct FoundPartition {
  RowSum rows;
  bool faulty = false;
  std::string files;
};

void ComparePartitions(const Seal& seal, const std::vector<Finding>& findings,
                       std::vector<Fault>* faults) {
  std::map<std::string, FoundPartition> found;
  for (size_t i = 0; i < seal.files.size(); ++i) {
    FoundPartition& partition = found[PartitionOfKey(seal.files[i].key, seal.table)];
    partition.files += (partition.files.empty() ? "" : ", ") + seal.files[i].key;
    partition.faulty |= !findings[i].rows.has_value();
    if (findings[i].rows) partition.rows += *findings[i].rows;
  }
  std::map<std::string, RowSum> expected;
  for (const auto& [path, rows] : seal.partitions) expected[path] += rows;
  for (const auto& [path, partition] : found) expected.try_emplace(path);
  for (const auto& [path, rows] : expected) {
    const FoundPartition& partition = found[path];
    if (partition.faulty || partition.rows == rows) continue;
    faults->push_back({.table = seal.table,
                       .partition = path,
                       .file = partition.files,
                       .problem = "rows",
                       .expected = Show(rows) + " in the source",
                       .found = Show(partition.rows),
                       .way_out = kMigrate});
  }
}

void TakeFaults(std::vector<Finding>* findings, std::vector<Fault>* faults) {
  for (auto& finding : *findings) {
    if (finding.fault) faults->push_back(std::move(*finding.fault));
  }
}

void CompareFiles(const Seal& seal, std::vector<Finding>* findings) {
  for (size_t i = 0; i < seal.files.size(); ++i) {
    Finding& finding = (*findings)[i];
    if (!finding.rows || *finding.rows == seal.files[i].rows) continue;
    finding.fault = FaultOfFile(seal, seal.files[i], "rows");
    finding.fault->expected = Show(seal.files[i].rows);
    finding.fault->found = Show(*finding.rows);
    finding.rows.reset();
  }
}

}  // namespace

std::string Describe(const Fault& fault) {
  std::string text = fault.table;
  const auto add = [&text](std::string_view separator, const std::string& part) {
    if (!part.empty()) text += fmt::format("{}{}", text.empty() ? "" : separator, part);
  };
  add(", partition ", fault.partition);
  add(", ", fault.file);
  text += ": " + fault.problem;
  add(". Expected ", fault.expected);
  add("; found ", fault.found);
  add(". Way out: ", fault.way_out);
  return text;
}

std::vector<Fault> ProveCopies(ObjectStore* store, std::vector<Seal>* seals,
                               const ProofOptions& options) {
  Findings findings = ReadFiles(store, *seals, options);
  std::vector<Fault> faults;
  for (size_t i = 0; i < seals->size(); ++i) {
    Seal& seal = (*seals)[i];
    for (size_t f = 0; f < seal.files.size(); ++f) {
      if (findings[i][f].rows) seal.files[f].rows = *findings[i][f].rows;
    }
    TakeFaults(&findings[i], &faults);
    ComparePartitions(seal, findings[i], &faults);
  }
  return faults;
}

std::vector<Fault> ProveFiles(ObjectStore* store, const std::vector<Seal>& seals,
                              const ProofOptions& options) {
  Findings findings = ReadFiles(store, seals, options);
  std::vector<Fault> faults;
  for (size_t i = 0; i < seals.size(); ++i) {
    CompareFiles(seals[i], &findings[i]);
    TakeFaults(&findings[i], &faults);
    ComparePartitions(seals[i], findings[i], &faults);
  }
  return faults;
}

}  // namespace shoestring
