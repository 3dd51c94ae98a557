#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace shoestring {

/// The Arrow type for a column of Athena's, by its ColumnInfo. Throws kUnsupported, with
/// the way out, for what has no exact text: arrays, maps and rows come without quotes.
std::shared_ptr<arrow::DataType> AthenaArrowType(std::string_view type, int precision,
                                                 int scale);

/// Rows on their way into a batch: values as the texts that Athena gives them.
class AthenaRows {
 public:
  /// Every type of the schema is AthenaArrowType()'s.
  explicit AthenaRows(std::shared_ptr<arrow::Schema> schema);
  ~AthenaRows();

  size_t columns() const { return builders_.size(); }
  int64_t rows() const { return rows_; }

  /// The next value of a row, nothing for NULL. Throws kCorrupt for a text that is none
  /// of its column's type, kUnsupported and kData as AppendTrinoValue() does.
  void Append(size_t column, std::optional<std::string_view> text);
  /// The row has all its values; throws kCorrupt when it has not one a column.
  void EndRow(size_t values);
  /// What came since the last time; nullptr when nothing did.
  std::shared_ptr<arrow::RecordBatch> Take();

 private:
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders_;
  int64_t rows_ = 0;
};

}  // namespace shoestring
