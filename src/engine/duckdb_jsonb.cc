#include "engine/duckdb_jsonb.h"

#include <duckdb/common/vector_operations/binary_executor.hpp>
#include <duckdb/function/scalar_function.hpp>
#include <duckdb/main/extension/extension_loader.hpp>

#include <optional>

#include "base/error.h"
#include "base/jsonb.h"

namespace shoestring {

namespace {

using duckdb::LogicalType;
using duckdb::string_t;

/// One side of a comparison, which often is the same text for all rows.
class Side {
 public:
  const Jsonb& Read(const string_t& text) {
    const std::string_view read(text.GetData(), text.GetSize());
    if (!document_ || read != text_) {
      document_.reset();
      document_.emplace(read);
      text_ = read;
    }
    return *document_;
  }

 private:
  std::string text_;
  std::optional<Jsonb> document_;
};

using Comparison = bool (*)(const Jsonb&, const Jsonb&);

template <Comparison kCompare>
void Compare(duckdb::DataChunk& arguments, duckdb::ExpressionState& state,
             duckdb::Vector& result) {
  Side left;
  Side right;
  try {
    duckdb::BinaryExecutor::Execute<string_t, string_t, bool>(
        arguments.data[0], arguments.data[1], result, arguments.size(),
        [&](const string_t& a, const string_t& b) {
          return kCompare(left.Read(a), right.Read(b));
        });
  } catch (const Error& error) {
    throw duckdb::InvalidInputException("%s", std::string(error.what()));
  }
}

duckdb::ScalarFunction Function(const char* name, duckdb::scalar_function_t compare) {
  duckdb::ScalarFunction function(name, {LogicalType::VARCHAR, LogicalType::VARCHAR},
                                  LogicalType::BOOLEAN, std::move(compare));
  function.SetFallible();
  return function;
}

bool Contains(const Jsonb& left, const Jsonb& right) { return left.Contains(right); }

bool Equals(const Jsonb& left, const Jsonb& right) { return left == right; }

}  // namespace

void RegisterJsonb(duckdb::DuckDB& database) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  loader.RegisterFunction(Function("jsonb_contains", Compare<Contains>));
  loader.RegisterFunction(Function("jsonb_eq", Compare<Equals>));
}

}  // namespace shoestring
