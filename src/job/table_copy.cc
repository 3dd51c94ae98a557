#include "job/table_copy.h"

#include <arrow/memory_pool.h>
#include <arrow/record_batch.h>
#include <pthread.h>
#include <sched.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <thread>

#include "base/error.h"
#include "job/partition_sums.h"
#include "job/partition_writer.h"
#include "job/range_reader.h"
#include "job/run_record.h"
#include "source/repeated_texts.h"

namespace shoestring {

namespace {

constexpr size_t kNoTable = static_cast<size_t>(-1);
constexpr std::chrono::milliseconds kTick{200};
// Values from here on are too large to be copied for a dictionary or for bounds.
constexpr size_t kWideBytes = 1 << 20;

// A thread that does not interrupt others to be served: where Postgres has the same
// cores, it goes on sending, and much comes at a time. Where that is not allowed, nothing
// is lost.
void LetOthersFinish() {
  const sched_param none{};
  pthread_setschedparam(pthread_self(), SCHED_BATCH, &none);
}

}  // namespace

MemoryShares ShareMemory(int64_t budget, int jobs) {
  constexpr int64_t kLeast = 1 << 20;
  return {std::max(kLeast, budget / 4 / jobs), budget * 5 / 16,
          std::max(kLeast, budget / 16 / jobs), std::max(kLeast, budget / 64 / jobs)};
}

/// A table on its way. All but `runs` is under the copier's mutex.
struct TableCopier::Table {
  explicit Table(const TablePlan& of) : plan(of) {}

  bool HasRanges() const { return next_range < plan.ranges.size(); }
  bool ForExporter() const { return shoestring::ForExporter(plan); }
  bool HasPartitions() const { return next_partition < partitions.size(); }

  const TablePlan& plan;
  size_t next_range = 0;
  size_t ranges_done = 0;
  int buffers_open = 0;     ///< Workers with rows of this table that are in no run yet.
  int64_t rows_by_tag = 0;  ///< As Postgres counted them.
  std::set<int> wide_columns;  ///< Field ids; complete when all has been read.

  std::unique_ptr<RepeatedTexts> texts;     ///< While rows are read.
  std::shared_ptr<arrow::Array> all_texts;  ///< From then on.
  SortedRuns runs;
  std::vector<std::pair<std::string, SortedRuns::Partition>> partitions;
  size_t next_partition = 0;
  size_t partitions_done = 0;
  bool done = false;

  std::map<std::string, RowSum> sums;  ///< Of the source's rows, by partition.
  CopiedTable result;
};

/// A range to read, a partition to write, or neither: hand over the rows gathered.
struct TableCopier::Task {
  size_t table = kNoTable;
  std::optional<size_t> range;
  std::optional<size_t> partition;
};

class TableCopier::Worker {
 public:
  Worker(TableCopier* copier, Connection* connection, bool exporter)
      : copier_(*copier), connection_(connection), exporter_(exporter) {}

  void Run() {
    while (const auto task = copier_.NextTask(table_, exporter_)) {
      if (task->table != table_ || !task->range) HandOver();
      if (task->range) ReadRange(task->table, *task->range);
      if (task->partition) WritePartition(task->table, *task->partition);
    }
  }

  const StageTimes& times() const { return clock_.times(); }

 private:
  void ReadRange(size_t index, size_t range) {
    const StageClock::In decode(&clock_, Stage::kDecode);
    const auto waited = connection_->waited();
    Table& table = *copier_.tables_[index];
    Begin(index, &table);
    const int64_t rows = shoestring::ReadRange(
        connection_, table.plan, range, &*cleaner_,
        {.on_row = [&](const ValueCleaner::Row& row) { Add(row, &table); },
         .on_data =
             [&](int64_t count, int64_t bytes) {
               copier_.counters_.rows_read += count;
               copier_.counters_.bytes_read += bytes;
             }});
    clock_.Move(connection_->waited() - waited, Stage::kDecode, Stage::kSourceWait);
    const std::lock_guard lock(copier_.mutex_);
    table.rows_by_tag += rows;
    ++table.ranges_done;
  }

  void Begin(size_t index, Table* table) {
    if (table_ == index) return;
    cleaner_.emplace(table->plan.mappings);
    row_key_.emplace(table->plan.MakeRowKey());
    sums_.emplace(table->plan);
    packer_.emplace(table->plan.mappings, TextsOf(table));
    buffer_.emplace(copier_.shares_.sort_buffer, row_key_->partition_bytes(),
                    &copier_.spill_);
    table_ = index;
    const std::lock_guard lock(copier_.mutex_);
    ++table->buffers_open;
  }

  RepeatedTexts* TextsOf(Table* table) {
    const std::lock_guard lock(copier_.mutex_);
    if (!table->texts) {
      const int64_t share = copier_.shares_.texts;
      const int64_t bytes = table->plan.source.bytes();  // None where nobody can tell.
      table->texts =
          std::make_unique<RepeatedTexts>(bytes > 0 ? std::min(share, bytes) : share);
    }
    return table->texts.get();
  }

  void Add(const ValueCleaner::Row& row, Table* table) {
    if (row.tuple.size() >= kWideBytes) NoteWideColumns(row.fields, table);
    packer_->Begin(row.fields);
    key_.clear();
    row_key_->Append(row.fields, &key_);
    sums_->Add(key_, row.fields, row.tuple);
    const auto packed = packer_->Pack(row.fields);
    const size_t most = MostPackedBytes(packed.size(), row.tuple.size());
    uint8_t* to = buffer_->Begin(key_, most);
    if (to == nullptr) {
      Flush(table);
      to = buffer_->Begin(key_, most);
    }
    buffer_->End(PackTuple(packed, to));
  }

  void Flush(Table* table) {
    const StageClock::In sort(&clock_, Stage::kSort);
    table->runs.Add(buffer_->Flush());
  }

  void NoteWideColumns(std::span<const TupleField> fields, Table* table) {
    const std::lock_guard lock(copier_.mutex_);
    for (size_t i = 0; i < fields.size(); ++i) {
      if (fields[i].bytes().size() < kWideBytes) continue;
      table->wide_columns.insert(table->plan.columns[i].field_id);
    }
  }

  void HandOver() {
    if (table_ == kNoTable) return;
    Table& table = *copier_.tables_[table_];
    if (!buffer_->empty()) Flush(&table);
    buffer_.reset();
    table_ = kNoTable;
    const std::lock_guard lock(copier_.mutex_);
    sums_->AddTo(&table.sums);
    table.result.replaced.resize(cleaner_->replaced().size());
    for (size_t i = 0; i < cleaner_->replaced().size(); ++i) {
      table.result.replaced[i] += cleaner_->replaced()[i];
    }
    sums_.reset();
    --table.buffers_open;
    copier_.FinishReading(&table);
  }

  void WritePartition(size_t index, size_t partition_index) {
    const StageClock::In decode(&clock_, Stage::kDecode);
    if (copier_.AllIsRead()) connection_->Close();
    Table& table = *copier_.tables_[index];
    const auto& [key, partition] = table.partitions[partition_index];
    const PartitionValues values = table.plan.MakeRowKey().PartitionOf(key);
    PartitionWriter writer(
        table.plan,
        {copier_.options_.compression, copier_.options_.batch_rows,
         copier_.shares_.row_group, partition.rows, table.wide_columns, table.all_texts},
        [&](int number) {
          const std::string key =
              DataFileKey(table.plan.name, values, copier_.run_, number);
          return PartitionWriter::OpenFile{
              key, std::make_unique<TimedWriter>(
                       copier_.store_->Create(key, copier_.run_), &clock_)};
        },
        [&](int64_t rows) {
          copier_.counters_.rows_written += rows;
          if (copier_.stop_.stop_requested()) {
            throw Fail(ErrorKind::kCancelled, "Stopped on request");
          }
        });
    MergeReader reader(partition.sources, &copier_.spill_);
    while (const auto tuple = reader.Next()) {
      writer.AppendPacked(*tuple);
      if (!writer.full()) continue;
      reader.Release();
      const StageClock::In encode(&clock_, Stage::kEncode);
      writer.WriteBatch();
    }
    const StageClock::In encode(&clock_, Stage::kEncode);
    std::vector<ParquetFile::Finished> finished = std::move(writer).Finish();
    std::unique_lock lock(copier_.mutex_);
    for (auto& one : finished) {
      one.file.partition = values;
      copier_.counters_.bytes_written += one.file.bytes;
      table.result.rows += one.file.rows;
      table.result.seal.files.push_back(
          {one.file.key, one.file.bytes, std::move(one.checksum), {}});
      table.result.files.push_back(std::move(one.file));
      table.result.objects.push_back(std::move(one.object));
    }
    ++table.partitions_done;
    if (!copier_.FinishWriting(&table)) return;
    lock.unlock();
    // Nobody touches it any more.
    if (copier_.on_finished_) copier_.on_finished_(index, table.result);
  }

  TableCopier& copier_;
  Connection* const connection_;
  const bool exporter_;
  std::optional<ValueCleaner> cleaner_;
  std::optional<RowKey> row_key_;
  std::optional<PartitionSums> sums_;
  std::optional<RowPacker> packer_;
  std::optional<SortBuffer> buffer_;
  StageClock clock_;
  std::string key_;
  size_t table_ = kNoTable;  ///< Whose rows are in the buffer.
};

TableCopier::TableCopier(const MigrateOptions& options,
                         const std::vector<TablePlan>& plans, ObjectStore* store,
                         std::string run)
    : options_(options),
      store_(store),
      run_(std::move(run)),
      shares_(ShareMemory(std::max(options.memory / 4,
                                   options.memory - store->WriterMemory(options.jobs)),
                          options.jobs)),
      spill_(shares_.runs, options.temporary_folder) {
  for (const auto& plan : plans) tables_.push_back(std::make_unique<Table>(plan));
}

TableCopier::~TableCopier() = default;

std::vector<CopiedTable> TableCopier::Run(Connection* exporter, const Snapshot& snapshot,
                                          const std::stop_token& stop,
                                          const std::function<void()>& on_tick,
                                          const OnFinished& on_finished) {
  on_finished_ = on_finished;
  const std::stop_callback forward(stop, [this] { stop_.request_stop(); });
  size_t ranges = 0;
  for (const auto& table : tables_) ranges += table->plan.ranges.size();
  const auto count = std::min<size_t>(ranges, static_cast<size_t>(options_.jobs));
  std::vector<std::jthread> workers;
  workers_running_ = static_cast<int>(count);
  for (size_t i = 0; i < count; ++i) {
    workers.emplace_back([this, i, exporter, &snapshot] {
      WorkerMain(i == 0 ? exporter : nullptr, snapshot);
    });
  }
  std::unique_lock lock(mutex_);
  while (workers_running_ > 0) {
    ended_.wait_for(lock, kTick, [this] { return workers_running_ == 0; });
    lock.unlock();
    on_tick();
    lock.lock();
  }
  // What the largest rows took is kept for more of them otherwise.
  arrow::default_memory_pool()->ReleaseUnused();
  if (error_) std::rethrow_exception(error_);
  if (stop.stop_requested()) throw Fail(ErrorKind::kCancelled, "Stopped on request");
  std::vector<CopiedTable> results;
  for (auto& table : tables_) results.push_back(std::move(table->result));
  return results;
}

void TableCopier::WorkerMain(Connection* connection, const Snapshot& snapshot) {
  LetOthersFinish();
  std::exception_ptr error;
  try {
    const bool exporter = connection != nullptr;
    std::unique_ptr<Connection> own;
    if (!exporter) {
      std::string why_not;
      own = JoinSnapshot(options_.source, snapshot, stop_.get_token(), &why_not);
      connection = own.get();
      const std::lock_guard lock(mutex_);
      if (!why_not.empty()) refusal_ = why_not;
    }
    // Without a connection: the exporter's worker, whose locks are held, does it all.
    if (connection != nullptr) {
      Worker worker(this, connection, exporter);
      worker.Run();
      const std::lock_guard lock(mutex_);
      times_ += worker.times();
    }
    // All is done: who still waits for a connection need not.
    if (exporter) stop_.request_stop();
  } catch (...) {
    error = std::current_exception();
  }
  const std::lock_guard lock(mutex_);
  if (error) {
    // What other workers say once they are told to stop is only an echo.
    if (!error_) error_ = error;
    stop_.request_stop();
  }
  --workers_running_;
  changed_.notify_all();
  ended_.notify_all();
}

std::optional<TableCopier::Task> TableCopier::NextTask(size_t current_table,
                                                       bool exporter) {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (stop_.stop_requested()) return std::nullopt;
    if (const auto task = FindTask(current_table, exporter)) return task;
    if (std::all_of(tables_.begin(), tables_.end(),
                    [](const auto& table) { return table->done; })) {
      return std::nullopt;
    }
    // A stop request notifies nobody: so look again now and then.
    changed_.wait_for(lock, kTick);
  }
}

std::optional<TableCopier::Task> TableCopier::FindTask(size_t current_table,
                                                       bool exporter) {
  if (current_table != kNoTable) {
    Table& table = *tables_[current_table];
    if (!table.HasRanges()) return Task{current_table, std::nullopt, std::nullopt};
    return Task{current_table, table.next_range++, std::nullopt};
  }
  // Writing first: it gives memory back.
  for (size_t i = 0; i < tables_.size(); ++i) {
    if (!tables_[i]->HasPartitions()) continue;
    return Task{i, std::nullopt, tables_[i]->next_partition++};
  }
  // The exporter begins with what only it can read.
  std::optional<size_t> first;
  for (size_t i = tables_.size(); i-- > 0;) {
    if (!tables_[i]->HasRanges() || (tables_[i]->ForExporter() && !exporter)) continue;
    if (!first || tables_[i]->ForExporter() || !tables_[*first]->ForExporter()) first = i;
  }
  if (!first) return std::nullopt;
  return Task{*first, tables_[*first]->next_range++, std::nullopt};
}

bool TableCopier::AllIsRead() {
  const std::lock_guard lock(mutex_);
  return std::all_of(tables_.begin(), tables_.end(), [](const auto& table) {
    return table->ranges_done == table->plan.ranges.size();
  });
}

void TableCopier::FinishReading(Table* table) {
  const bool read = table->ranges_done == table->plan.ranges.size();
  if (!read || table->buffers_open > 0) return;
  table->all_texts = table->texts->Values();
  table->texts.reset();
  auto partitions = table->runs.Partitions();
  if (partitions.empty()) {
    // An empty table still gets a file: readers of the folder find its schema there.
    const size_t bytes = table->plan.MakeRowKey().partition_bytes();
    partitions.emplace(std::string(bytes, '\0'), SortedRuns::Partition{});
  }
  for (auto& partition : partitions) table->partitions.push_back(std::move(partition));
  // The largest first, so that at the end nobody waits long for the last.
  std::ranges::stable_sort(table->partitions, std::greater{},
                           [](const auto& partition) { return partition.second.rows; });
  table->result.partitions = static_cast<int64_t>(table->partitions.size());
  changed_.notify_all();
}

bool TableCopier::FinishWriting(Table* table) {
  if (table->partitions_done < table->partitions.size()) return false;
  if (table->result.rows != table->rows_by_tag) {
    throw Fail(ErrorKind::kInternal, "Table {}: read {} rows, wrote {}", table->plan.name,
               table->rows_by_tag, table->result.rows);
  }
  Seal& seal = table->result.seal;
  seal.table = table->plan.name;
  for (const auto& mapping : table->plan.mappings) {
    seal.columns.push_back({mapping.column, ToString(ImageFormOf(mapping))});
  }
  for (const auto& [path, rows] : table->sums) seal.partitions.push_back({path, rows});
  table->runs.Clear(&spill_);
  table->partitions.clear();
  table->all_texts.reset();
  table->done = true;
  ++counters_.tables_done;
  changed_.notify_all();
  return true;
}

}  // namespace shoestring
