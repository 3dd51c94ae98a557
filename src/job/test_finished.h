#pragma once

#include <string>

#include "job/run_journal.h"
#include "lake/test_lake.h"

namespace shoestring {

/// A table of so many files, as `run` has finished it, and its plan. For tests.
struct SampleFinished {
  SampleFinished(const std::string& run, int files) {
    const TableMetadata table = SampleTable("t", Granularity::kDay);
    plan.name = table.name;
    plan.columns = table.columns;
    plan.partitioning = table.partitioning;
    finished = {.run = run,
                .table = "t",
                .plan = "checksum",
                .source_lsn = "0/1",
                .source_time_ms = 5,
                .source_xmin = int64_t{1} << 40};
    CopiedTable& copied = finished.copied;
    copied.partitions = files;
    copied.replaced = {0, 3};
    copied.seal.table = "t";
    copied.seal.columns = {{"c1", "int8"}};
    for (int i = 0; i < files; ++i) {
      DataFile file = SampleFile(table, i);
      file.key = DataFileKey("t", file.partition, run, 0);
      copied.rows += file.rows;
      copied.objects.push_back({file.key, file.bytes, "token " + std::to_string(i)});
      copied.seal.files.push_back({file.key, file.bytes, ToHex(7), {}});
      copied.files.push_back(std::move(file));
    }
  }

  JournalEntry entry() const { return {finished, &plan}; }

  TablePlan plan;
  FinishedTable finished;
};

}  // namespace shoestring
