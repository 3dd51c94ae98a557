#pragma once

#include <arrow/type_fwd.h>

#include <memory>

namespace shoestring {

/// One column of a row group, as Parquet's writer takes it, of pieces that are of `type`
/// or dictionary arrays, with int32 indices, of it. If all are of one dictionary it stays
/// one, which holds only what occurs; else all become values of `type`.
std::shared_ptr<arrow::ChunkedArray> CompactDictionary(
    arrow::ArrayVector pieces, const std::shared_ptr<arrow::DataType>& type);

}  // namespace shoestring
