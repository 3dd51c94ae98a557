#include "engine/duckdb_text_search.h"

#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include "engine/duckdb_text_function.h"
#include "sql/text_match.h"

namespace shoestring {

namespace {

using duckdb::DataChunk;
using duckdb::string_t;
using duckdb::Vector;

std::string_view View(const string_t& text) { return {text.GetData(), text.GetSize()}; }

struct ParsedQuery {
  explicit ParsedQuery(std::string_view text) : query(ParseTextQuery(text)) {}
  TextQuery query;
};

using MakeVector = TextVector (*)(const TextConfiguration&, std::string_view);

template <MakeVector make>
void ToVector(DataChunk& arguments, duckdb::ExpressionState& state, Vector& result) {
  MadeOfText<TextConfiguration> configuration;
  duckdb::BinaryExecutor::Execute<string_t, string_t, string_t>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](string_t name, string_t text) {
        const std::string vector = AskedFor(
            [&] { return FormatTextVector(make(configuration.Get(name), View(text))); });
        return duckdb::StringVector::AddString(result, vector);
      });
}

void Match(DataChunk& arguments, duckdb::ExpressionState& state, Vector& result) {
  MadeOfText<ParsedQuery> wanted;
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](string_t vector, string_t query) {
        return AskedFor([&] {
          return Matches(ParseTextVector(View(vector)), wanted.Get(query).query);
        });
      });
}

}  // namespace

void RegisterTextSearch(duckdb::DuckDB& database) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  const duckdb::LogicalType text = duckdb::LogicalType::VARCHAR;
  loader.RegisterFunction(TextFunction("to_tsvector", text, ToVector<VectorOfText>));
  loader.RegisterFunction(TextFunction("json_to_tsvector", text, ToVector<VectorOfJson>));
  loader.RegisterFunction(
      TextFunction("ts_match_vq", duckdb::LogicalType::BOOLEAN, Match));
}

}  // namespace shoestring
