#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>

#include "api/access.h"
#include "api/authenticator.h"
#include "api/rest_api.h"
#include "api/roles.h"
#include "api/served.h"

namespace shoestring {

/// What stands around the read API: CORS, keys, roles. Free of sockets. Thread-safe.
class ApiService {
 public:
  /// RestApi::Handle().
  using Core = std::function<ApiResponse(const ApiRequest&, const CallersAccess&,
                                         std::stop_token, std::chrono::milliseconds)>;

  ApiService(Core core, Authenticator authenticator, Roles roles);

  /// A browser's preflight, which comes without a key.
  std::optional<ServedResponse> AnswerAtOnce(const ApiRequest& request) const;
  /// Does not throw.
  ServedResponse Handle(const ApiRequest& request, std::stop_token cancel,
                        std::chrono::milliseconds time) const;

 private:
  ServedResponse Answer(const ApiRequest& request, std::stop_token cancel,
                        std::chrono::milliseconds time) const;

  const Core core_;
  const Authenticator authenticator_;
  const Roles roles_;
};

}  // namespace shoestring
