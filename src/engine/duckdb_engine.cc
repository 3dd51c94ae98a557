#include "engine/duckdb_engine.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/common/arrow/arrow_converter.hpp>
#include <duckdb/common/type_visitor.hpp>
#include <duckdb/function/table/arrow/arrow_duck_schema.hpp>

#include <arrow/api.h>
#include <arrow/c/bridge.h>

#include <cstdlib>
#include <filesystem>
#include <mutex>
#include <optional>

#include "engine/duckdb_error.h"
#include "engine/duckdb_file_system.h"
#include "engine/duckdb_lake_scan.h"
#include "engine/duckdb_sandbox.h"
#include "engine/query_stopper.h"
#include "lake/catalog.h"

namespace shoestring {

namespace {

using Clock = QueryStopper::Clock;
using duckdb::Value;

/// The version whose headers this file was compiled with. They do not say it themselves;
/// its C++ interface is only good for the library of the very same version.
constexpr std::string_view kHeaderVersion = "v1.5.6";

/// Of the memory of queries on a remote store: what they read stays in it.
constexpr int64_t kCacheShare = 4;

/// What a query may spill; more than this is a query that should be written differently.
constexpr const char* kSpillLimit = "20GB";

void CheckLibrary() {
  const std::string version = duckdb::DuckDB::LibraryVersion();
  if (version == kHeaderVersion) return;
  throw Fail(
      ErrorKind::kInternal,
      "Found DuckDB {}, but this program was built for {}: install that version, or "
      "build again",
      version, kHeaderVersion);
}

/// A folder that only this user can read, removed at the end with what is in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string name = std::filesystem::temp_directory_path() / "shoestring-XXXXXX";
    if (mkdtemp(name.data()) == nullptr) {
      throw Fail(ErrorKind::kUnavailable,
                 "Cannot make a temporary folder, set TMPDIR: {}", name);
    }
    path_ = name;
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

/// One DuckDB over one version of the lake, shared by the queries that may use it.
struct Session {
  TemporaryFolder temporary;  // Goes after the database that uses it.
  std::shared_ptr<LakeTables> tables;
  std::unique_ptr<duckdb::DuckDB> database;
  QueryLimits limits;

  std::vector<std::string> TableNames() const {
    std::vector<std::string> names;
    for (const auto& [name, entry] : tables->state().tables) names.push_back(name);
    return names;
  }
};

/// DuckDB's own default is as much.
int64_t MemoryOf(const QueryLimits& limits) {
  if (limits.memory_bytes > 0) return limits.memory_bytes;
  const auto files = duckdb::FileSystem::CreateLocal();
  return static_cast<int64_t>(duckdb::DBConfig::GetSystemAvailableMemory(*files)) / 10 *
         8;
}

void Configure(const Session& session, bool remote, duckdb::DBConfig* config) {
  const auto set = [&](const char* name, const Value& value) {
    config->SetOptionByName(name, value);
  };
  set("autoinstall_known_extensions", Value::BOOLEAN(false));
  set("autoload_known_extensions", Value::BOOLEAN(false));
  set("allow_community_extensions", Value::BOOLEAN(false));
  set("extension_directory", Value(session.temporary.path() + "/extensions"));
  set("temp_directory", Value(session.temporary.path()));
  set("max_temp_directory_size", Value(kSpillLimit));
  int64_t memory = session.limits.memory_bytes;
  if (remote) {
    memory = MemoryOf(session.limits) / kCacheShare * (kCacheShare - 1);
    // Ours has what it would hold, and more.
    set("enable_external_file_cache", Value::BOOLEAN(false));
  }
  if (memory > 0) set("memory_limit", Value(fmt::format("{}B", memory)));
  if (session.limits.threads > 0) set("threads", Value::BIGINT(session.limits.threads));
}

/// Settings that exist only once the extensions that define them are there. Integers are
/// divided as Postgres and Trino do.
void SetUp(duckdb::DuckDB& database) {
  duckdb::Connection connection(database);
  for (const char* statement :
       {"SET GLOBAL TimeZone = 'UTC'", "SET GLOBAL parquet_metadata_cache = true",
        "SET GLOBAL integer_division = true"}) {
    const auto result = connection.Query(statement);
    if (result->HasError()) result->ThrowError();
  }
}

/// `before` is the session that this one comes after, or nullptr.
std::shared_ptr<Session> OpenSession(ObjectStore* store, RemoteReads* remote,
                                     LakeState state, const QueryLimits& limits,
                                     const Session* before) {
  auto session = std::make_shared<Session>();
  session->limits = limits;
  if (remote) remote->SetCapacity(MemoryOf(limits) / kCacheShare);
  try {
    duckdb::DBConfig config;
    Configure(*session, remote != nullptr, &config);
    session->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
    auto files =
        duckdb::make_uniq<LakeFileSystem>(store, remote ? remote->cache() : nullptr);
    session->tables =
        std::make_shared<LakeTables>(Catalog(store), std::move(state), files.get());
    if (before) session->tables->Adopt(*before->tables);
    session->database->GetFileSystem().RegisterSubSystem(std::move(files));
    RegisterLakeTables(*session->database, session->tables, remote);
    SetUp(*session->database);
    LockDown(*session->database);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw TranslateDuckdbError(duckdb::ErrorData(error), {});
  }
  return session;
}

duckdb::vector<Value> Bind(const std::vector<Parameter>& parameters) {
  struct Binder {
    Value operator()(std::monostate) const { return Value(); }
    Value operator()(bool value) const { return Value::BOOLEAN(value); }
    Value operator()(int64_t value) const { return Value::BIGINT(value); }
    Value operator()(double value) const { return Value::DOUBLE(value); }
    Value operator()(const std::string& value) const { return Value(value); }
  };
  duckdb::vector<Value> values;
  for (const Parameter& parameter : parameters) {
    values.push_back(std::visit(Binder(), parameter));
  }
  return values;
}

/// Refuses the types that Arrow has no place for: DuckDB would pass them on as bytes, or
/// cut them. None of them is in a lake.
void CheckType(const std::string& column, const duckdb::LogicalType& type) {
  const bool lost =
      duckdb::TypeVisitor::Contains(type, [](const duckdb::LogicalType& part) {
        switch (part.id()) {
          case duckdb::LogicalTypeId::BIT:
          case duckdb::LogicalTypeId::BIGNUM:
          case duckdb::LogicalTypeId::UHUGEINT:
          case duckdb::LogicalTypeId::TIME_TZ:
          case duckdb::LogicalTypeId::VARIANT:
          case duckdb::LogicalTypeId::GEOMETRY: return true;
          default: return false;
        }
      });
  if (!lost) return;
  throw Fail(ErrorKind::kUnsupported,
             "Results cannot carry this type, write {}::text: {} {}", column, column,
             type.ToString());
}

class DuckdbResult : public QueryResult {
 public:
  DuckdbResult(ObjectStore* store, std::shared_ptr<Session> session,
               const QueryLimits& limits, std::stop_token cancel)
      : store_(store),
        session_(std::move(session)),
        limits_(limits),
        connection_(*session_->database),
        activity_(QueryActivity::Attach(*connection_.context)),
        stopper_(limits, std::move(cancel)) {}

  /// DuckDB leaves out the wait for a query's tasks when its context goes while an
  /// exception is on its way; the tasks would then use what is gone.
  ~DuckdbResult() override {
    stopper_.Release();
    activity_->StopReadAhead();
    result_.reset();
    connection_.context->Destroy();
  }
  DuckdbResult(const DuckdbResult&) = delete;
  DuckdbResult& operator=(const DuckdbResult&) = delete;

  void Start(const Statement& statement) {
    Translated([&] {
      stopper_.Check();
      auto parsed = ParseRead(*connection_.context, statement.sql);
      prepared_ = connection_.Prepare(std::move(parsed));
      if (prepared_->HasError()) prepared_->GetErrorObject().Throw();
      CheckPrepared(*prepared_);
      stopper_.Check();
      auto values = Bind(statement.parameters);
      auto pending = prepared_->PendingQuery(values, /*allow_stream_result=*/true);
      if (pending->HasError()) pending->GetErrorObject().Throw();
      // DuckDB forgets interrupts that come before it starts.
      stopper_.Watch(
          [this] {
            activity_->StopReadAhead();
            connection_.Interrupt();
          },
          [this] { return Scanned(); });
      result_ = pending->Execute();
      if (result_->HasError()) result_->GetErrorObject().Throw();
      MakeSchema();
    });
  }

  std::shared_ptr<arrow::Schema> schema() const override { return schema_; }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    if (!result_) return nullptr;
    std::shared_ptr<arrow::RecordBatch> batch;
    Translated([&] {
      const auto chunk = result_->Fetch();
      if (result_->HasError()) result_->GetErrorObject().Throw();
      if (chunk && chunk->size() > 0) batch = ToArrow(*chunk);
    });
    if (batch) {
      rows_ += batch->num_rows();
      Translated([&] { CheckRows(rows_, limits_); });
    } else {
      Translated([&] { stopper_.CheckScanned(Scanned()); });
      Finish();
    }
    return batch;
  }

  QueryStatistics statistics() const override {
    QueryStatistics statistics;
    activity_->FillIn(&statistics);
    statistics.rows = rows_;
    const auto end = end_.value_or(Clock::now());
    statistics.wall =
        std::chrono::duration_cast<std::chrono::milliseconds>(end - stopper_.start());
    statistics.running = statistics.wall;
    return statistics;
  }

 private:
  int64_t Scanned() const {
    QueryStatistics statistics;
    activity_->FillIn(&statistics);
    return statistics.bytes_read;
  }

  void MakeSchema() {
    for (duckdb::idx_t i = 0; i < result_->types.size(); ++i) {
      CheckType(result_->names[i], result_->types[i]);
    }
    ArrowSchema schema;
    duckdb::ArrowConverter::ToArrowSchema(&schema, result_->types, result_->names,
                                          result_->client_properties);
    auto imported = arrow::ImportSchema(&schema);
    if (!imported.ok()) {
      throw Fail(ErrorKind::kUnsupported,
                 "The result has a type that cannot be passed on, cast it: {}",
                 imported.status().message());
    }
    schema_ = *std::move(imported);
    extensions_ = duckdb::ArrowTypeExtensionData::GetExtensionTypes(*connection_.context,
                                                                    result_->types);
  }

  std::shared_ptr<arrow::RecordBatch> ToArrow(duckdb::DataChunk& chunk) {
    ArrowArray array;
    duckdb::ArrowConverter::ToArrowArray(chunk, &array, result_->client_properties,
                                         extensions_);
    auto batch = arrow::ImportRecordBatch(&array, schema_);
    if (!batch.ok()) {
      throw Fail(ErrorKind::kInternal, "DuckDB gave no Arrow batch: {}",
                 batch.status().message());
    }
    return *std::move(batch);
  }

  void Finish() {
    end_ = Clock::now();
    activity_->StopReadAhead();
    result_.reset();
  }

  template <typename Function>
  void Translated(Function&& function) {
    try {
      function();
    } catch (const Error&) {
      Finish();
      throw;
    } catch (const std::exception& error) {
      Finish();
      throw Explain(duckdb::ErrorData(error));
    }
  }

  /// What happened outside of DuckDB says more than what DuckDB made of it.
  Error Explain(const duckdb::ErrorData& error) {
    const auto failure = activity_->failure();
    if (failure && failure->kind() == ErrorKind::kNotFound)
      return ExplainMissing(*failure);
    if (failure) return *failure;
    if (stopper_.reason() != QueryStopper::Reason::kNone) return stopper_.AsError();
    return TranslateDuckdbError(error, session_->TableNames());
  }

  Error ExplainMissing(const Error& failure) {
    if (Catalog(store_).Load() == session_->tables->state()) {
      return Fail(ErrorKind::kCorrupt, "A file of the lake is missing: {}",
                  failure.what());
    }
    return Fail(ErrorKind::kConflict,
                "The lake moved to a newer version during the query, run it again: {}",
                failure.what());
  }

  ObjectStore* store_;
  const std::shared_ptr<Session> session_;
  const QueryLimits limits_;
  std::optional<Clock::time_point> end_;
  duckdb::Connection connection_;
  const duckdb::shared_ptr<QueryActivity> activity_;
  duckdb::unique_ptr<duckdb::PreparedStatement> prepared_;
  duckdb::unique_ptr<duckdb::QueryResult> result_;
  std::shared_ptr<arrow::Schema> schema_;
  std::unordered_map<duckdb::idx_t,
                     const duckdb::shared_ptr<duckdb::ArrowTypeExtensionData>>
      extensions_;
  int64_t rows_ = 0;
  QueryStopper stopper_;
};

class DuckdbEngine : public Engine {
 public:
  explicit DuckdbEngine(ObjectStore* store) : store_(store) {
    CheckLibrary();
    if (IsRemote(*store)) remote_.emplace(store, ReadCache::kLeastCapacity);
  }

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    auto result = std::make_unique<DuckdbResult>(store_, CurrentSession(limits), limits,
                                                 std::move(cancel));
    result->Start(statement);
    return result;
  }

 private:
  std::shared_ptr<Session> CurrentSession(const QueryLimits& limits) {
    LakeState state = Catalog(store_).Load();
    const std::lock_guard lock(mutex_);
    const bool fits = session_ && session_->tables->state() == state &&
                      session_->limits.memory_bytes == limits.memory_bytes &&
                      session_->limits.threads == limits.threads;
    if (!fits) {
      session_ = OpenSession(store_, remote_ ? &*remote_ : nullptr, std::move(state),
                             limits, session_.get());
    }
    return session_;
  }

  ObjectStore* store_;
  std::optional<RemoteReads> remote_;  ///< When the store is.
  std::mutex mutex_;
  std::shared_ptr<Session> session_;  // Guarded by mutex_.
};

}  // namespace

std::unique_ptr<Engine> OpenDuckdbEngine(ObjectStore* store) {
  return std::make_unique<DuckdbEngine>(store);
}

}  // namespace shoestring
