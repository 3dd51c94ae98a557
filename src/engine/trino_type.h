#pragma once

#include <arrow/type_fwd.h>

#include <memory>

#include "base/json.h"

namespace shoestring {

/// The Arrow type for a column's `typeSignature`. Times finer than a nanosecond and types
/// that Arrow has no place for throw kUnsupported, with the way out.
std::shared_ptr<arrow::DataType> TrinoArrowType(const JsonView& signature);

/// Appends a value as Trino's protocol sends it, numbers as the texts of
/// ParseJsonNumbersAsText(), to a builder for its column's type. Throws kCorrupt for what
/// is no such value, kUnsupported for an instant in a named time zone, kData for one that
/// is too far away for nanoseconds.
void AppendTrinoValue(const JsonView& value, arrow::ArrayBuilder* builder);

}  // namespace shoestring
