// Any bytes as a value of a column under a policy: what was mended can be decoded, and
// under AnomalyPolicy::kNull all that Postgres can send is mended.
#include <arrow/api.h>

#include "base/error.h"
#include "source/array_reader.h"
#include "source/row_decoder.h"
#include "source/value_cleaner.h"

using namespace shoestring;

namespace {

std::vector<ColumnMapping> Mappings() {
  const auto list = [](std::shared_ptr<arrow::DataType> element) {
    return arrow::list(arrow::field("element", std::move(element)));
  };
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  return {{"numeric", Wire::kNumeric, Wire::kText, arrow::decimal128(18, 4)},
          {"fraction", Wire::kNumeric, Wire::kText, arrow::decimal128(38, 38)},
          {"whole", Wire::kNumeric, Wire::kText, arrow::decimal128(3, 0)},
          {"date", Wire::kDate, Wire::kText, arrow::date32()},
          {"timestamp", Wire::kTimestamp, Wire::kText, micros},
          {"text", Wire::kText, Wire::kText, arrow::utf8()},
          {"numerics", Wire::kArray, Wire::kNumeric, list(arrow::decimal128(9, 2))},
          {"dates", Wire::kArray, Wire::kDate, list(arrow::date32())},
          {"texts", Wire::kArray, Wire::kText, list(arrow::utf8())}};
}

// Of an array that ends too early the decoder may meet a bad element first.
bool IsWhole(Bytes array) {
  ArrayReader reader(array);
  while (reader.Next()) {
  }
  return reader.valid();
}

void Check(ColumnMapping mapping, AnomalyPolicy policy, Bytes value) {
  mapping.policy = policy;
  std::string tuple;
  AppendBigEndian(&tuple, static_cast<int32_t>(value.size()));
  tuple.append(AsText(value));
  std::vector<TupleField> fields(1);
  SplitTuple(AsBytes(tuple), fields);
  ValueCleaner cleaner({mapping});
  const ValueCleaner::Row row = cleaner.Clean({fields, AsBytes(tuple)});
  RowDecoder decoder("t", {mapping}, {});
  try {
    decoder.Append(row.tuple);
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kCorrupt) return;
    const bool mended = policy == AnomalyPolicy::kNull &&
                        (mapping.wire != Wire::kArray || IsWhole(value));
    if (error.kind() != ErrorKind::kData || mended) __builtin_trap();
    return;
  }
  if (!decoder.Finish()->ValidateFull().ok()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const auto kMappings = Mappings();
  if (size < 1) return 0;
  const bool null = (data[0] & 1) != 0;
  Check(kMappings[(data[0] >> 1) % kMappings.size()],
        null ? AnomalyPolicy::kNull : AnomalyPolicy::kClamp, {data + 1, size - 1});
  return 0;
}
