// Any bytes as answers of Athena's and as its result file: batches that are valid, or an
// Error of ours.
#include <arrow/api.h>

#include "base/aws_json_client.h"
#include "base/bytes.h"
#include "base/error.h"
#include "engine/athena_answers.h"
#include "engine/athena_csv.h"

using namespace shoestring;

namespace {

template <typename Function>
void Try(const Function& function) {
  try {
    function();
  } catch (const Error&) {
  }
}

void Check(const std::shared_ptr<arrow::RecordBatch>& rows) {
  if (rows && !rows->Validate().ok()) __builtin_trap();
}

void ReadCsv(std::string_view text) {
  AthenaCsv csv(arrow::schema({arrow::field("t", arrow::utf8()),
                               arrow::field("n", arrow::decimal128(20, 4)),
                               arrow::field("b", arrow::binary())}));
  for (size_t at = 0; at < text.size(); at += 7) csv.Append(text.substr(at, 7));
  csv.Finish();
  Check(csv.Take());
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText({data, size});
  ParseAwsJsonError(text, text);
  Try([&] { Check(ParseAthenaPage(text, false).rows); });
  Try([&] { ParseAthenaExecution(text); });
  Try([&] { ParseAthenaWorkGroup(text); });
  Try([&] { ReadCsv(text); });
  return 0;
}
