// metadata.json and lake.json: whatever the bytes, they are read or refused with
// kCorrupt, and what was read is written and read again as the same.
#include "base/checksum.h"
#include "fuzz/expectation.h"
#include "lake/catalog.h"
#include "lake/iceberg_metadata.h"

namespace {

using namespace shoestring;

void CheckMetadata(std::string_view json) {
  const IcebergMetadata metadata = ParseIcebergMetadata(json, "fuzz");
  std::string again;
  try {
    again = FormatIcebergMetadata(metadata.table, metadata.root, metadata.manifest_list);
  } catch (const Error& error) {
    // Read, but not to be written: no snapshot, or a column named as a partition.
    Require(error.kind() == ErrorKind::kInternal ||
            error.kind() == ErrorKind::kUnsupported);
    return;
  }
  const IcebergMetadata parsed = ParseIcebergMetadata(again, "again");
  Require(parsed.table == metadata.table && parsed.root == metadata.root);
}

/// The bytes as all of lake.json but its checksum, which they get.
void CheckState(std::string_view json) {
  const std::string body(json);
  const LakeState state = ParseLakeState(
      body + fmt::format("  \"checksum\": \"{}\"\n}}\n", ChecksumOf(body)));
  Require(ParseLakeState(FormatLakeState(state)) == state);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText({data, size});
  ReadOrRefuse([&] { CheckMetadata(text); });
  ReadOrRefuse([&] { CheckState(text); });
  return 0;
}
