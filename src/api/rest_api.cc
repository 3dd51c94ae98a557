#include "api/rest_api.h"

#include <algorithm>
#include <map>
#include <mutex>

#include "api/api_error.h"
#include "api/correlation_function.h"
#include "api/function.h"
#include "api/relation.h"
#include "api/request_handler.h"
#include "base/error.h"

namespace shoestring {

struct RestApi::State {
  ApiContext context;
  mutable std::mutex mutex;
  std::shared_ptr<const LakeSnapshot> snapshot;  // Guarded by mutex.

  std::shared_ptr<const LakeSnapshot> Current() const {
    const std::lock_guard lock(mutex);
    return snapshot;
  }
};

LakeSnapshot::LakeSnapshot(std::shared_ptr<const LakeSchema> lake,
                           std::vector<std::string> served)
    : schema(std::move(lake)), relations(*schema), schemas(std::move(served)) {
  if (schemas.empty()) schemas = schema->Schemas();
  if (schemas.empty()) schemas = {"public"};
}

RestApi::RestApi(Engine* engine, std::shared_ptr<const LakeSchema> schema,
                 RestOptions options)
    : state_(std::make_unique<State>()) {
  state_->context.engine = engine;
  state_->context.dialect = DialectOf(options.engine);
  state_->context.functions =
      LoadFunctions(options.queries, engine, state_->context.dialect, options.limits);
  // A SQL file of the same name stands before ours.
  Function correlation = CorrelationFunction(options.correlation);
  state_->context.functions.try_emplace(correlation.name, correlation);
  state_->context.options = std::move(options);
  SetSchema(std::move(schema));
}

RestApi::~RestApi() = default;

void RestApi::SetSchema(std::shared_ptr<const LakeSchema> schema) {
  auto snapshot = std::make_shared<const LakeSnapshot>(std::move(schema),
                                                       state_->context.options.schemas);
  const std::lock_guard lock(state_->mutex);
  state_->snapshot = std::move(snapshot);
}

std::shared_ptr<const LakeSchema> RestApi::schema() const {
  return state_->Current()->schema;
}

ApiResponse RestApi::Handle(const ApiRequest& request, const Access& access,
                            std::stop_token cancel, std::chrono::milliseconds time) {
  try {
    ApiResponse response = RequestHandler(state_->context, state_->Current(), request,
                                          access, std::move(cancel), time)
                               .Answer();
    response.headers.emplace_back("Vary", "Accept, Prefer, Range");
    return response;
  } catch (const ApiError& error) {
    return ErrorResponse(error, request.method);
  } catch (const Error& error) {
    return ErrorResponse(TranslateError(error), request.method);
  } catch (const std::exception& error) {
    return ErrorResponse(ApiError(500, "XX000", error.what()), request.method);
  }
}

}  // namespace shoestring
