#pragma once

#include <arrow/type_fwd.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"

namespace shoestring {

/// One answer of Trino's statement protocol.
struct TrinoPage {
  std::string next_uri;                      ///< Empty: the query has ended.
  std::shared_ptr<arrow::Schema> schema;     ///< nullptr on the first pages.
  std::shared_ptr<arrow::RecordBatch> rows;  ///< nullptr when it brings none.
  std::optional<Error> error;                ///< The query has failed.
  bool nothing_ran = false;  ///< It failed for want of a worker or of a place, as yet.
  int64_t queued_ms = 0;
  int64_t elapsed_ms = 0;
  int64_t scanned_bytes = 0;  ///< physicalInputBytes: what came from the data's store.
};

/// Reads the JSON of an answer. Throws kCorrupt when it is none, and what
/// TrinoArrowType() and AppendTrinoValue() throw.
TrinoPage ParseTrinoPage(std::string_view json);

/// What an error of Trino's means to a caller, by its errorName and errorType.
ErrorKind TrinoErrorKind(std::string_view name, std::string_view type);

}  // namespace shoestring
