#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "job/migrate_plan.h"
#include "job/stage_clock.h"
#include "lake/external_sort.h"
#include "lake/object_store.h"
#include "lake/seal.h"
#include "source/snapshot.h"

namespace shoestring {

/// How a memory budget is shared out.
struct MemoryShares {
  int64_t sort_buffer = 0;  ///< Of each worker.
  int64_t runs = 0;         ///< Of all sorted runs before they spill.
  int64_t row_group = 0;    ///< Of each worker's current row group.
  int64_t texts = 0;        ///< Of each table's texts that occur again and again.
};
MemoryShares ShareMemory(int64_t budget, int jobs);

/// The files of one table, written, but not visible yet.
struct CopiedTable {
  std::vector<DataFile> files;
  std::vector<StagedObject> objects;
  int64_t rows = 0;
  int64_t partitions = 0;
  std::vector<int64_t> replaced;  ///< Values that a policy changed, by column.
  /// What the source held, by partition, and the files as they were written; their rows
  /// are for those who read them back to say.
  Seal seal;
};

/// Counted while the workers run; read by anyone.
struct CopyCounters {
  std::atomic<int64_t> rows_read = 0;
  std::atomic<int64_t> rows_written = 0;
  std::atomic<int64_t> bytes_read = 0;
  std::atomic<int64_t> bytes_written = 0;
  std::atomic<int> tables_done = 0;
};

/// Copies planned tables with a fixed set of workers, each with a connection of its own
/// into one snapshot: COPY ranges into sorted runs, then, when a table has been read to
/// its end, its runs merged into one sorted file a partition.
class TableCopier {
 public:
  using OnFinished = std::function<void(size_t, const CopiedTable&)>;

  TableCopier(const MigrateOptions& options, const std::vector<TablePlan>& plans,
              ObjectStore* store, std::string run);
  ~TableCopier();

  /// `exporter` holds the snapshot and serves as the first worker's connection. Calls
  /// `on_tick` about five times a second, and `on_finished`, from any thread, with each
  /// table that is finished and its place among the plans. Throws the first error of any
  /// worker.
  std::vector<CopiedTable> Run(Connection* exporter, const Snapshot& snapshot,
                               const std::stop_token& stop,
                               const std::function<void()>& on_tick,
                               const OnFinished& on_finished = {});

  const CopyCounters& counters() const { return counters_; }
  /// After Run(): why there were fewer connections than jobs; empty when there were not.
  const std::string& refusal() const { return refusal_; }
  /// After Run(): the time of all workers.
  const StageTimes& times() const { return times_; }
  int64_t spilled_bytes() const { return spill_.spilled_bytes(); }

 private:
  struct Table;
  struct Task;
  class Worker;

  /// Nothing when all is done or a stop was requested.
  std::optional<Task> NextTask(size_t current_table, bool exporter);
  std::optional<Task> FindTask(size_t current_table, bool exporter);
  bool AllIsRead();
  void FinishReading(Table* table);
  bool FinishWriting(Table* table);
  void WorkerMain(Connection* connection, const Snapshot& snapshot);

  const MigrateOptions& options_;
  ObjectStore* const store_;
  const std::string run_;
  const MemoryShares shares_;
  SpillStore spill_;
  CopyCounters counters_;
  std::stop_source stop_;
  OnFinished on_finished_;

  std::mutex mutex_;
  std::condition_variable changed_;  ///< There is another task, or none any more.
  std::condition_variable ended_;    ///< A worker has.
  // Under mutex_:
  std::vector<std::unique_ptr<Table>> tables_;
  std::exception_ptr error_;
  std::string refusal_;  ///< Why a connection could not be had.
  StageTimes times_;
  int workers_running_ = 0;
};

}  // namespace shoestring
