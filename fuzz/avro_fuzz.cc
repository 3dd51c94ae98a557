// The Avro container and all that Iceberg keeps in it: whatever the bytes, they are read
// or refused with kCorrupt.
#include "fuzz/expectation.h"
#include "lake/avro.h"
#include "lake/iceberg_manifest.h"

namespace {

using namespace shoestring;

void SkipAllRecords(Bytes bytes) {
  const AvroFile file(bytes, "fuzz");
  file.ForEachRecord([&](AvroDecoder& in) { in.Skip(file.schema()); });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  ReadOrRefuse([&] { SkipAllRecords(bytes); });
  ReadOrRefuse([&] { DecodeManifest(bytes, "file:///lake", "fuzz"); });
  ReadOrRefuse([&] { DecodeManifestList(bytes, "file:///lake", "fuzz"); });
  return 0;
}
