// Any bytes as a text, as a tsvector, and as what is searched for: read, or refused; what
// is read can be written and read again, and a text's own words are found in it.
#include "base/bytes.h"
#include "base/error.h"
#include "fuzz/expectation.h"
#include "sql/text_match.h"

using namespace shoestring;

namespace {

void CheckText(std::string_view text) {
  const TextConfiguration simple("simple");
  const TextVector vector = VectorOfText(simple, text);
  Require(ParseTextVector(FormatTextVector(vector)) == vector);
  const TextQuery words = ReadTextQuery(TextQueryForm::kPlain, text, simple);
  Require(vector.empty() || Matches(vector, words));
  Require(FormatTextQuery(ParseTextQuery(FormatTextQuery(words))) ==
          FormatTextQuery(words));
}

void CheckQuery(std::string_view text) {
  for (const TextQueryForm form : {TextQueryForm::kQuery, TextQueryForm::kWebSearch}) {
    const std::string query =
        FormatTextQuery(ReadTextQuery(form, text, TextConfiguration("english")));
    Require(FormatTextQuery(ParseTextQuery(query)) == query);
    Matches(VectorOfText(TextConfiguration("english"), text), ParseTextQuery(query));
  }
}

template <typename Read>
void AskOrRefuse(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    Require(error.kind() == ErrorKind::kInvalidArgument ||
            error.kind() == ErrorKind::kUnsupported || error.kind() == ErrorKind::kData);
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText(Bytes(data, size));
  if (text.size() < 1000) CheckText(text);
  AskOrRefuse([&] { CheckQuery(text); });
  AskOrRefuse([&] { ParseTextVector(text); });
  AskOrRefuse([&] { VectorOfJson(TextConfiguration("simple"), text); });
  return 0;
}
