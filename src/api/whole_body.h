#pragma once

#include <memory>

#include "api/message.h"

namespace shoestring {

/// The body, its first megabytes written now: a value that cannot be written is then a
/// refusal (ApiError), and no broken answer; a small body has a length.
std::unique_ptr<ApiBody> WholeIfSmall(std::unique_ptr<ApiBody> body);

}  // namespace shoestring
