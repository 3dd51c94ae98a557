// Any bytes as what stands after '?' in a URL, and as the values that filters have: read,
// or refused as a client's error; what is read can be written again.
#include "api/api_error.h"
#include "api/input_value.h"
#include "api/postgres_value.h"
#include "api/range_sql.h"
#include "api/raw_json.h"
#include "api/request_query.h"
#include "base/bytes.h"
#include "fuzz/expectation.h"

using namespace shoestring;

namespace {

template <typename Read>
void AnswerOrRefuse(const Read& read) {
  try {
    read();
  } catch (const ApiError& error) {
    Require(error.status() >= 400 && error.status() < 500 && !error.code().empty());
    CheckJson(error.ToJson());
  }
}

void CheckArray(std::string_view text) {
  const auto elements = ArrayElements(text);
  Require(ArrayElements(ArrayLiteral(elements)) == elements);
}

void CheckRange(std::string_view text) {
  PostgresType type = PlainType(PostgresType::Kind::kRange);
  for (const char* name : {"int4range", "numrange", "daterange"}) {
    type.name = name;
    const std::string written = FormatRange(ParseRangeText(text, type));
    Require(FormatRange(ParseRangeText(written, type)) == written);
  }
}

void CheckJsonText(std::string_view text) {
  CheckJson(text);
  const std::string normal = NormalizedJson(text);
  CheckJson(normal);
  Require(NormalizedJson(normal) == normal);
  CheckJson(MinifiedJson(text));
  CheckJson(WithoutNulls(text));
  (void)JsonAt(text, JsonStep(int64_t{-1}));
  (void)JsonAt(text, JsonStep("a"));
}

void CheckInputs(std::string_view text) {
  using Kind = PostgresType::Kind;
  for (const Kind kind :
       {Kind::kBoolean, Kind::kSmallint, Kind::kBigint, Kind::kDouble, Kind::kNumeric,
        Kind::kUuid, Kind::kBytes, Kind::kDate, Kind::kTimestampTz, Kind::kTime}) {
    AnswerOrRefuse([&] {
      const PostgresType type = PlainType(kind);
      const std::string once = InputText(text, type);
      Require(InputText(once, type) == once);
    });
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText({data, size});
  AnswerOrRefuse([&] { (void)ParseRequestQuery(text, /*function=*/false, 8); });
  AnswerOrRefuse([&] { (void)ParseRequestQuery(text, /*function=*/true, 8); });
  AnswerOrRefuse([&] { CheckArray(text); });
  AnswerOrRefuse([&] { CheckRange(text); });
  AnswerOrRefuse([&] { CheckJsonText(text); });
  CheckInputs(text);
  return 0;
}
