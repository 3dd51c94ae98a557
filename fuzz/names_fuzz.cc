// Any bytes as a name: quoted for SQL it can be read back and ends where it should, and
// lake.json keeps it.
#include <arrow/util/utf8.h>

#include "lake/catalog.h"
#include "source/connection.h"

using namespace shoestring;

namespace {

// What stands between the quotes, doubled `escapes` made single; traps on a lone one.
std::string Unquote(std::string_view text, std::string_view escapes) {
  std::string name;
  for (size_t i = 0; i < text.size(); ++i) {
    name += text[i];
    if (escapes.find(text[i]) == std::string_view::npos) continue;
    if (i + 1 == text.size() || text[i + 1] != text[i]) __builtin_trap();
    ++i;
  }
  return name;
}

void CheckQuotes(std::string_view name) {
  const std::string identifier = QuoteIdentifier(name);
  const std::string_view inner(identifier.data() + 1, identifier.size() - 2);
  if (!identifier.starts_with('"') || !identifier.ends_with('"') ||
      Unquote(inner, "\"") != name) {
    __builtin_trap();
  }
  const std::string literal = QuoteLiteral(name);
  const bool escaped = literal.starts_with('E');
  const std::string_view text = std::string_view(literal).substr(escaped ? 2 : 1);
  if (!escaped && name.find('\\') != std::string_view::npos) __builtin_trap();
  if (Unquote(text.substr(0, text.size() - 1), escaped ? "'\\" : "'") != name) {
    __builtin_trap();
  }
}

void CheckCatalog(const std::string& name) {
  LakeState state{.sequence = 1};
  state.tables[name] = {
      .metadata = "catalog/m", .seal = "catalog/s", .run = name, .source_lsn = name};
  if (IsObjectKey(name)) state.tables[name].metadata = state.tables[name].seal = name;
  if (!(ParseLakeState(FormatLakeState(state)) == state)) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const bool kReady = (arrow::util::InitializeUTF8(), true);
  const std::string name(AsText({data, size}));
  CheckQuotes(name);
  if (kReady && arrow::util::ValidateUTF8(name)) CheckCatalog(name);
  return 0;
}
