#pragma once

#include <duckdb/common/types/vector.hpp>

#include <optional>
#include <vector>

namespace shoestring {

/// Texts, or bytes, that stand once each, and for each row which of them it has.
struct NumberedTexts {
  duckdb::buffer_ptr<duckdb::VectorChildBuffer> dictionary;  ///< Null comes last in it.
  std::vector<duckdb::sel_t> numbers;
};

/// The first `rows` texts of a flat vector, copied; nothing when most of them stand there
/// once, so that numbers would take more than they save.
std::optional<NumberedTexts> NumberTexts(const duckdb::Vector& texts, duckdb::idx_t rows);

}  // namespace shoestring
