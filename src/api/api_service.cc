#include "api/api_service.h"

#include <algorithm>

#include "api/api_error.h"
#include "api/cors.h"
#include "base/error.h"

namespace shoestring {

namespace {

std::chrono::seconds Now() {
  return std::chrono::duration_cast<std::chrono::seconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

/// The core, and whatever it tells others, sees no key.
ApiRequest WithoutKeys(const ApiRequest& request) {
  ApiRequest clean = request;
  clean.query = WithoutApikey(request.query);
  std::erase_if(clean.headers, [](const ApiHeader& header) {
    return header.first == "apikey" || header.first == "authorization" ||
           header.first == kOriginHeader;
  });
  return clean;
}

}  // namespace

ApiService::ApiService(Core core, Authenticator authenticator, Roles roles)
    : core_(std::move(core)),
      authenticator_(std::move(authenticator)),
      roles_(std::move(roles)) {}

std::optional<ServedResponse> ApiService::AnswerAtOnce(const ApiRequest& request) const {
  auto response = AnswerPreflight(request);
  if (!response) return std::nullopt;
  try {
    authenticator_.CheckOrigin(request);
  } catch (const ApiError& error) {
    response = ErrorResponse(error, request.method);
  }
  return ServedResponse{*std::move(response), ""};
}

ServedResponse ApiService::Handle(const ApiRequest& request, std::stop_token cancel,
                                  std::chrono::milliseconds time) const {
  ServedResponse served;
  try {
    served = Answer(request, std::move(cancel), time);
  } catch (const ApiError& error) {
    served.response = ErrorResponse(error, request.method);
  } catch (const Error& error) {
    served.response = ErrorResponse(TranslateError(error), request.method);
  } catch (const std::exception& error) {
    served.response = ErrorResponse(
        TranslateError(Error(ErrorKind::kInternal, error.what())), request.method);
  }
  AllowOrigin(request, &served.response);
  return served;
}

ServedResponse ApiService::Answer(const ApiRequest& request, std::stop_token cancel,
                                  std::chrono::milliseconds time) const {
  authenticator_.CheckOrigin(request);
  const Caller caller = authenticator_.Identify(request, Now());
  const CallersAccess access_of = [&](const LakeSchema& schema) {
    return roles_.AccessOf(caller, schema);
  };
  return {core_(WithoutKeys(request), access_of, std::move(cancel), time), caller.role};
}

}  // namespace shoestring
