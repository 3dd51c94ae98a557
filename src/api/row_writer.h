#pragma once

#include <memory>
#include <string>

#include "api/fetched_rows.h"
#include "api/message.h"

namespace shoestring {

/// Writes the rows of a plan, one after the other.
class RowWriter {
 public:
  /// `rows` must outlive it. `strip_nulls`: members that are null are left out.
  explicit RowWriter(const FetchedRows& rows, bool strip_nulls = false)
      : rows_(rows), strip_nulls_(strip_nulls) {}

  /// A JSON object.
  void AppendJson(uint32_t row, std::string* to) const;
  /// A line of CSV as Postgres prints rows, without its end.
  void AppendCsv(uint32_t row, std::string* to) const;
  /// The names of the fields.
  std::string CsvHeader() const;

 private:
  const FetchedRows& rows_;
  const bool strip_nulls_;
};

/// A body that is written while it is sent.
std::unique_ptr<ApiBody> JsonArrayBody(std::shared_ptr<const FetchedRows> rows,
                                       bool strip_nulls);
std::unique_ptr<ApiBody> CsvBody(std::shared_ptr<const FetchedRows> rows);

}  // namespace shoestring
