#pragma once

#include <string>
#include <vector>

#include "source/connection.h"
#include "source/type_mapping.h"

namespace shoestring {

/// Looks at the values of the columns whose types alone do not tell what the lake needs:
/// numeric without precision, money, and under AnomalyPolicy::kText all that can have
/// anomalies. One scan of `from` ("t WHERE …"), none when no column needs it; runs in the
/// connection's transaction. One answer a column. Throws kUnsupported, naming `table` and
/// column, when a numeric's large and its fine values do not fit into one decimal.
std::vector<ColumnSurvey> SurveyValues(Connection* connection, const std::string& table,
                                       const std::vector<SourceColumn>& columns,
                                       const std::vector<AnomalyPolicy>& policies,
                                       const std::string& from);

}  // namespace shoestring
