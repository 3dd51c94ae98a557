#include "engine/duckdb_jsonb.h"

#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include "base/jsonb.h"
#include "engine/duckdb_text_function.h"

namespace shoestring {

namespace {

using duckdb::LogicalType;
using duckdb::string_t;

using Comparison = bool (*)(const Jsonb&, const Jsonb&);

template <Comparison kCompare>
void Compare(duckdb::DataChunk& arguments, duckdb::ExpressionState& state,
             duckdb::Vector& result) {
  MadeOfText<Jsonb> left;
  MadeOfText<Jsonb> right;
  duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
      arguments.data[0], arguments.data[1], result, arguments.size(),
      [&](const string_t& a, const string_t& b) {
        return AskedFor([&] { return kCompare(left.Get(a), right.Get(b)); });
      });
}

bool Contains(const Jsonb& left, const Jsonb& right) { return left.Contains(right); }

bool Equals(const Jsonb& left, const Jsonb& right) { return left == right; }

}  // namespace

void RegisterJsonb(duckdb::DuckDB& database) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  const LogicalType truth = LogicalType::BOOLEAN;
  loader.RegisterFunction(TextFunction("jsonb_contains", truth, Compare<Contains>));
  loader.RegisterFunction(TextFunction("jsonb_eq", truth, Compare<Equals>));
}

}  // namespace shoestring
