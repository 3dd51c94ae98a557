#pragma once

#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>

#include <string>
#include <string_view>

#include "api/message.h"

namespace shoestring {

using BeastRequest = boost::beast::http::request<boost::beast::http::string_body>;

/// A request that was read whole, in the core's terms; takes its body.
ApiRequest ToApiRequest(BeastRequest* request);

/// How the end of a body is told.
enum class Framing { kNone, kLength, kChunked, kUntilClose };

/// Status line and headers, with the empty line after them. Pure. Whatever the answer's
/// headers hold, each stays one line.
std::string FormatHead(const ApiResponse& response, Framing framing, size_t length,
                       bool keep_alive, std::string_view request_id);

/// A piece of a chunked body.
std::string FormatChunk(std::string_view piece);
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

}  // namespace shoestring
