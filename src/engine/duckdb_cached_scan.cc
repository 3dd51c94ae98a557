#include "engine/duckdb_cached_scan.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/parallel/task_scheduler.hpp>

#include <algorithm>
#include <atomic>
#include <optional>
#include <set>

#include "engine/duckdb_first_rows.h"
#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_lake_scan.h"
#include "engine/duckdb_scan_filter.h"
#include "engine/duckdb_scan_order.h"
#include "engine/duckdb_scanned_file.h"

namespace shoestring {

namespace {

using duckdb::ClientContext;
using duckdb::idx_t;
using duckdb::Vector;

constexpr idx_t kVector = STANDARD_VECTOR_SIZE;
/// A scan of fewer files than this is cut finer, so that threads share their row groups,
constexpr idx_t kLeastUnits = 16;
/// but not finer than this.
constexpr idx_t kLeastRows = 1 << 16;

/// One run of a scan, which its threads share.
class CachedScan : public duckdb::GlobalTableFunctionState, public FileScan {
 public:
  CachedScan(ClientContext& context, const duckdb::TableFunctionInitInput& input)
      : FileScan{.reads = LakeReadsOf(*input.bind_data)},
        order(ScanOrder::Of(input)),
        table(LakeFileList::Of(*input.bind_data).table()),
        files(LakeFileList::Of(*input.bind_data).files()) {
    for (const duckdb::column_t index : input.column_ids)
      columns.push_back(Column(index));
    for (size_t place = 0; place < columns.size(); ++place) output.push_back(place);
    if (input.CanRemoveFilterColumns()) {
      output.assign(input.projection_ids.begin(), input.projection_ids.end());
    }
    if (input.filters) filters = InOrder(*input.filters, Types());
    const LakeFileList& list = LakeFileList::Of(*input.bind_data);
    if (!files.empty()) parts = PartsOf(files.size(), list.Rows());
    keeps = BytesOfFilters() <= reads.chunks->capacity() / 2;
    const auto threads = duckdb::TaskScheduler::GetScheduler(context).NumberOfThreads();
    threads_ = std::clamp<idx_t>(std::min(units(), ThreadsFor(list)), 1,
                                 static_cast<idx_t>(threads));
  }

  duckdb::vector<duckdb::LogicalType> Types() const {
    duckdb::vector<duckdb::LogicalType> types;
    for (const ScannedColumn& column : columns) types.push_back(column.type);
    return types;
  }
  duckdb::vector<duckdb::LogicalType> OrderTypes() const {
    duckdb::vector<duckdb::LogicalType> types;
    for (const size_t place : order->places) types.push_back(columns[place].type);
    return types;
  }
  idx_t MaxThreads() const override { return order ? 1 : threads_; }
  idx_t units() const { return files.size() * parts; }

  const ScanOrder* const order;  ///< nullptr for none.
  const std::shared_ptr<const LakeTable> table;
  const FileSet& files;
  std::vector<size_t> output;  ///< Places of the columns that are handed out.
  idx_t parts = 1;             ///< Each file is as many units of work.
  std::atomic<idx_t> next_unit = 0;

 private:
  ScannedColumn Column(duckdb::column_t index) const {
    if (duckdb::IsVirtualColumn(index)) return {.type = duckdb::LogicalType::BOOLEAN};
    ScannedColumn column{.type = table->types.at(index)};
    const auto& stored = table->metadata.columns;
    if (index < stored.size()) {
      column.lake_column = &stored[index];
    } else {
      column.partition_value = index - stored.size();
    }
    return column;
  }

  static idx_t PartsOf(idx_t files, idx_t rows) {
    return std::clamp<idx_t>(rows / files / kLeastRows, 1,
                             std::max<idx_t>(1, kLeastUnits / files));
  }

  /// Of the columns that are filtered by, decoded, at most.
  int64_t BytesOfFilters() const {
    int64_t rows = 0;
    for (const DataFile* file : files) rows += file->rows;
    std::set<size_t> places;
    for (const PlacedFilter& filter : filters) places.insert(filter.place);
    int64_t width = 0;
    for (const size_t place : places) {
      width +=
          static_cast<int64_t>(duckdb::GetTypeIdSize(columns[place].type.InternalType()));
    }
    return rows * width;
  }

  idx_t threads_ = 1;
};

/// A row group that a scan was at.
struct MetGroup {
  const DataFile* data_file = nullptr;
  int number = 0;

  bool operator==(const MetGroup&) const = default;
};

/// What one thread does of it: unit after unit, row group after row group, vector after
/// vector.
class ScanThread : public duckdb::LocalTableFunctionState {
 public:
  ScanThread(ClientContext& context, CachedScan* scan)
      : context_(context), scan_(*scan), activity_(QueryActivity::Of(context)) {
    values_.InitializeEmpty(scan_.Types());
    for (const PlacedFilter& filter : scan_.filters) {
      filters_.emplace_back(context, filter);
    }
  }

  idx_t unit() const { return unit_; }

  /// The next rows that pass; none at the end.
  void Next(duckdb::DataChunk* output) {
    if (scan_.order) {
      if (!first_) FindFirst();
      HandOutFirst(output);
    } else if (const idx_t passed = NextRows()) {
      HandOut(passed, output);
    }
  }

 private:
  /// Goes to the next vector that has rows that pass all filters, and returns how many;
  /// selection_ says which. 0 at the end.
  idx_t NextRows() {
    while (NextVector()) {
      if (const idx_t passed = Filter()) return passed;
    }
    return 0;
  }

  bool NextVector() {
    if (context_.IsInterrupted()) throw duckdb::InterruptException();
    row_ += kVector;
    while (row_ >= range_.end) {
      if (!ranges_.empty()) {
        NextRange();
        continue;
      }
      if (groups_.empty() && !NextUnit()) return false;
      if (!groups_.empty()) NextGroup();
    }
    read_.assign(scan_.columns.size(), false);
    return true;
  }

  void NextGroup() {
    file_->Begin(groups_.back());
    groups_.pop_back();
    ranges_ = {{0, file_->rows()}};
    for (ScanFilter& filter : filters_) Narrow(&filter);
    std::ranges::reverse(ranges_);
  }

  void NextRange() {
    range_ = ranges_.back();
    ranges_.pop_back();
    row_ = range_.begin / kVector * kVector;
  }

  /// Leaves out of the row group what a filter does not want, where that stands together
  /// in a column that is decoded as a whole.
  void Narrow(ScanFilter* filter) {
    filter->settled = file_->Settles(filter->placed());
    const size_t place = filter->place();
    const bool searched = !filter->placed().values.empty();
    if (filter->settled || !searched || !scan_.columns[place].lake_column) return;
    const ColumnChunk* here = file_->Find(place);
    if (!here || !here->whole()) return;
    const auto found = here->RowsThatPass(filter->placed(), {0, file_->rows()});
    if (!found) return;
    ranges_ = Common(ranges_, *found);
    filter->settled = true;
  }

  bool NextUnit() {
    unit_ = scan_.next_unit++;
    if (unit_ >= scan_.units()) return false;
    file_.emplace(context_, scan_, *scan_.files[unit_ / scan_.parts]);
    if (file_->is_new()) ++new_files_;
    LeaveIf(new_files_ > kFewFiles);
    FindGroups();
    return true;
  }

  /// Those of the unit that may have rows that pass, last one first.
  void FindGroups() {
    const auto part = static_cast<int>(unit_ % scan_.parts);
    const auto parts = static_cast<int>(scan_.parts);
    const int begin = file_->groups() * part / parts;
    for (int group = file_->groups() * (part + 1) / parts; group-- > begin;) {
      if (!file_->RulesOut(group)) groups_.push_back(group);
    }
  }

  idx_t Count() const { return std::min(kVector, range_.end - row_); }

  /// How many rows of the vector pass all filters; selection_ says which.
  idx_t Filter() {
    if (!file_->Wants(row_)) return 0;
    const idx_t count = Count();
    idx_t passed = count;
    if (row_ < range_.begin) {
      passed = row_ + count - range_.begin;
      selection_ = duckdb::SelectionVector(range_.begin - row_, passed);
    } else {
      selection_.Initialize(nullptr);
    }
    looked_at_ += passed;
    LeaveIf(looked_at_ > kFewRows);
    for (ScanFilter& filter : filters_) {
      if (!filter.settled) Apply(&filter, count, &passed);
      if (passed == 0) return 0;
    }
    return passed;
  }

  /// Takes those that a filter does not let pass out of selection_.
  void Apply(ScanFilter* filter, idx_t count, idx_t* passed) {
    const size_t place = filter->place();
    if (scan_.columns[place].lake_column) {
      if (!file_->MayPass(filter->placed(), row_)) {
        *passed = 0;
        return;
      }
      const auto found =
          file_->Chunk(place, row_).RowsThatPass(filter->placed(), {row_, row_ + count});
      if (found) {
        Keep(*found, passed);
        return;
      }
    }
    Read(place, count);
    filter->Select(&values_.data[place], count, &selection_, passed);
  }

  /// Leaves in selection_ what these rows have of it.
  void Keep(const RowRanges& ranges, idx_t* passed) {
    duckdb::SelectionVector kept(*passed);
    idx_t left = 0;
    auto range = ranges.begin();
    for (idx_t i = 0; i < *passed; ++i) {
      const idx_t row = row_ + selection_.get_index(i);
      while (range != ranges.end() && range->end <= row) ++range;
      if (range == ranges.end()) break;
      if (range->begin <= row) kept.set_index(left++, row - row_);
    }
    selection_.Initialize(kept);
    *passed = left;
  }

  /// Those of selection_, by their numbers in the row group.
  duckdb::SelectionVector PassedRows(idx_t passed) const {
    duckdb::SelectionVector rows(passed);
    for (idx_t i = 0; i < passed; ++i) rows.set_index(i, row_ + selection_.get_index(i));
    return rows;
  }

  /// The rows of selection_, of all columns that the scan is asked for.
  void HandOut(idx_t passed, duckdb::DataChunk* output) {
    const idx_t count = Count();
    const duckdb::SelectionVector rows = PassedRows(passed);
    for (size_t i = 0; i < scan_.output.size(); ++i) {
      const size_t place = scan_.output[i];
      if (passed < count && scan_.columns[place].lake_column) {
        file_->Chunk(place, row_).Pick(rows, passed, &output->data[i]);
      } else {
        Read(place, count);
        output->data[i].Reference(values_.data[place]);
      }
    }
    output->SetCardinality(passed);
  }

  /// Looks at all rows, of the order's columns alone.
  void FindFirst() {
    FirstRows first(duckdb::Allocator::Get(context_), *scan_.order, scan_.OrderTypes());
    while (const idx_t passed = NextRows()) {
      const duckdb::SelectionVector rows = PassedRows(passed);
      const duckdb::SelectionVector room(first.MakeRoom(passed), passed);
      for (size_t i = 0; i < scan_.order->places.size(); ++i) {
        file_->Chunk(scan_.order->places[i], row_)
            .Copy({rows, passed, room}, &first.columns().data[i]);
      }
      const MetGroup here{&file_->data_file(), file_->group()};
      if (met_.empty() || met_.back() != here) met_.push_back(here);
      first.Add(static_cast<uint32_t>(met_.size() - 1), rows, passed);
    }
    first_ = first.Take();
  }

  /// The next of the rows that come first, copied from one row group after the other.
  void HandOutFirst(duckdb::DataChunk* output) {
    const idx_t count = std::min<idx_t>(kVector, first_->size() - handed_out_);
    ByGroup({first_->data() + handed_out_, count},
            [&](uint32_t group, const RowCopy& copy) {
              if (&file_->data_file() != met_[group].data_file) {
                file_.emplace(context_, scan_, *met_[group].data_file);
              }
              file_->Begin(met_[group].number);
              CopyOut(copy, output);
            });
    output->SetCardinality(count);
    handed_out_ += count;
  }

  void CopyOut(const RowCopy& copy, duckdb::DataChunk* output) {
    for (size_t i = 0; i < scan_.output.size(); ++i) {
      const size_t place = scan_.output[i];
      Vector& to = output->data[i];
      if (scan_.columns[place].lake_column) {
        file_->ChunkWith(place, copy.rows, copy.count).Copy(copy, &to);
        continue;
      }
      const duckdb::Value value = file_->Constant(place);
      for (idx_t n = 0; n < copy.count; ++n) to.SetValue(copy.places.get_index(n), value);
    }
  }

  /// A column of the vector, into values_.
  void Read(size_t place, idx_t count) {
    if (read_[place]) return;
    read_[place] = true;
    Vector& to = values_.data[place];
    if (scan_.columns[place].lake_column) {
      file_->Chunk(place, row_).Read(row_, count, &to);
    } else {
      to.Reference(file_->Constant(place));
    }
  }

  /// Ends an attempt that is only worth it while it is short.
  void LeaveIf(bool is_long) {
    if (!activity_ || !activity_->leaves_when_long()) return;
    if (is_long) activity_->WantsThreads();
    if (activity_->wants_threads()) throw duckdb::InterruptException();
  }

  ClientContext& context_;
  CachedScan& scan_;
  const duckdb::shared_ptr<QueryActivity> activity_;
  std::vector<ScanFilter> filters_;
  idx_t unit_ = 0;
  std::optional<ScannedFile> file_;
  size_t new_files_ = 0;      ///< Of those there were.
  std::vector<int> groups_;   ///< Still to be scanned of the unit.
  RowRanges ranges_;          ///< Of the row group: what can have rows that pass, last
  RowRange range_;            ///< range first, and the one that the scan is at.
  idx_t row_ = 0;             ///< Of the row group, where the vector begins.
  duckdb::DataChunk values_;  ///< Of the vector, by place.
  std::vector<bool> read_;    ///< Which of them are there.
  duckdb::SelectionVector selection_;
  idx_t looked_at_ = 0;        ///< Rows.
  std::vector<MetGroup> met_;  ///< With rows that pass; as is this, for a scan in order:
  std::optional<std::vector<RowReference>> first_;
  size_t handed_out_ = 0;  ///< Of first_.
};

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitScan(
    ClientContext& context, duckdb::TableFunctionInitInput& input) {
  PrepareScan(context, input);
  return duckdb::make_uniq<CachedScan>(context, input);
}

duckdb::unique_ptr<duckdb::LocalTableFunctionState> InitThread(
    duckdb::ExecutionContext& context, duckdb::TableFunctionInitInput& input,
    duckdb::GlobalTableFunctionState* state) {
  return duckdb::make_uniq<ScanThread>(context.client, &state->Cast<CachedScan>());
}

void Scan(ClientContext& context, duckdb::TableFunctionInput& input,
          duckdb::DataChunk& output) {
  input.local_state->Cast<ScanThread>().Next(&output);
}

/// Units are in the order of the rows.
duckdb::OperatorPartitionData PartOf(ClientContext& context,
                                     duckdb::TableFunctionGetPartitionInput& input) {
  return duckdb::OperatorPartitionData(input.local_state->Cast<ScanThread>().unit());
}

double Progress(ClientContext& context, const duckdb::FunctionData* bind_data,
                const duckdb::GlobalTableFunctionState* state) {
  const auto& scan = state->Cast<CachedScan>();
  if (scan.units() == 0) return 100;
  const auto begun = std::min(scan.next_unit.load(), scan.units());
  return 100.0 * static_cast<double>(begun) / static_cast<double>(scan.units());
}

}  // namespace

bool IsCachedScan(const duckdb::LogicalGet& get) { return get.function.function == Scan; }

bool CanUseCachedScan(const duckdb::LogicalGet& get) {
  const auto& types = LakeFileList::Of(*get.bind_data).table()->types;
  return std::ranges::all_of(get.GetColumnIds(), [&](const duckdb::ColumnIndex& column) {
    const idx_t index = column.GetPrimaryIndex();
    if (index == duckdb::COLUMN_IDENTIFIER_EMPTY) return true;
    return !duckdb::IsVirtualColumn(index) && ColumnChunk::CanRead(types.at(index));
  });
}

void UseCachedScan(duckdb::TableFunction* function) {
  function->init_global = InitScan;
  function->init_local = InitThread;
  function->function = Scan;
  function->get_partition_data = PartOf;
  function->table_scan_progress = Progress;
  function->get_metrics = nullptr;
  function->dynamic_to_string = nullptr;
  // It would read the table twice, by numbers of rows that these scans do not give.
  function->late_materialization = false;
}

}  // namespace shoestring
