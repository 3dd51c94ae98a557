// Any bytes as an event of Lambda's: read, or refused; and an answer with its body, which
// is JSON and gives the same bytes back.
#include "api/lambda_event.h"
#include "base/bytes.h"
#include "base/digest.h"
#include "base/json.h"
#include "fuzz/expectation.h"

using namespace shoestring;

namespace {

void CheckAnswer(const LambdaEvent& event) {
  ApiResponse response;
  response.headers = event.request.headers;
  const std::string& body = event.request.body;
  const auto answer =
      ParseJson(FormatLambdaAnswer(event.format, response, body), "answer");
  const bool encoded = answer.at("isBase64Encoded").as_bool();
  Require(answer.at("body").as_string() == (encoded ? Base64Of(body) : body));
  const std::string prelude = FormatLambdaPrelude(response);
  (void)ParseJson(prelude.substr(0, prelude.find('\0')), "prelude");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  ReadOrRefuse([&] {
    const LambdaEvent event = ReadLambdaEvent(AsText({data, size}));
    try {
      CheckAnswer(event);
    } catch (const Error&) {
      std::abort();  // What we write must be readable.
    }
  });
  return 0;
}
