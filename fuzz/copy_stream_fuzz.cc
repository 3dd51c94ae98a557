// Feeds bytes as a COPY stream of all wire forms: any outcome but a value or an Error is
// a bug. The first byte says where the stream is cut in two.
#include <arrow/api.h>

#include <cstddef>
#include <cstdint>

#include "base/error.h"
#include "source/row_decoder.h"
#include "source/row_key.h"

namespace {

using namespace shoestring;

std::vector<ColumnMapping> AllMappings() {
  const auto list = [](std::shared_ptr<arrow::DataType> element) {
    return arrow::list(arrow::field("element", std::move(element)));
  };
  const auto micros = arrow::timestamp(arrow::TimeUnit::MICRO);
  return {
      {"boolean", Wire::kBoolean, Wire::kText, arrow::boolean(), ""},
      {"int2", Wire::kInt16, Wire::kText, arrow::int32(), ""},
      {"int8", Wire::kInt64, Wire::kText, arrow::int64(), ""},
      {"float8", Wire::kFloat64, Wire::kText, arrow::float64(), ""},
      {"numeric", Wire::kNumeric, Wire::kText, arrow::decimal128(18, 4), ""},
      {"date", Wire::kDate, Wire::kText, arrow::date32(), ""},
      {"timestamp", Wire::kTimestamp, Wire::kText, micros, ""},
      {"text", Wire::kText, Wire::kText, arrow::utf8(), ""},
      {"uuid", Wire::kUuid, Wire::kText, arrow::utf8(), ""},
      {"bytea", Wire::kBytes, Wire::kText, arrow::binary(), ""},
      {"texts", Wire::kArray, Wire::kText, list(arrow::utf8()), ""},
      {"decimals", Wire::kArray, Wire::kNumeric, list(arrow::decimal128(38, 10)), ""}};
}

void Check(Bytes data, size_t cut) {
  const std::vector<ColumnMapping> mappings = AllMappings();
  std::vector<RowKey::Part> sort;
  for (size_t i = 0; i < mappings.size(); ++i) sort.push_back({i, mappings[i]});
  const RowKey row_key({sort[5]}, 3, sort);
  RowDecoder decoder("t", mappings, {0});
  CopyStream stream(mappings.size(),
                    [&](std::span<const TupleField> fields, Bytes tuple) {
                      std::string key;
                      row_key.Append(fields, &key);
                      row_key.PartitionOf(key);
                      decoder.Append(tuple);
                    });
  stream.Feed(data.first(cut));
  stream.Feed(data.subspan(cut));
  if (!decoder.Finish()->ValidateFull().ok()) __builtin_trap();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const Bytes rest(data + 1, size - 1);
  try {
    Check(rest, rest.empty() ? 0 : data[0] % (rest.size() + 1));
  } catch (const Error&) {
  }
  return 0;
}
