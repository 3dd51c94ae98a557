#include "job/migrate.h"

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <future>
#include <string_view>
#include <thread>

#include "base/error.h"
#include "job/declare.h"
#include "job/proof.h"
#include "job/run_record.h"
#include "job/table_choice.h"
#include "job/table_copy.h"
#include "job/table_version.h"
#include "job/task_pool.h"
#include "lake/catalog.h"
#include "source/snapshot.h"

namespace shoestring {

namespace {

constexpr int kMaxDefaultJobs = 8;
constexpr int64_t kLeastMemory = 64'000'000;
// Renames cost nothing, but a bucket takes its time for each object.
constexpr int kPublishers = 8;

int64_t MillisecondsSince(std::chrono::steady_clock::time_point begun) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             std::chrono::steady_clock::now() - begun)
      .count();
}

// Of this program alone: getrusage() would count the parent's before exec, too.
int64_t PeakMemoryBytes() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    constexpr std::string_view kPeak = "VmHWM:";
    if (!line.starts_with(kPeak)) continue;
    return std::strtoll(line.c_str() + kPeak.size(), nullptr, 10) * 1024;
  }
  return 0;
}

Error FailProof(const std::vector<Fault>& faults) {
  std::string first;
  constexpr size_t kMostShown = 5;
  for (size_t i = 0; i < std::min(faults.size(), kMostShown); ++i) {
    first += "\n" + Describe(faults[i]);
  }
  return Fail(
      ErrorKind::kCorrupt,
      "The copy is not what the source sent, so nothing was changed; {} in all:{}",
      faults.size(), first);
}

/// One migration, step by step.
class Migration {
 public:
  using OnProgress = std::function<void(const MigrateProgress&)>;

  Migration(const MigrateOptions& options, const std::stop_token& stop,
            const OnProgress& on_progress);

  MigrateReport Run();

 private:
  void Begin();
  void Work();
  void GoOn();
  void Copy();
  void Publish();
  void Prove();
  void Commit();
  /// Leaves behind what the next run can use, or nothing; what the user is told then.
  [[noreturn]] void End(const std::exception_ptr& failure);
  std::string LeaveForTheNext(const std::string& why);
  FinishedTable Finished(size_t plan, CopiedTable copied) const;
  void Show(std::string phase);

  const MigrateOptions options_;
  const OnProgress& on_progress_;
  const std::chrono::steady_clock::time_point begun_ = std::chrono::steady_clock::now();
  // Stopped by the user, or by the loss of the lease.
  std::stop_source stop_;
  const std::stop_callback<std::function<void()>> forward_;

  Connection connection_;
  Snapshot snapshot_;
  std::vector<TablePlan> plans_;
  std::vector<PlanIdentity> identities_;
  std::unique_ptr<ObjectStore> store_;
  std::optional<RunRecord> record_;
  std::optional<Catalog> catalog_;
  LakeState state_;  ///< As it was when the run began.

  std::vector<std::optional<FinishedTable>> finished_;  ///< By plan.
  bool publishing_ = false;
  MigrateProgress progress_;
  MigrateReport report_;
};

Migration::Migration(const MigrateOptions& options, const std::stop_token& stop,
                     const OnProgress& on_progress)
    : options_(ResolveDefaults(options)),
      on_progress_(on_progress),
      forward_(stop, [this] { stop_.request_stop(); }),
      connection_(options_.source, stop_.get_token()) {}

MigrateReport Migration::Run() {
  Begin();
  try {
    Work();
  } catch (...) {
    End(std::current_exception());
  }
  report_.wall_ms = MillisecondsSince(begun_);
  report_.peak_memory_bytes = PeakMemoryBytes();
  record_->Commit(FormatReportJson(report_));
  return std::move(report_);
}

void Migration::Begin() {
  snapshot_ = ExportSnapshot(&connection_, RelationsToLock(&connection_, options_));
  plans_ = PlanMigration(&connection_, options_);
  const std::string identity = IdentityOf(&connection_, options_);
  RunRequest request{"migrate", connection_.description(), identity, {}, options_.fresh};
  for (const auto& plan : plans_) request.tables.push_back(plan.name);
  identities_ = IdentitiesOf(&connection_, plans_, options_);
  // Not before: a source that cannot be read must not leave an empty folder behind.
  store_ = OpenObjectStore(options_.lake, /*create=*/true, options_.s3);
  record_.emplace(store_.get(), std::move(request), [this] { stop_.request_stop(); });
}

void Migration::Work() {
  report_.run = record_->id();
  report_.source = connection_.description();
  report_.lake = store_->Uri();
  report_.source_lsn = snapshot_.lsn;
  report_.source_time_ms = snapshot_.time_ms;
  report_.cleared_runs = record_->cleared();
  catalog_.emplace(store_.get());
  state_ = catalog_->Load();
  CheckNamesInLake(plans_, state_);
  GoOn();
  Copy();
  Publish();
  Prove();
  Commit();
}

void Migration::GoOn() {
  Resumption resumption = Resume(&connection_, store_.get(), record_->taken(), plans_,
                                 identities_, options_.keep);
  finished_ = std::move(resumption.kept);
  report_.resumed = resumption.tables;
  progress_.resumed = std::move(resumption.tables);
}

void Migration::Copy() {
  std::vector<TablePlan> plans;
  std::vector<size_t> places;
  for (size_t i = 0; i < plans_.size(); ++i) {
    if (finished_[i]) continue;
    const int64_t rows = plans_[i].source.EstimatedRows();
    progress_.rows_expected += std::min(rows, options_.limit.value_or(rows));
    plans.push_back(plans_[i]);
    places.push_back(i);
  }
  progress_.tables = static_cast<int>(plans.size());
  TableCopier copier(options_, plans, store_.get(), record_->id());
  const auto show = [&] {
    const CopyCounters& counters = copier.counters();
    progress_.rows_read = counters.rows_read;
    progress_.rows_written = counters.rows_written;
    progress_.bytes_read = counters.bytes_read;
    progress_.bytes_written = counters.bytes_written;
    progress_.tables_done = counters.tables_done;
    progress_.rows_expected = std::max(progress_.rows_expected, progress_.rows_read);
    Show("copying");
  };
  std::vector<CopiedTable> copied =
      copier.Run(&connection_, snapshot_, stop_.get_token(), show,
                 [&](size_t i, const CopiedTable& table) {
                   record_->Keep({Finished(places[i], table), &plans_[places[i]]});
                 });
  show();
  for (size_t i = 0; i < places.size(); ++i) {
    finished_[places[i]] = Finished(places[i], std::move(copied[i]));
  }
  report_.copy_bytes = copier.counters().bytes_read;
  report_.times = copier.times();
  report_.spill_bytes = copier.spilled_bytes();
  report_.fewer_connections = copier.refusal();
}

FinishedTable Migration::Finished(size_t plan, CopiedTable copied) const {
  return {.run = record_->id(),
          .table = plans_[plan].name,
          .plan = identities_[plan].checksum,
          .source_lsn = snapshot_.lsn,
          .source_time_ms = snapshot_.time_ms,
          .source_xmin = snapshot_.xmin,
          .copied = std::move(copied)};
}

void Migration::Publish() {
  std::vector<const StagedObject*> objects;
  for (const auto& table : finished_) {
    for (const auto& object : table->copied.objects) objects.push_back(&object);
  }
  // Not renewed, which would wait for the disk: the commit makes all durable.
  record_->CheckLease();
  publishing_ = true;
  RunTasks(
      kPublishers, objects.size(), stop_.get_token(), [&] { Show("publishing"); },
      [&](size_t, size_t i, const std::stop_token&) {
        record_->CheckLease();
        store_->Publish(*objects[i]);
      });
}

void Migration::Prove() {
  const auto begun = std::chrono::steady_clock::now();
  // A folder becomes durable with it: the disk is at that while the cores read.
  auto renewed = std::async(std::launch::async, [this] { record_->Renew(); });
  std::vector<Seal> seals;
  for (auto& table : finished_) seals.push_back(std::move(table->copied.seal));
  const auto faults = ProveCopies(store_.get(), &seals,
                                  {.jobs = options_.jobs,
                                   .memory = options_.memory,
                                   .stop = stop_.get_token(),
                                   .on_progress = [&](const ProofProgress& done) {
                                     progress_.bytes_proven = done.bytes;
                                     progress_.bytes_to_prove = done.bytes_expected;
                                     Show("proving");
                                   }});
  for (size_t i = 0; i < seals.size(); ++i) {
    finished_[i]->copied.seal = std::move(seals[i]);
  }
  if (!faults.empty()) throw FailProof(faults);
  renewed.get();
  report_.verify_ms = MillisecondsSince(begun);
}

void Migration::Commit() {
  Show("committing");
  std::vector<TableChange> changes;
  for (size_t i = 0; i < plans_.size(); ++i) {
    FinishedTable& table = *finished_[i];
    report_.rows_verified += table.copied.rows;
    report_.tables.push_back(ReportTable(plans_[i], table.copied));
    report_.tables.back().source_lsn = table.source_lsn;
    if (table.run != record_->id()) report_.tables.back().kept_from = table.run;
    changes.push_back(MakeTableChange(plans_[i], options_, record_->id(),
                                      std::move(table), *catalog_, state_));
  }
  catalog_->Commit(changes, [&] { record_->Renew(); });
  // Before the superseded files go: readers of the old version look for them yet.
  report_.declared = FollowDeclarations(store_.get());
}

void Migration::Show(std::string phase) {
  progress_.phase = std::move(phase);
  on_progress_(progress_);
}

void Migration::End(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const Error& error) {
    const std::string hint = LeaveForTheNext(error.what());
    // Everything else is an echo of it.
    if (const auto lost = record_->lost()) throw *lost;
    if (hint.empty()) throw;
    throw Error(error.kind(), error.what() + hint)
        .WithSqlstate(std::string(error.sqlstate()));
  } catch (const std::exception& error) {
    LeaveForTheNext(error.what());
    throw;
  }
}

// What was published would be seen by plain readers of the folder beside the version that
// the catalog names, for as long as nobody goes on: so that is taken back.
std::string Migration::LeaveForTheNext(const std::string& why) {
  try {
    if (publishing_) return record_->Abandon(), "";
    const size_t tables = record_->GiveUp(why);
    if (tables == 0) return "";
    return fmt::format(
        ". What is finished is kept, {} of {} tables: run the same command again to go "
        "on, with --fresh to start over",
        tables, plans_.size());
  } catch (const Error&) {
    // The first error is the one to tell; the next run clears up.
    return "";
  }
}

}  // namespace

MigrateOptions ResolveDefaults(MigrateOptions options) {
  if (options.jobs == 0) {
    options.jobs = std::clamp(static_cast<int>(std::thread::hardware_concurrency()), 1,
                              kMaxDefaultJobs);
  }
  const auto least = [](std::string_view flag, int64_t value, int64_t bound) {
    if (value >= bound) return;
    throw Fail(ErrorKind::kInvalidArgument, "{} must be at least {}", flag, bound);
  };
  least("--jobs", options.jobs, 1);
  least("--batch-size", options.batch_rows, 1);
  least("--memory", options.memory, kLeastMemory);
  if (options.limit) least("--limit", *options.limit, 1);
  if (!options.where.empty() && options.tables.size() != 1) {
    throw Fail(ErrorKind::kInvalidArgument,
               "--where needs exactly one --table that it speaks of");
  }
  if (options.temporary_folder.empty()) {
    const char* folder = std::getenv("TMPDIR");
    options.temporary_folder = folder != nullptr && *folder != '\0' ? folder : "/var/tmp";
  }
  return options;
}

MigrateReport Migrate(const MigrateOptions& options, const std::stop_token& stop,
                      const std::function<void(const MigrateProgress&)>& on_progress) {
  return Migration(options, stop, on_progress).Run();
}

}  // namespace shoestring
