#pragma once

#include <arrow/io/type_fwd.h>
#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace shoestring {

enum class ResultFormat { kTable, kCsv, kJson, kParquet };

/// "table", "csv", "json" or "parquet"; throws kInvalidArgument for anything else.
ResultFormat ParseResultFormat(std::string_view name);

/// Writes a result as it comes, without holding it. One thread.
class ResultWriter {
 public:
  virtual ~ResultWriter() = default;
  virtual void Write(const arrow::RecordBatch& batch) = 0;
  /// The rest; without it, what was written is not whole. The stream stays open.
  virtual void Finish() = 0;
};

/// - table: as psql aligns it, widths taken from the first thousand rows. With
///   `terminal_width`, columns are cut so that a row fits into it.
/// - csv: RFC 4180, lines end with LF; NULL is empty, an empty text is "".
/// - json: one array, an object a row; numbers are exact, NaN and Infinity are texts,
///   dates and times ISO 8601, bytes "\x…", as Postgres' to_json has them.
/// - parquet: a file with Snappy compression.
/// Lists, structs and maps are JSON in table and csv. Columns of one name are numbered in
/// json and parquet. Throws kUnsupported for a type that the format cannot hold.
std::unique_ptr<ResultWriter> MakeResultWriter(
    ResultFormat format, std::shared_ptr<arrow::Schema> schema,
    std::shared_ptr<arrow::io::OutputStream> to, int terminal_width = 0);

}  // namespace shoestring
