#include <algorithm>
#include <chrono>
#include <limits>

#include "base/error.h"
#include "job/migrate.h"
#include "job/partition_writer.h"
#include "source/snapshot.h"

namespace shoestring {

namespace {

constexpr int64_t kSampleRows = 20'000;
constexpr int64_t kSamplePages = 2048;
constexpr int64_t kCountPages = 65536;
constexpr size_t kMostProblems = 20;

// Counts what a file would weigh, keeps nothing.
class CountingWriter : public ObjectWriter {
 public:
  void Append(Bytes bytes) override { size_ += static_cast<int64_t>(bytes.size()); }
  StagedObject Finish() && override { return {"", size_, ""}; }

 private:
  int64_t size_ = 0;
};

struct Sample {
  std::vector<std::pair<std::string, std::string>> rows;  ///< Key and tuple.
  int64_t bytes = 0;
};

int64_t HeapPages(const TablePlan& plan) {
  int64_t pages = 0;
  for (const auto& relation : plan.source.relations) pages += relation.pages;
  return pages;
}

// The table, or a spread of its pages when it has more than that, so that a sample is of
// all ages.
std::string SomePages(const TablePlan& plan, int64_t most_pages) {
  const bool table = plan.source.kind == 'r' || plan.source.kind == 'p';
  const int64_t pages = HeapPages(plan);
  if (!table || pages <= most_pages) return plan.source.QualifiedName();
  return fmt::format(
      "{} TABLESAMPLE SYSTEM ({:.6f}) REPEATABLE (0)", plan.source.QualifiedName(),
      100.0 * static_cast<double>(most_pages) / static_cast<double>(pages));
}

std::string SampleFrom(const TablePlan& plan, const MigrateOptions& options) {
  const int64_t most_pages =
      options.limit ? std::numeric_limits<int64_t>::max() : kSamplePages;
  return CopyStatement(plan,
                       SomePages(plan, most_pages) + Condition("WHERE", options) +
                           fmt::format(" LIMIT {}", options.limit.value_or(kSampleRows)));
}

Sample ReadSample(Connection* connection, const TablePlan& plan,
                  const MigrateOptions& options) {
  const Connection::Subject subject(connection, "Table " + plan.name);
  Sample sample;
  const RowKey row_key = plan.MakeRowKey();
  ValueCleaner cleaner(plan.mappings);
  CopyStream stream(plan.mappings.size(),
                    [&](std::span<const TupleField> fields, Bytes tuple) {
                      const auto row = cleaner.Clean({fields, tuple});
                      std::string key;
                      row_key.Append(row.fields, &key);
                      sample.rows.emplace_back(std::move(key), AsText(row.tuple));
                      sample.bytes += static_cast<int64_t>(row.tuple.size());
                    });
  const int64_t most_bytes = options.memory / 8;
  connection->CopySome(SampleFrom(plan, options), [&](Bytes data) {
    stream.Feed(data);
    return sample.bytes < most_bytes;
  });
  std::sort(sample.rows.begin(), sample.rows.end());
  return sample;
}

// Takes out the rows that cannot be kept exactly, with the reason of each column's first.
std::vector<std::string> TakeOutProblems(const TablePlan& plan, Sample* sample) {
  std::vector<std::string> problems;
  auto decoder = std::make_unique<RowDecoder>(plan.MakeDecoder());
  std::erase_if(sample->rows, [&](const auto& row) {
    try {
      decoder->Append(AsBytes(row.second));
      if (decoder->rows() >= kSampleRows) decoder->Finish();
      return false;
    } catch (const Error& error) {
      if (problems.size() < kMostProblems) problems.emplace_back(error.what());
      decoder = std::make_unique<RowDecoder>(plan.MakeDecoder());
      return true;
    }
  });
  return problems;
}

int64_t EncodedBytes(const TablePlan& plan, const MigrateOptions& options,
                     const Sample& sample, const Compression& compression) {
  PartitionWriter writer(
      plan,
      {compression, options.batch_rows, 8 << 20,
       static_cast<int64_t>(sample.rows.size())},
      [](int) {
        return PartitionWriter::OpenFile{"", std::make_unique<CountingWriter>()};
      },
      [](int64_t) {});
  for (const auto& [key, tuple] : sample.rows) {
    writer.Append(AsBytes(tuple));
    if (writer.full()) writer.WriteBatch();
  }
  int64_t bytes = 0;
  for (const auto& finished : std::move(writer).Finish()) bytes += finished.file.bytes;
  return bytes;
}

// How many folders there would be; asked of the table when it is cheap, else of a part.
void CountPartitions(Connection* connection, const TablePlan& plan,
                     const MigrateOptions& options, SampleReport* report) {
  const std::string column = QuoteIdentifier(plan.partitioning.column);
  const Rows rows = connection->Execute(fmt::format(
      "SELECT count(DISTINCT (extract(year FROM {0}), extract(month FROM {0}))),"
      " count(DISTINCT extract(year FROM {0})) FROM {1}{2}",
      column, SomePages(plan, kCountPages), Condition("WHERE", options)));
  report->months = rows.Integer(0, 0);
  report->years = rows.Integer(0, 1);
}

}  // namespace

DryRun PlanOnly(const MigrateOptions& given, const std::stop_token& stop) {
  const MigrateOptions options = ResolveDefaults(given);
  Connection connection(options.source, stop);
  ExportSnapshot(&connection, {});
  DryRun dry;
  dry.source = connection.description();
  dry.plans = PlanMigration(&connection, options);
  int64_t bytes = 0;
  const auto begun = std::chrono::steady_clock::now();
  for (const auto& plan : dry.plans) {
    SampleReport report;
    Sample sample = ReadSample(&connection, plan, options);
    report.copy_bytes = sample.bytes;
    for (const auto& [key, tuple] : sample.rows) {
      report.widest_row = std::max(report.widest_row, static_cast<int64_t>(tuple.size()));
    }
    report.problems = TakeOutProblems(plan, &sample);
    report.rows = static_cast<int64_t>(sample.rows.size());
    report.snappy_bytes = EncodedBytes(plan, options, sample, {});
    report.zstd_bytes =
        EncodedBytes(plan, options, sample, {Compression::Codec::kZstd, 0});
    if (plan.partitioning.granularity != Granularity::kNone) {
      CountPartitions(&connection, plan, options, &report);
    }
    bytes += sample.bytes;
    dry.samples.push_back(std::move(report));
  }
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begun;
  dry.copy_bytes_per_second = static_cast<double>(bytes) / took.count();
  return dry;
}

}  // namespace shoestring
