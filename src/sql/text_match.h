#pragma once

#include "sql/text_query.h"
#include "sql/text_vector.h"

namespace shoestring {

/// Whether a text is one that is searched for: Postgres' @@.
bool Matches(const TextVector& vector, const TextQuery& query);

}  // namespace shoestring
