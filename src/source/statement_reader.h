#pragma once

#include <arrow/type_fwd.h>

#include <memory>
#include <string>
#include <vector>

#include "source/connection.h"
#include "source/copy_stream.h"
#include "source/row_decoder.h"

namespace shoestring {

/// The rows of somebody's own statement as Arrow batches. Columns get the types that
/// migrate gives them; numerics without precision come as NumberText().
class StatementReader {
 public:
  /// Runs the statement in the transaction of BeginQuery(). Throws kInvalidArgument for
  /// one that has no rows. `connection` must live as long.
  StatementReader(Connection* connection, const std::string& sql,
                  const std::vector<BoundValue>& parameters);

  const std::shared_ptr<arrow::Schema>& schema() const { return schema_; }
  /// The next batch, never empty; nullptr after the last one. Throws kData for a value
  /// that its column's Arrow type cannot hold.
  std::shared_ptr<arrow::RecordBatch> Next();

 private:
  struct Plan;
  StatementReader(Connection* connection, Plan plan,
                  const std::vector<BoundValue>& parameters);
  static Plan MakePlan(Connection* connection, const std::string& sql,
                       const std::vector<BoundValue>& parameters);

  Bytes TupleOf();
  void Append();
  std::shared_ptr<arrow::RecordBatch> WithNumbers(const arrow::RecordBatch& batch) const;

  Connection* connection_;
  std::vector<ColumnMapping> mappings_;
  std::vector<bool> numbers_;  ///< By column: a NumberText().
  RowDecoder decoder_;
  std::shared_ptr<arrow::Schema> schema_;
  std::vector<TupleField> fields_;
  std::vector<std::string> texts_;  ///< Of numbers, while a row is appended.
  std::string tuple_;
  bool ended_ = false;
};

}  // namespace shoestring
