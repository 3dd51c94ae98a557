// Any bytes as an answer of Trino's: a page whose batch is valid, or an Error of ours.
#include <arrow/api.h>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/trino_page.h"

using namespace shoestring;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    const TrinoPage page = ParseTrinoPage(AsText({data, size}));
    if (page.rows && !page.rows->Validate().ok()) __builtin_trap();
  } catch (const Error&) {
  }
  return 0;
}
