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

namespace {

/// How often a request begins, when the lake moves to newer versions meanwhile.
constexpr int kAttempts = 5;

}  // namespace

struct RestApi::State {
  ApiContext context;
  std::function<void()> look;
  mutable std::mutex mutex;
  std::shared_ptr<const LakeSnapshot> snapshot;  // Guarded by mutex.

  std::shared_ptr<const LakeSnapshot> Current() const {
    const std::lock_guard lock(mutex);
    return snapshot;
  }

  ApiResponse Answer(const ApiRequest& request, const CallersAccess& access_of,
                     const std::stop_token& cancel,
                     std::chrono::steady_clock::time_point deadline) const {
    for (int attempt = 1;; ++attempt) {
      const auto snapshot = Current();
      const Access access = access_of(*snapshot->schema);
      try {
        return RequestHandler(context, snapshot, request, access, cancel, deadline)
            .Answer();
      } catch (const Error& error) {
        if (attempt == kAttempts) throw;
        // A column that is not there any more may be of the version before, too.
        look();
        if (error.kind() != ErrorKind::kConflict && Current() == snapshot) throw;
      }
    }
  }
};

LakeSnapshot::LakeSnapshot(std::shared_ptr<const LakeSchema> lake,
                           std::vector<std::string> served)
    : schema(std::move(lake)), relations(*schema), schemas(std::move(served)) {
  if (schemas.empty()) schemas = schema->Schemas();
  if (schemas.empty()) schemas = {"public"};
}

RestApi::RestApi(Engine* engine, std::shared_ptr<const LakeSchema> schema,
                 RestOptions options, std::function<void()> look)
    : state_(std::make_unique<State>()) {
  state_->look = std::move(look);
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

ApiResponse RestApi::Handle(const ApiRequest& request, const CallersAccess& access_of,
                            std::stop_token cancel, std::chrono::milliseconds time) {
  const auto deadline = time.count() > 0 ? std::chrono::steady_clock::now() + time
                                         : std::chrono::steady_clock::time_point();
  try {
    ApiResponse response = state_->Answer(request, access_of, cancel, deadline);
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
