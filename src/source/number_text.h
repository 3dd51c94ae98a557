#pragma once

#include <arrow/extension_type.h>

#include <memory>

namespace shoestring {

/// A number as its digits, for one that has no precision and scale to make a decimal of:
/// what Postgres' sum() and avg() give. Also "NaN", "Infinity" and "-Infinity".
std::shared_ptr<arrow::DataType> NumberText();

bool IsNumberText(const arrow::DataType& type);

}  // namespace shoestring
