#pragma once

#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "api/access.h"
#include "api/fetched_rows.h"
#include "api/function.h"
#include "api/lake_schema.h"
#include "api/message.h"
#include "api/negotiation.h"
#include "api/one_version.h"
#include "api/relation.h"
#include "api/rest_api.h"

namespace shoestring {

/// One version of the lake as requests see it.
struct LakeSnapshot {
  LakeSnapshot(std::shared_ptr<const LakeSchema> lake, std::vector<std::string> served);

  std::shared_ptr<const LakeSchema> schema;
  RelationIndex relations;
  std::vector<std::string> schemas;  ///< That are served, the default one first.
};

/// What is the same for all requests.
struct ApiContext {
  Engine* engine = nullptr;
  SqlDialect dialect = SqlDialect::kDuckdb;
  std::map<std::string, Function> functions;
  RestOptions options;
};

/// Answers one request; throws ApiError and Error for refusals and failures.
class RequestHandler {
 public:
  /// All but `snapshot` must outlive it. `deadline`: the epoch for none.
  RequestHandler(const ApiContext& context, std::shared_ptr<const LakeSnapshot> snapshot,
                 const ApiRequest& request, const Access& access, std::stop_token cancel,
                 std::chrono::steady_clock::time_point deadline);

  ApiResponse Answer();

 private:
  ApiResponse AnswerRoot();
  ApiResponse AnswerTable(const std::string& name);
  ApiResponse AnswerFunction(const std::string& name);
  /// `values` of the parameters of CorrelationFunction().
  ApiResponse AnswerCorrelation(const RequestQuery& query,
                                const std::vector<std::optional<std::string>>& values);
  ApiResponse AnswerSql();
  ApiResponse Allow(const char* methods) const;

  const std::string& Schema() const;
  const ApiTable& FindTable(const std::string& name) const;
  const Function& FindFunction(const std::string& name, const Arguments& arguments) const;
  ApiResponse Read(const ApiTable& table, const RequestQuery& query, const Access& access,
                   std::optional<SqlSource> source, const std::string& location);
  std::optional<int64_t> Total(const ReadNode& node, const FetchedRows& rows,
                               const TopRange& range, std::optional<int64_t> limit,
                               ReadQueryWriter* writer, RowFetcher* fetcher) const;
  std::unique_ptr<ApiBody> Body(std::shared_ptr<const FetchedRows> rows,
                                MediaType type) const;
  void AddCommonHeaders(MediaType type, ApiResponse* response) const;

  const ApiContext& context_;
  const std::shared_ptr<const LakeSnapshot> snapshot_;
  OneVersion engine_;
  const ApiRequest& request_;
  const Access& access_;
  RequestBudget budget_;
  const Preferences preferences_;
  bool is_head_ = false;
};

}  // namespace shoestring
