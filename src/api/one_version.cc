#include "api/one_version.h"

#include <utility>

#include "base/error.h"

namespace shoestring {

std::unique_ptr<QueryResult> OneVersion::Run(const Statement& statement,
                                             const QueryLimits& limits,
                                             std::stop_token cancel) {
  auto result = engine_.Run(statement, limits, std::move(cancel));
  const int64_t read = result->statistics().lake_sequence;
  if (read == 0 || read == version_) return result;
  throw Fail(ErrorKind::kConflict,
             "The lake moved to a newer version during the request, ask again");
}

}  // namespace shoestring
