#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <string_view>

#include "engine/athena_rows.h"

namespace shoestring {

/// Reads Athena's result file as its bytes come: a header, then rows that end with a line
/// feed; every value in quotes, a quote within doubled, and NULL as nothing at all.
class AthenaCsv {
 public:
  explicit AthenaCsv(std::shared_ptr<arrow::Schema> schema) : rows_(std::move(schema)) {}

  /// Throws kCorrupt for what is no such file, and what AthenaRows::Append() throws.
  void Append(std::string_view bytes);
  /// Throws kCorrupt when it ends within a row.
  void Finish() const;
  /// Rows that are complete.
  int64_t rows() const { return rows_.rows(); }
  /// Those that came since the last time; nullptr when none did.
  std::shared_ptr<arrow::RecordBatch> Take() { return rows_.Take(); }

 private:
  enum class State { kBefore, kInside, kQuote };

  void TakeOutside(char c);
  void EndValue();
  void EndRow();

  AthenaRows rows_;
  State state_ = State::kBefore;
  bool in_header_ = true;
  size_t column_ = 0;
  std::string value_;
};

}  // namespace shoestring
