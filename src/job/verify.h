#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "job/proof.h"
#include "lake/object_store.h"

namespace shoestring {

struct VerifyOptions {
  std::string lake;
  S3Options s3;                       ///< For a lake on S3.
  std::vector<std::string> tables;    ///< By their names in the lake. Empty: all.
  std::optional<std::string> source;  ///< Postgres URL to compare with, too.
  int jobs = 0;                       ///< 0: as many as there are cores, at most 8.
  int64_t memory = 256'000'000;       ///< Bytes, for everything.
};

struct VerifiedTable {
  std::string name;
  int64_t rows = 0;  ///< By the record.
  int64_t files = 0;
  int64_t partitions = 0;
  int64_t bytes = 0;                   ///< Of data files.
  std::optional<int64_t> source_rows;  ///< When it was compared with the source.
};

struct VerifyReport {
  std::string lake;
  std::string source;      ///< Empty unless asked for.
  std::string source_lsn;  ///< The moment it was compared at.
  std::vector<VerifiedTable> tables;
  std::vector<Fault> faults;
  std::vector<std::string> notes;  ///< What is odd, but no fault.
  int64_t wall_ms = 0;

  /// Faults that are not differences to the source.
  int64_t Damages() const;
};

std::string FormatReportJson(const VerifyReport& report);

struct VerifyProgress {
  std::string phase;  ///< "reading the lake", "reading the source".
  int64_t done = 0;   ///< Bytes of the lake, or rows of the source.
  int64_t expected = 0;
};

/// Reads all that the tables consist of and compares it with the lake's own record, and,
/// if asked to, the record with the source. Damage is reported, not thrown. Throws
/// kNotFound when there are no tables, or none of a name.
VerifyReport Verify(const VerifyOptions& options, const std::stop_token& stop,
                    const std::function<void(const VerifyProgress&)>& on_progress);

}  // namespace shoestring
