// Any bytes as answers of Glue's, and as the record of declared tables: values, or an
// Error of ours.
#include "base/bytes.h"
#include "base/error.h"
#include "lake/declarations.h"
#include "lake/glue_table.h"

using namespace shoestring;

namespace {

template <typename Function>
void Try(const Function& function) {
  try {
    function();
  } catch (const Error&) {
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText({data, size});
  Try([&] { Differences(ParseGlueTable(text), {}); });
  Try([&] { ParseGluePartitions(text); });
  Try([&] { ParseDeclarations(text); });
  GlueComment(text);
  return 0;
}
