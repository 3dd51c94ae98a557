#include "engine/duckdb_numbered_texts.h"

#include <duckdb.hpp>

#include <string_view>
#include <unordered_map>

namespace shoestring {

namespace {

using duckdb::FlatVector;
using duckdb::idx_t;

/// Rows that a text has on average, at least.
constexpr idx_t kLeastRepeats = 2;

duckdb::buffer_ptr<duckdb::VectorChildBuffer> DictionaryOf(
    const duckdb::LogicalType& type, const std::vector<duckdb::string_t>& texts) {
  auto dictionary =
      duckdb::DictionaryVector::CreateReusableDictionary(type, texts.size() + 1);
  auto* entries = FlatVector::GetData<duckdb::string_t>(dictionary->data);
  for (size_t i = 0; i < texts.size(); ++i) {
    entries[i] = duckdb::StringVector::AddStringOrBlob(dictionary->data, texts[i]);
  }
  FlatVector::SetNull(dictionary->data, texts.size(), true);
  return dictionary;
}

}  // namespace

std::optional<NumberedTexts> NumberTexts(const duckdb::Vector& texts, idx_t rows) {
  const auto* values = FlatVector::GetData<duckdb::string_t>(texts);
  const auto& valid = FlatVector::Validity(texts);
  std::unordered_map<std::string_view, duckdb::sel_t> known;
  std::vector<duckdb::string_t> entries;
  std::vector<duckdb::sel_t> numbers(rows);
  for (idx_t row = 0; row < rows; ++row) {
    if (!valid.RowIsValid(row)) continue;
    const std::string_view text(values[row].GetData(), values[row].GetSize());
    const auto number = static_cast<duckdb::sel_t>(entries.size());
    const auto [entry, is_new] = known.try_emplace(text, number);
    if (is_new) entries.push_back(values[row]);
    numbers[row] = entry->second;
    if (entries.size() * kLeastRepeats > rows) return std::nullopt;
  }
  for (idx_t row = 0; row < rows; ++row) {
    if (!valid.RowIsValid(row)) numbers[row] = static_cast<duckdb::sel_t>(entries.size());
  }
  return NumberedTexts{DictionaryOf(texts.GetType(), entries), std::move(numbers)};
}

}  // namespace shoestring
