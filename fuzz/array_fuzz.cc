// Any bytes as an array: its elements lie inside of it, one after the other, and an array
// of the same elements reads the same.
#include <string>
#include <vector>

#include "fuzz/expectation.h"
#include "source/array_reader.h"

using namespace shoestring;

namespace {

std::vector<TupleField> Elements(ArrayReader* reader) {
  std::vector<TupleField> elements;
  while (const auto element = reader->Next()) elements.push_back(*element);
  return elements;
}

std::string Format(const std::vector<TupleField>& elements) {
  std::string array = FormatArrayHeader(static_cast<int32_t>(elements.size()));
  for (const TupleField& element : elements) {
    AppendBigEndian(&array, element.size);
    array += AsText(element.bytes());
  }
  return array;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const Bytes bytes(data, size);
  ArrayReader reader(bytes);
  const std::vector<TupleField> elements = Elements(&reader);
  const uint8_t* at = data;
  for (const TupleField& element : elements) {
    const Bytes inside = element.bytes();
    if (inside.empty()) continue;
    Require(inside.data() >= at && inside.data() + inside.size() <= data + size);
    at = inside.data() + inside.size();
  }
  if (!reader.valid()) return 0;
  Require(elements.size() == static_cast<size_t>(reader.size()));

  const std::string again = Format(elements);
  ArrayReader second(AsBytes(again));
  const std::vector<TupleField> same = Elements(&second);
  Require(second.valid() && same.size() == elements.size());
  for (size_t i = 0; i < same.size(); ++i) {
    Require(same[i].size == elements[i].size);
    Require(AsText(same[i].bytes()) == AsText(elements[i].bytes()));
  }
  return 0;
}
