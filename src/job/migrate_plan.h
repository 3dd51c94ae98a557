// job: the long jobs over a source and a lake, each of which can be killed at any moment
// and run again. Knows nothing of flags or terminals.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/catalog.h"
#include "lake/object_store.h"
#include "lake/parquet_file.h"
#include "lake/table_metadata.h"
#include "source/connection.h"
#include "source/row_decoder.h"
#include "source/row_key.h"
#include "source/table_description.h"
#include "source/type_mapping.h"

namespace shoestring {

struct MigrateOptions {
  std::string source;  ///< Postgres URL; may hold a password, so never shown.
  std::string lake;
  S3Options s3;  ///< For a lake on S3.
  std::vector<std::string> schemas = {"public"};
  std::vector<std::string> tables;  ///< "t" or "schema.t". Empty: all of the schemas.
  bool views = false;               ///< All views of the schemas, too.
  std::vector<std::string> exclude;
  std::string where;                        ///< SQL; only with exactly one table.
  std::optional<std::string> partition_by;  ///< "column[:year|month|day]" or "none".
  std::vector<std::string> sort_by;
  std::vector<std::string>
      anomalies;  ///< "POLICY", "COLUMN=POLICY", "TABLE.COLUMN=POLICY".
  Compression compression;
  int64_t batch_rows = 16384;    ///< Rows per batch between decoder and writer.
  std::optional<int64_t> limit;  ///< Rows of each table.
  int jobs = 0;                  ///< 0: as many as there are cores, at most 8.
  int64_t memory = 256'000'000;  ///< Bytes, for everything.
  std::string temporary_folder;  ///< Empty: $TMPDIR, else /var/tmp.
  bool fresh = false;  ///< Copy all, whatever runs that did not end have finished.
  bool keep = false;   ///< Keep what they finished even if it changed in the source.
};

/// What will be done with one table, and why.
struct TablePlan {
  TableDescription source;
  std::string name;  ///< In the lake.
  std::vector<ColumnMapping> mappings;
  std::vector<LakeColumn> columns;
  Partitioning partitioning;
  std::string partition_reason;
  std::vector<size_t> sort;  ///< Indexes of columns.
  std::string sort_reason;
  std::vector<size_t> key;          ///< Indexes of the primary key's columns.
  std::vector<std::string> ranges;  ///< A COPY statement each; together all rows, once.

  RowKey MakeRowKey() const;
  /// `texts` are those that packed tuples name by number; see RowDecoder.
  RowDecoder MakeDecoder(std::shared_ptr<arrow::Array> texts = nullptr) const;
};

/// Describes and plans every table that the options name, largest first. Runs in the
/// connection's transaction. All reasons to refuse are found here, before anything is
/// written; several are reported together.
std::vector<TablePlan> PlanMigration(Connection* connection,
                                     const MigrateOptions& options);

/// Throws kUnsupported when the lake has a table that Athena could not tell from one of
/// these: the same name in another case.
void CheckNamesInLake(const std::vector<TablePlan>& plans, const LakeState& state);

/// " WHERE (…)" for the keyword WHERE; empty without --where.
std::string Condition(std::string_view keyword, const MigrateOptions& options);

/// COPY (SELECT every column FROM … `suffix`) TO STDOUT: for samples.
std::string CopyStatement(const TablePlan& plan, const std::string& from);

}  // namespace shoestring
