#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "api/message.h"

namespace shoestring {

/// In which words an event has a request, and wants its answer.
enum class PayloadFormat {
  kV2,        ///< 2.0, of HTTP APIs and Function URLs.
  kV1,        ///< 1.0, of REST APIs, and of HTTP APIs by choice.
  kV1Single,  ///< The same with one value a header, of load balancers.
};

/// A request as Lambda hands it over.
struct LambdaEvent {
  ApiRequest request;
  PayloadFormat format = PayloadFormat::kV2;
  std::string client;  ///< The address that the request came from.
};

/// Reads an event of payload format 2.0 or 1.0. Path and query are as they were sent; a
/// gateway of format 1.0 has decoded the query, so it is encoded again. Throws kCorrupt
/// for anything else, with no value of it in the message.
LambdaEvent ReadLambdaEvent(std::string_view json);

/// The answer in the words of the event's format, the body in base64 where it is no text.
std::string FormatLambdaAnswer(PayloadFormat format, const ApiResponse& response,
                               std::string_view body);

/// What stands before the body of a streamed answer, with the NUL bytes that end it.
std::string FormatLambdaPrelude(const ApiResponse& response);

/// What Lambda is told of a failure.
std::string FormatLambdaError(std::string_view type, std::string_view message);

}  // namespace shoestring
