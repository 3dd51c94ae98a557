// Any bytes as a tuple of all forms: its image is made, or the tuple refused; and what
// the decoder takes has the same image in the lake.
#include <arrow/api.h>

#include <cstdlib>

#include "base/error.h"
#include "source/arrow_row_image.h"
#include "source/row_decoder.h"

namespace {

using namespace shoestring;

std::vector<ColumnMapping> AllMappings() {
  const auto list = [](std::shared_ptr<arrow::DataType> element) {
    return arrow::list(arrow::field("element", std::move(element)));
  };
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  return {{"int2", Wire::kInt16, Wire::kText, arrow::int32()},
          {"int8", Wire::kInt64, Wire::kText, arrow::int64()},
          {"oid", Wire::kOid, Wire::kText, arrow::int64()},
          {"float8", Wire::kFloat64, Wire::kText, arrow::float64()},
          {"numeric", Wire::kNumeric, Wire::kText, arrow::decimal128(38, 6)},
          {"date", Wire::kDate, Wire::kText, arrow::date32()},
          {"timestamp", Wire::kTimestamp, Wire::kText, micros},
          {"text", Wire::kText, Wire::kText, arrow::utf8()},
          {"uuid", Wire::kUuid, Wire::kText, arrow::utf8()},
          {"bytea", Wire::kBytes, Wire::kText, arrow::binary()},
          {"texts", Wire::kArray, Wire::kText, list(arrow::utf8())},
          {"numerics", Wire::kArray, Wire::kNumeric, list(arrow::decimal128(18, 2))}};
}

std::vector<ImageForm> FormsOf(const std::vector<ColumnMapping>& mappings) {
  std::vector<ImageForm> forms;
  for (const auto& mapping : mappings) forms.push_back(ImageFormOf(mapping));
  return forms;
}

void Check(const std::vector<ColumnMapping>& mappings, Bytes tuple) {
  std::vector<TupleField> fields(mappings.size());
  SplitTuple(tuple, fields);
  const std::string image(AsText(RowImage(mappings).Of(fields, tuple)));
  RowDecoder decoder("t", mappings, {});
  decoder.Append(tuple);
  const auto batch = decoder.Finish();
  ArrowRowImage lake(FormsOf(mappings), *batch->schema(), "fuzz");
  if (lake.Images(*batch).at(0) != image) std::abort();
}

}  // namespace

// The first byte chooses a column to be alone, so that the others need not be right.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kMappings = AllMappings();
  if (size == 0) return 0;
  const Bytes tuple(data + 1, size - 1);
  try {
    if (data[0] < kMappings.size()) {
      std::string alone;
      AppendBigEndian(&alone, static_cast<int32_t>(tuple.size()));
      alone.append(AsText(tuple));
      Check({kMappings[data[0]]}, AsBytes(alone));
    } else {
      Check(kMappings, tuple);
    }
  } catch (const Error&) {
  }
  return 0;
}
