#pragma once

#include <optional>

#include "api/message.h"

namespace shoestring {

/// The answer to a browser's question before the request itself (OPTIONS with Origin and
/// Access-Control-Request-Method), which comes without a key; nothing for other requests.
std::optional<ApiResponse> AnswerPreflight(const ApiRequest& request);

/// Lets the page that asks read the answer, errors included: to be called on each.
void AllowOrigin(const ApiRequest& request, ApiResponse* response);

}  // namespace shoestring
