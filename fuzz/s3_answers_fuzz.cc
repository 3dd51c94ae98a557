// What an S3 server answers: whatever the bytes, they are read or refused with kCorrupt.
// And tokens of staged objects, which a journal keeps.
#include "base/aws_config.h"
#include "base/aws_credentials.h"
#include "fuzz/expectation.h"
#include "lake/s3_answers.h"
#include "lake/s3_upload.h"

using namespace shoestring;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text = AsText(Bytes(data, size));
  ParseS3Error(text);
  IsS3Error(text);
  ReadOrRefuse([&] { ParseS3Page(text); });
  ReadOrRefuse([&] { ParseS3UploadPage(text); });
  ReadOrRefuse([&] { ParseS3UploadId(text); });
  ReadOrRefuse([&] { ParseS3DeleteErrors(text); });
  ReadOrRefuse([&] { ParseStsAnswer(text); });
  ReadOrRefuse([&] { ParseCredentialsJson(text, "fuzz"); });
  ReadOrRefuse([&] {
    const S3Staged staged = ParseS3Token(text);
    const S3Staged again = ParseS3Token(FormatS3Token(staged));
    Require(again.upload == staged.upload && again.parts.size() == staged.parts.size());
  });
  ParseAwsFile(text);
  ParseAwsTime(text);
  return 0;
}
