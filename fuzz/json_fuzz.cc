// Any bytes as the JSON that clients send: bodies of calls and of /sql, and the claims of
// a token, and JSON that is compared. They are read, or refused as a client's error, and
// no digit is lost.
#include <boost/json/serialize.hpp>

#include <algorithm>

#include "api/api_error.h"
#include "api/claims.h"
#include "api/function.h"
#include "api/sql_request.h"
#include "base/bytes.h"
#include "base/json.h"
#include "base/jsonb.h"
#include "fuzz/expectation.h"

namespace {

using namespace shoestring;

template <typename Read>
void AnswerOrRefuse(const Read& read) {
  try {
    read();
  } catch (const ApiError& error) {
    Require(error.status() == 400 && error.code() == "PGRST102");
  }
}

/// A document is the same after it was written and read again.
void CheckDocument(std::string_view text) {
  const std::string once = boost::json::serialize(ParseJsonNumbersAsText(text, "fuzz"));
  Require(boost::json::serialize(ParseJsonNumbersAsText(once, "fuzz")) == once);
}

/// A role's predicate names the claim: the first line here.
void CheckClaims(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  (void)ClaimText(std::string(text.substr(std::min(end + 1, text.size()))),
                  text.substr(0, end));
}

/// A document and another, the first line here.
void CheckComparison(std::string_view text) {
  const size_t end = std::min(text.find('\n'), text.size());
  const Jsonb one(text.substr(0, end));
  const Jsonb same(text.substr(0, end));
  Require(one == same && one.Contains(same));
  const Jsonb other(text.substr(std::min(end + 1, text.size())));
  if (one == other) {
    Require(other == one && one.Contains(other) && other.Contains(one));
  }
  (void)one.Contains(other);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText(Bytes(data, size));
  AnswerOrRefuse([&] { (void)ArgumentsOfJson(text); });
  AnswerOrRefuse([&] { (void)ReadSqlRequest(text); });
  ReadOrRefuse([&] { CheckDocument(text); });
  ReadOrRefuse([&] { CheckClaims(text); });
  ReadOrRefuse([&] { CheckComparison(text); });
  return 0;
}
