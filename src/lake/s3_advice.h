#pragma once

#include <string_view>

#include "base/aws_advice.h"

namespace shoestring {

/// For an answer of S3 that is no success. `code` is the one in its XML, or "" when it
/// had none, as after HEAD.
AwsAdvice AdviseOnS3(int status, std::string_view code);

}  // namespace shoestring
