// What a run notes of itself and of its finished tables: whatever the bytes, they are
// read or refused with kCorrupt.
#include "base/checksum.h"
#include "fuzz/expectation.h"
#include "job/run_info.h"
#include "job/run_journal.h"

using namespace shoestring;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(AsText({data, size}));
  ReadOrRefuse([&] { ParseRunInfo(text); });
  // A fuzzer would never find the right checksum.
  ReadOrRefuse([&] { ParseJournal(text + ChecksumEnding(text), "fuzz"); });
  return 0;
}
