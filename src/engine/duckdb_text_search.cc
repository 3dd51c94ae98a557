#include "engine/duckdb_text_search.h"

#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include <map>

#include "base/error.h"
#include "sql/text_match.h"

namespace shoestring {

namespace {

using duckdb::DataChunk;
using duckdb::string_t;
using duckdb::Vector;

std::string_view View(const string_t& text) { return {text.GetData(), text.GetSize()}; }

/// What is made of a text that is the same in most rows.
template <typename Made>
class MadeOfTexts {
 public:
  template <typename Make>
  const Made& Get(std::string_view text, const Make& make) {
    auto found = made_.find(text);
    if (found == made_.end()) found = made_.try_emplace(std::string(text), make()).first;
    return found->second;
  }

 private:
  std::map<std::string, Made, std::less<>> made_;
};

/// Ours are errors of whoever asks.
template <typename Function>
auto Asked(const Function& function) {
  try {
    return function();
  } catch (const Error& error) {
    throw duckdb::InvalidInputException(std::string(error.what()));
  }
}

using MakeVector = TextVector (*)(const TextConfiguration&, std::string_view);

template <MakeVector make>
void ToVector(DataChunk& arguments, duckdb::ExpressionState& state, Vector& result) {
  MadeOfTexts<std::unique_ptr<TextConfiguration>> configurations;
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](string_t name, string_t text) {
        const std::string vector = Asked([&] {
          const auto& configuration = configurations.Get(View(name), [&] {
            return std::make_unique<TextConfiguration>(View(name));
          });
          return FormatTextVector(make(*configuration, View(text)));
        });
        return duckdb::StringVector::AddString(result, vector);
      });
}

void Match(DataChunk& arguments, duckdb::ExpressionState& state, Vector& result) {
  MadeOfTexts<TextQuery> queries;
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](string_t vector, string_t query) {
        return Asked([&] {
          const TextQuery& wanted =
              queries.Get(View(query), [&] { return ParseTextQuery(View(query)); });
          return Matches(ParseTextVector(View(vector)), wanted);
        });
      });
}

duckdb::ScalarFunction OfTwoTexts(const char* name, const duckdb::LogicalType& type,
                                  duckdb::scalar_function_t function) {
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  duckdb::ScalarFunction made(name, {text, text}, type, std::move(function));
  duckdb::BaseScalarFunction::SetReturnsError(made);
  return made;
}

}  // namespace

void RegisterTextSearch(duckdb::DuckDB& database) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  loader.RegisterFunction(OfTwoTexts("to_tsvector", text, ToVector<VectorOfText>));
  loader.RegisterFunction(OfTwoTexts("json_to_tsvector", text, ToVector<VectorOfJson>));
  loader.RegisterFunction(OfTwoTexts("ts_match_vq", duckdb::LogicalType::BOOLEAN, Match));
}

}  // namespace shoestring
