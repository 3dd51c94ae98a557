// api: the REST API. Its core takes a request and gives an answer, and knows no sockets:
// a server, a Lambda and the fuzzers call the same one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoestring {

/// A header's name, in lower case, and its value.
using ApiHeader = std::pair<std::string, std::string>;

/// A request as it came over the wire, whole.
struct ApiRequest {
  std::string method;
  std::string path;   ///< Raw, percent-encoded: what stands before '?'.
  std::string query;  ///< Raw: what stands after '?'.
  std::vector<ApiHeader> headers;
  std::string body;

  /// The values of all headers of this name (in lower case), joined with ", " as HTTP has
  /// it; nothing when there is none.
  std::optional<std::string> Header(std::string_view name) const;
};

/// An answer's body, produced while it is asked for. Used by one thread at a time.
class ApiBody {
 public:
  virtual ~ApiBody() = default;
  /// The next piece, never empty; nothing at the end. Throws Error: what was sent before
  /// it must then not look whole.
  virtual std::optional<std::string> Next() = 0;
  /// How long all pieces together are, where it is known.
  virtual std::optional<size_t> Length() const { return std::nullopt; }
};

struct ApiResponse {
  int status = 200;
  std::vector<ApiHeader> headers;  ///< Names as they are to be sent ("Content-Range").
  std::unique_ptr<ApiBody> body;   ///< nullptr: no body, as for HEAD and 204.
};

/// A body that is there already.
std::unique_ptr<ApiBody> TextBody(std::string text);

}  // namespace shoestring
