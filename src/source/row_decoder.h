#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "source/packed_tuple.h"
#include "source/type_mapping.h"
#include "source/value_cleaner.h"

namespace shoestring {

/// Turns tuples into an Arrow record batch, column by column. Pure. Not thread-safe.
class RowDecoder {
 public:
  class Column;

  /// `key` are the indexes of the columns that name a row in errors. With `texts`, which
  /// are those that packed tuples name by number (packed_tuple.h), a text column that
  /// is numbers only becomes a dictionary array of them.
  RowDecoder(std::string table, std::vector<ColumnMapping> columns,
             std::vector<size_t> key, std::shared_ptr<arrow::Array> texts = nullptr);
  ~RowDecoder();
  RowDecoder(RowDecoder&&) noexcept;

  /// Takes a tuple. Throws kData naming table, column, key and the way out for a value
  /// that the lake's type cannot hold, kCorrupt for bytes that are no such value; it is
  /// of no use any more then.
  void Append(Bytes tuple);
  /// The same with a packed one.
  void AppendPacked(Bytes tuple);
  int64_t rows() const { return rows_; }
  /// Bytes of the tuples taken since the last Finish().
  int64_t bytes() const { return bytes_; }

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// The rows so far, of schema() but for dictionaries; the decoder begins anew.
  std::shared_ptr<arrow::RecordBatch> Finish();

 private:
  static constexpr int64_t kLeastReserved = 64;

  void AppendFields();
  /// Room in all columns for more rows.
  void Reserve();
  /// With a text in the place of its number.
  TupleField Unpacked(const TupleField& field) const;
  [[noreturn]] void Report(size_t column, ValueOutcome outcome) const;

  std::string table_;
  std::vector<ColumnMapping> mappings_;
  std::vector<size_t> key_;
  std::shared_ptr<arrow::Array> texts_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<Column>> columns_;
  std::vector<TupleField> fields_;
  int64_t rows_ = 0;
  int64_t reserved_ = 0;  ///< Rows that there is room for.
  int64_t expected_ = kLeastReserved;
  int64_t bytes_ = 0;
};

}  // namespace shoestring
