#pragma once

#include <duckdb/common/exception.hpp>
#include <duckdb/common/types/string_type.hpp>
#include <duckdb/function/scalar_function.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/error.h"

namespace shoestring {

/// A function of DuckDB's over two texts, that may refuse them.
inline duckdb::ScalarFunction TextFunction(const char* name,
                                           const duckdb::LogicalType& result,
                                           duckdb::scalar_function_t function) {
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  duckdb::ScalarFunction made(name, {text, text}, result, std::move(function));
  made.SetFallible();
  return made;
}

/// Calls `function`, whose errors are those of whoever asks.
template <typename Function>
auto AskedFor(const Function& function) {
  try {
    return function();
  } catch (const Error& error) {
    throw duckdb::InvalidInputException("%s", std::string(error.what()));
  }
}

/// What is made of a text, which often is the same for all rows.
template <typename Made>
class MadeOfText {
 public:
  const Made& Get(const duckdb::string_t& text) {
    const std::string_view read(text.GetData(), text.GetSize());
    if (!made_ || read != text_) {
      made_.reset();
      made_.emplace(read);
      text_ = read;
    }
    return *made_;
  }

 private:
  std::string text_;
  std::optional<Made> made_;
};

}  // namespace shoestring
