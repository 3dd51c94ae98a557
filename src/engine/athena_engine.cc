#include "engine/athena_engine.h"

#include <arrow/api.h>

#include <algorithm>
#include <boost/json.hpp>
#include <random>

#include "base/aws_json_client.h"
#include "base/request_scope.h"
#include "base/units.h"
#include "cost/athena_bill.h"
#include "engine/athena_answers.h"
#include "engine/athena_csv.h"
#include "engine/athena_statement.h"
#include "engine/query_stopper.h"
#include "engine/trino_statement.h"
#include "lake/s3_store.h"

namespace shoestring {

namespace {

namespace json = boost::json;

using std::chrono::milliseconds;

constexpr milliseconds kFirstPoll{100};
constexpr milliseconds kLongestPoll{3000};
/// How long a query waits for its turn that Athena's queue has no place for.
constexpr milliseconds kQueuePatience{15 * 60 * 1000};
/// Nobody waits long for a query to be given up.
constexpr milliseconds kGiveUp{3000};
constexpr int kAttempts = 3;  ///< Of a query that fails by Athena's own fault.
constexpr int kRowsPerPage = 1000;
constexpr int64_t kPieceBytes = 8 << 20;
constexpr int64_t kLongestReuse = 7 * 24 * 60;  ///< Minutes.

/// Makes one logical submit one query, however often it is sent.
std::string NewToken() {
  std::random_device random;
  std::string token = "shoestring-";
  for (int i = 0; i < 4; ++i) token += fmt::format("{:08x}", random());
  return token;
}

/// The operations of Athena that a query needs. Thread-safe.
class AthenaService {
 public:
  explicit AthenaService(AthenaOptions options)
      : options_(std::move(options)),
        client_({.name = "athena",
                 .target = "AmazonAthena",
                 .title = "Athena",
                 .region = options_.region},
                ProcessEnvironment) {}

  const AthenaOptions& options() const { return options_; }

  std::string Start(const AthenaStatement& statement, const std::string& token,
                    QueryStopper* stopper) {
    json::object context{{"Catalog", options_.catalog}};
    if (!options_.database.empty()) context["Database"] = options_.database;
    json::object body{{"QueryString", statement.sql},
                      {"ClientRequestToken", token},
                      {"QueryExecutionContext", std::move(context)},
                      {"WorkGroup", options_.workgroup}};
    if (!options_.output.empty()) {
      body["ResultConfiguration"] = {{"OutputLocation", options_.output}};
    }
    if (!statement.parameters.empty()) {
      body["ExecutionParameters"] = json::value_from(statement.parameters);
    }
    if (options_.reuse.count() > 0) {
      body["ResultReuseConfiguration"] = {
          {"ResultReuseByAgeConfiguration",
           {{"Enabled", true}, {"MaxAgeInMinutes", options_.reuse.count()}}}};
    }
    return ParseAthenaId(
        Call("StartQueryExecution", std::move(body), stopper, kQueuePatience));
  }

  AthenaExecution Look(const std::string& id, QueryStopper* stopper) {
    return ParseAthenaExecution(
        Call("GetQueryExecution", {{"QueryExecutionId", id}}, stopper));
  }

  AthenaPage Page(const std::string& id, const std::string& token, bool begins_with_names,
                  QueryStopper* stopper) {
    json::object body{{"QueryExecutionId", id}, {"MaxResults", kRowsPerPage}};
    if (!token.empty()) body["NextToken"] = token;
    return ParseAthenaPage(Call("GetQueryResults", std::move(body), stopper),
                           begins_with_names);
  }

  AthenaWorkGroup WorkGroup(QueryStopper* stopper) {
    return ParseAthenaWorkGroup(
        Call("GetWorkGroup", {{"WorkGroup", options_.workgroup}}, stopper));
  }

  /// Stops a query and gives what became of it; best effort.
  std::optional<AthenaExecution> Stop(const std::string& id) noexcept {
    try {
      const RequestScope scope;
      Call("StopQueryExecution", {{"QueryExecutionId", id}}, nullptr, kGiveUp);
      const auto give_up = QueryStopper::Clock::now() + kGiveUp;
      for (auto pause = kFirstPoll;; pause *= 2) {
        auto found = Look(id, nullptr);
        if (found.ended() || QueryStopper::Clock::now() > give_up) return found;
        scope.Sleep(pause);
      }
    } catch (const std::exception&) {
      return std::nullopt;
    }
  }

 private:
  std::string Call(std::string_view operation, json::object body, QueryStopper* stopper,
                   milliseconds patience = AwsCall().patience) {
    const std::string text = json::serialize(body);
    AwsCall call{.operation = operation, .body = text, .patience = patience};
    if (stopper != nullptr) call.check = [stopper] { stopper->Check(); };
    return client_.Call(call);
  }

  const AthenaOptions options_;
  AwsJsonClient client_;
};

/// The rows of an answer's file on S3, a piece at a time.
class ResultFile {
 public:
  /// Throws when it cannot be read from here.
  ResultFile(const std::string& uri, const std::shared_ptr<arrow::Schema>& schema)
      : name_(uri.substr(uri.rfind('/') + 1)),
        store_(ParseS3Uri(uri.substr(0, uri.rfind('/'))), {}),
        csv_(schema) {
    const auto found = store_.Head(name_);
    if (!found) throw Fail(ErrorKind::kNotFound, "Athena's answer is gone: {}", uri);
    size_ = found->size;
    etag_ = found->etag;
  }

  /// nullptr after the last row.
  std::shared_ptr<arrow::RecordBatch> Next(QueryStopper* stopper) {
    while (at_ < size_ && csv_.rows() == 0) {
      stopper->Check();
      piece_.resize(static_cast<size_t>(std::min(kPieceBytes, size_ - at_)));
      auto* bytes = reinterpret_cast<uint8_t*>(piece_.data());
      store_.ReadRange(name_, at_, {bytes, piece_.size()}, &etag_);
      csv_.Append(piece_);
      at_ += static_cast<int64_t>(piece_.size());
      if (at_ == size_) csv_.Finish();
    }
    return csv_.Take();
  }

 private:
  const std::string name_;
  S3Store store_;
  AthenaCsv csv_;
  std::string etag_;
  std::string piece_;
  int64_t size_ = 0;
  int64_t at_ = 0;
};

bool IsFree(const AthenaExecution& execution) {
  const bool failed = execution.state == AthenaExecution::State::kFailed &&
                      execution.failure != ErrorKind::kLimit;
  return failed || execution.reused || execution.is_ddl ||
         (!execution.is_query && execution.scanned_bytes == 0);
}

double DollarsOf(const AthenaExecution& execution) {
  if (IsFree(execution)) return 0;
  return AthenaDollars(ShippedPrices(), execution.scanned_bytes);
}

Error FailureOf(const AthenaExecution& execution, const std::string& workgroup) {
  const std::string& why = execution.reason;
  if (execution.failure == ErrorKind::kLimit) {
    return Fail(
        ErrorKind::kLimit,
        "The query reads more than its workgroup allows, filter more or raise its "
        "BytesScannedCutoffPerQuery: {} ({}, it cost ${:.6f})",
        workgroup, why, DollarsOf(execution));
  }
  if (execution.state == AthenaExecution::State::kCancelled) {
    return Fail(ErrorKind::kCancelled, "The query was cancelled at Athena: {}", why);
  }
  return Fail(execution.failure, "Athena: {}", why);
}

class AthenaResult : public QueryResult {
 public:
  AthenaResult(AthenaService* service, const QueryLimits& limits, std::stop_token cancel)
      : service_(service), limits_(limits), stopper_(limits, std::move(cancel)) {}

  ~AthenaResult() override {
    if (is_running()) service_->Stop(id_);
  }
  AthenaResult(const AthenaResult&) = delete;
  AthenaResult& operator=(const AthenaResult&) = delete;

  /// Until the columns are known, or the query has failed.
  void Start(const AthenaStatement& statement) {
    try {
      if (limits_.scan_bytes > 0) CheckCutoff();
      Run(statement);
      Open();
    } catch (const Error& error) {
      throw Stopped(error);
    }
  }

  std::shared_ptr<arrow::Schema> schema() const override { return page_.schema; }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    auto rows = file_ ? file_->Next(&stopper_) : NextOfPages();
    if (!rows) end_ = end_.value_or(QueryStopper::Clock::now());
    if (!rows) return nullptr;
    rows_ += rows->num_rows();
    CheckRows(rows_, limits_);
    return rows;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    statistics.bytes_read = execution_.scanned_bytes;
    statistics.rows = rows_;
    const auto wall = end_.value_or(QueryStopper::Clock::now()) - stopper_.start();
    statistics.wall = std::chrono::duration_cast<milliseconds>(wall);
    statistics.queued = milliseconds(execution_.queued_ms);
    statistics.running = milliseconds(execution_.running_ms);
    statistics.reused = execution_.reused;
    statistics.dollars = DollarsOf(execution_);
    return statistics;
  }

 private:
  bool is_running() const { return !id_.empty() && !execution_.ended(); }

  /// Only the service can stop a query in time.
  void CheckCutoff() {
    const int64_t cutoff = service_->WorkGroup(&stopper_).scan_cutoff_bytes;
    if (cutoff > 0 && cutoff <= limits_.scan_bytes) return;
    throw Fail(ErrorKind::kUnsupported,
               "Athena keeps a limit of bytes only by its workgroup: set "
               "BytesScannedCutoffPerQuery of {} to {} or less, or leave out --max-scan",
               service_->options().workgroup, limits_.scan_bytes);
  }

  void Run(const AthenaStatement& statement) {
    for (int attempt = 1;; ++attempt) {
      execution_ = {};
      id_ = service_->Start(statement, NewToken(), &stopper_);
      Wait();
      if (execution_.state == AthenaExecution::State::kSucceeded) return;
      if (!execution_.retryable || attempt == kAttempts) {
        throw FailureOf(execution_, service_->options().workgroup);
      }
    }
  }

  void Wait() {
    for (auto pause = kFirstPoll;; pause = std::min(pause * 3 / 2, kLongestPoll)) {
      execution_ = service_->Look(id_, &stopper_);
      if (execution_.ended()) return;
      stopper_.CheckScanned(execution_.scanned_bytes);
      stopper_.Sleep(pause);
    }
  }

  /// The first page tells the columns; of what goes on, the file has all in few requests.
  void Open() {
    page_ = service_->Page(id_, "", execution_.is_query, &stopper_);
    const bool has_file = execution_.is_query && execution_.output.ends_with(".csv") &&
                          !service_->options().only_pages;
    if (page_.next_token.empty() || !has_file) return;
    try {
      file_.emplace(execution_.output, page_.schema);
    } catch (const Error& error) {
      // The pages have the same rows, for those who may not read the bucket.
      if (error.kind() == ErrorKind::kCancelled) throw;
    }
  }

  std::shared_ptr<arrow::RecordBatch> NextOfPages() {
    while (!page_.rows && !page_.next_token.empty()) {
      page_ = service_->Page(id_, page_.next_token, false, &stopper_);
    }
    return std::move(page_.rows);
  }

  /// Stops the query if it runs, and says what it has cost all the same.
  Error Stopped(const Error& error) {
    if (!is_running()) return error;
    const auto found = service_->Stop(id_);
    if (found) execution_ = *found;
    const std::string id = std::exchange(id_, "");
    if (!found) {
      return Fail(error.kind(), "{}. It may be running yet: {}", error.what(), id);
    }
    return Fail(error.kind(), "{}. Athena had read {} by then, ${:.6f}", error.what(),
                FormatBytes(found->scanned_bytes), DollarsOf(*found));
  }

  AthenaService* service_;
  const QueryLimits limits_;
  std::string id_;
  AthenaExecution execution_;
  AthenaPage page_;
  std::optional<ResultFile> file_;
  int64_t rows_ = 0;
  std::optional<QueryStopper::Clock::time_point> end_;
  QueryStopper stopper_;
};

void Refuse(const QueryLimits& limits) {
  const bool threads = limits.threads > 0;
  if (!threads && limits.memory_bytes == 0) return;
  throw Fail(ErrorKind::kUnsupported,
             "Athena's memory and threads are its own affair, leave out {}",
             threads ? "--threads" : "--memory");
}

class AthenaEngine : public Engine {
 public:
  explicit AthenaEngine(AthenaOptions options) : service_(std::move(options)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    Refuse(limits);
    CheckTrinoReads(statement.sql);
    const AthenaStatement made = MakeAthenaStatement(statement);
    auto result = std::make_unique<AthenaResult>(&service_, limits, std::move(cancel));
    result->Start(made);
    return result;
  }

 private:
  AthenaService service_;
};

std::chrono::minutes ReadReuse(const Settings& settings) {
  const auto text = settings.Find("athena", "reuse");
  if (!text) return std::chrono::minutes(0);
  const auto age = std::chrono::ceil<std::chrono::minutes>(ParseDuration(*text));
  if (age.count() <= kLongestReuse) return age;
  throw Fail(ErrorKind::kInvalidArgument,
             "Athena keeps answers for 7 days, [athena] reuse asks for more: {}", *text);
}

bool ReadOnlyPages(const Settings& settings) {
  const std::string results = settings.Get("athena", "results", "file");
  if (results == "file" || results == "pages") return results == "pages";
  throw Fail(ErrorKind::kInvalidArgument,
             "[athena] results must be file or pages, not: {}", results);
}

}  // namespace

AthenaOptions ReadAthenaOptions(const Settings& settings) {
  const auto get = [&](const char* key, const std::string& otherwise) {
    return settings.Get("athena", key, otherwise);
  };
  AthenaOptions options;
  options.database = get("database", "");
  options.catalog = get("catalog", options.catalog);
  options.workgroup = get("workgroup", options.workgroup);
  options.output = get("output", "");
  options.region = get("region", "");
  options.reuse = ReadReuse(settings);
  options.only_pages = ReadOnlyPages(settings);
  if (!options.output.empty()) ParseS3Uri(options.output);
  return options;
}

std::unique_ptr<Engine> OpenAthenaEngine(AthenaOptions options) {
  return std::make_unique<AthenaEngine>(std::move(options));
}

void RunAthenaStatements(const AthenaOptions& options,
                         const std::vector<std::string>& statements,
                         const std::stop_token& cancel) {
  AthenaService service(options);
  for (const std::string& statement : statements) {
    AthenaResult(&service, {}, cancel).Start({.sql = statement});
  }
}

}  // namespace shoestring
