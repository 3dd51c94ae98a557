#pragma once

#include <optional>
#include <string>
#include <vector>

#include "source/connection.h"
#include "source/type_mapping.h"

namespace shoestring {

/// Looks at the values of a table's columns whose types alone do not tell what the lake
/// needs: numeric without precision, money, and under AnomalyPolicy::kText all that can
/// have anomalies. One scan of `from` ("t WHERE …"), none when no column needs it.
class ValueSurvey {
 public:
  /// `columns` must outlive it; one policy each.
  ValueSurvey(std::string table, const std::vector<SourceColumn>& columns,
              const std::vector<AnomalyPolicy>& policies, std::string from);

  /// Scans, in the connection's transaction.
  static void AskAll(Connection* connection, std::vector<ValueSurvey>* surveys);

  /// After AskAll(): what was found, a survey a column. Asks again where a numeric has
  /// anomalies; throws kUnsupported, naming table and column, when its large and its fine
  /// values do not fit into one decimal.
  std::vector<ColumnSurvey> Columns(Connection* connection) const;

 private:
  struct Question {
    size_t index;  ///< Of the column.
    const SourceColumn* column;
    AnomalyPolicy policy;
    size_t first;  ///< Index of its first answer.
  };

  void Add(size_t index, const SourceColumn& column, AnomalyPolicy policy);
  std::string Select(const std::vector<std::string>& expressions) const;
  int ScaleOfTheRest(Connection* connection, const Question& numeric) const;

  std::string table_;
  std::string from_;
  size_t columns_;
  std::vector<std::string> asked_;
  std::vector<Question> numerics_;
  std::vector<Question> others_;
  std::vector<size_t> moneys_;
  std::optional<Rows> answer_;
};

}  // namespace shoestring
