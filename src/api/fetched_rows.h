#pragma once

#include <arrow/type_fwd.h>

#include <chrono>
#include <memory>
#include <stop_token>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "api/read_query.h"
#include "engine/engine.h"

namespace shoestring {

/// The rows of one node, and those of its embeds.
struct FetchedRows {
  const ReadNode* node = nullptr;
  NodeQuery plan;
  std::vector<std::shared_ptr<arrow::RecordBatch>> batches;
  std::vector<std::vector<const arrow::Array*>> columns;  ///< Of each batch.
  std::vector<std::pair<uint32_t, uint32_t>> rows;        ///< Batch and row in it.
  std::unordered_map<std::string, std::vector<uint32_t>>
      by_parent;                    ///< Places in `rows`.
  std::vector<FetchedRows> embeds;  ///< As in `plan`.

  const arrow::Array& column(uint32_t row, size_t place) const {
    return *columns[rows[row].first][place];
  }
  int64_t row_in_batch(uint32_t row) const { return rows[row].second; }
  /// Moments are shown in this time zone from now on, those of embeds, too; or in UTC.
  void ShowIn(const std::optional<TimeZone>& zone);
  /// From the batch of this number on, after they were added.
  void FindColumns(size_t first);
  /// The values of these columns as one text; empty when one of them is NULL.
  std::string KeyOf(uint32_t row, const std::vector<size_t>& columns) const;
  /// The rows of an embed that belong to a row.
  const std::vector<uint32_t>& EmbedRows(uint32_t row, size_t embed) const;
};

/// What a request may still use.
struct RequestBudget {
  QueryLimits limits;
  std::chrono::steady_clock::time_point deadline;  ///< The epoch: none.
  std::stop_token cancel;
  int64_t bytes_left = 0;  ///< Of rows that are held.

  /// The limits of a query that begins now; throws kTimeout when none can.
  QueryLimits ForQuery() const;
};

/// Runs the queries of plans. One a request.
class RowFetcher {
 public:
  RowFetcher(Engine* engine, SqlDialect dialect, ReadQueryWriter* writer,
             RequestBudget budget)
      : engine_(*engine),
        dialect_(dialect),
        writer_(*writer),
        budget_(std::move(budget)) {}

  /// The rows of the plan's first node; its embeds too, unless `shallow`. `max_rows`: of
  /// each embed, a parent; 0 for no limit.
  FetchedRows Fetch(const ReadNode& node, std::optional<int64_t> limit, int64_t offset,
                    int64_t max_rows, bool shallow);
  int64_t Count(const ReadNode& node);

 private:
  void Run(const SqlQuery& query, std::vector<std::shared_ptr<arrow::RecordBatch>>* to);
  void FetchEmbeds(FetchedRows* parents, int64_t max_rows);
  FetchedRows FetchEmbed(const FetchedRows& parents, size_t embed, int64_t max_rows);
  void FetchFor(std::vector<SqlExpression> keys, std::optional<int64_t> limit,
                FetchedRows* to);

  Engine& engine_;
  const SqlDialect dialect_;
  ReadQueryWriter& writer_;
  RequestBudget budget_;
};

}  // namespace shoestring
