#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>

#include "engine/engine.h"

namespace shoestring {

/// The engine of one request, all of whose queries read the same version of the lake.
class OneVersion : public Engine {
 public:
  /// `version`: LakeState::sequence of the lake that the request is planned for. The
  /// engine must outlive it, and what it answers.
  OneVersion(Engine* engine, int64_t version) : engine_(*engine), version_(version) {}

  /// Throws kConflict, too, when another version would be read. An engine that knows of
  /// none may read any.
  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override;

 private:
  Engine& engine_;
  const int64_t version_;
};

}  // namespace shoestring
