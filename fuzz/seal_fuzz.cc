// A seal, and the checksums at the end of a data file: whatever the bytes, they are read
// or refused with kCorrupt; a seal that was read is written and read again as the same.
#include "fuzz/expectation.h"
#include "lake/file_checksums.h"
#include "lake/seal.h"

namespace {

using namespace shoestring;

void CheckSeal(std::string_view json) {
  const Seal seal = ParseSeal(json, "fuzz");
  Require(ParseSeal(FormatSeal(seal), "again") == seal);
}

// The bytes as the last ones of a file that may be larger.
void CheckFile(Bytes end, int64_t before) {
  const auto size = static_cast<int64_t>(end.size()) + before;
  const int64_t begin = FileChecksums::Begin("key", size, end);
  Require(begin >= 0 && begin <= size);
  if (begin < before) return;
  const FileChecksums checksums("key", size, end.subspan(begin - before));
  Require(checksums.covered() == begin);
  if (before == 0) checksums.Check("key", 0, end.first(begin));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  ReadOrRefuse([&] { CheckSeal(AsText(bytes)); });
  for (const int64_t before : {0, 1, 8192, 1 << 20}) {
    ReadOrRefuse([&] { CheckFile(bytes, before); });
  }
  return 0;
}
