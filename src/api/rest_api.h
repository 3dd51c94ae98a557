#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/lake_schema.h"
#include "api/message.h"
#include "correlate/correlation_settings.h"
#include "engine/engine.h"

namespace shoestring {

struct RestOptions {
  std::string engine = "duckdb";     ///< Whose SQL is written: a name of EngineNames().
  std::vector<std::string> schemas;  ///< Those that are served, the default one first;
                                     ///< empty: all that the lake has, "public" first.
  int64_t max_rows = 1000;           ///< Of an answer, and of /sql's; 0: no limit.
  int64_t max_bytes = 64 << 20;      ///< Of an answer's rows, held in memory.
  int max_depth = 8;                 ///< Embeds in embeds, logic in logic.
  QueryLimits limits;                ///< Of each query; its time is the request's.
  CorrelationSettings correlation;   ///< Of /rpc/get_investor_correlation.
  std::string queries;  ///< Folder of the SQL files behind /rpc; empty: none.
};

/// What a caller may do with a version of the lake; throws ApiError.
using CallersAccess = std::function<Access(const LakeSchema&)>;

/// The read API of PostgREST over a lake: requests to answers, free of sockets.
/// Thread-safe.
class RestApi {
 public:
  /// `engine` must outlive it and what it answers. Reads the files of `queries` and asks
  /// the engine about each; throws kInvalidArgument, naming the file, for one that is
  /// wrong. `look` is called, by many threads, when a request meets a newer version of
  /// the lake than the schema is of: it looks for that, and calls SetSchema().
  RestApi(Engine* engine, std::shared_ptr<const LakeSchema> schema, RestOptions options,
          std::function<void()> look);
  ~RestApi();

  /// Answers, whatever the request: refusals and failures are answers, too. Paths are
  /// with or without "/rest/v1" before them. Bodies must not outlive the RestApi. CORS
  /// and keys are the caller's business (cors.h, Access). What is read, and by whose
  /// leave, is of one version of the lake, however many queries it takes; an engine that
  /// does not know versions may see several. Does not throw.
  ApiResponse Handle(const ApiRequest& request, const CallersAccess& access_of,
                     std::stop_token cancel, std::chrono::milliseconds time);

  /// Takes a newer version of the lake; requests under way go on with theirs.
  void SetSchema(std::shared_ptr<const LakeSchema> schema);
  std::shared_ptr<const LakeSchema> schema() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoestring
