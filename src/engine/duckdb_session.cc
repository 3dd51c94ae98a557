#include "engine/duckdb_session.h"

#include <cstdlib>
#include <filesystem>

#include "engine/duckdb_error.h"
#include "engine/duckdb_jsonb.h"
#include "engine/duckdb_lake_scan.h"
#include "engine/duckdb_sandbox.h"
#include "engine/duckdb_text_search.h"

namespace shoestring {

namespace {

using duckdb::Value;

/// The version whose headers this file was compiled with. They do not say it themselves;
/// its C++ interface is only good for the library of the very same version.
constexpr std::string_view kHeaderVersion = "v1.5.6";

/// Of the memory of queries on a remote store: what they read stays in it.
constexpr int64_t kCacheShare = 4;

/// Of the memory of queries: what they decoded stays in it.
constexpr int64_t kChunkShare = 8;

/// Of the memory of queries: what short ones have.
constexpr int64_t kShortShare = 16;

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

/// DuckDB's own default is as much.
int64_t MemoryOf(const QueryLimits& limits) {
  if (limits.memory_bytes > 0) return limits.memory_bytes;
  const auto files = duckdb::FileSystem::CreateLocal();
  return static_cast<int64_t>(duckdb::DBConfig::GetSystemAvailableMemory(*files)) / 10 *
         8;
}

/// What DuckDB itself may have of it.
int64_t QueryMemory(const DuckdbSession& session, bool remote) {
  const int64_t memory = MemoryOf(session.limits);
  if (session.for_short) return memory / kShortShare;
  return memory - memory / kChunkShare - memory / kShortShare -
         (remote ? memory / kCacheShare : 0);
}

void Configure(const DuckdbSession& session, bool remote, duckdb::DBConfig* config) {
  const auto set = [&](const char* name, const Value& value) {
    config->SetOptionByName(name, value);
  };
  set("autoinstall_known_extensions", Value::BOOLEAN(false));
  set("autoload_known_extensions", Value::BOOLEAN(false));
  set("allow_community_extensions", Value::BOOLEAN(false));
  set("extension_directory", Value(session.temporary.path() + "/extensions"));
  set("temp_directory", Value(session.temporary.path()));
  set("max_temp_directory_size", Value(kSpillLimit));
  const int64_t memory = QueryMemory(session, remote);
  // Ours has what it would hold, and more.
  if (remote) set("enable_external_file_cache", Value::BOOLEAN(false));
  set("memory_limit", Value(fmt::format("{}B", memory)));
  const int64_t threads = session.for_short ? 1 : session.limits.threads;
  if (threads > 0) set("threads", Value::BIGINT(threads));
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
std::shared_ptr<DuckdbSession> OpenSession(ObjectStore* store, RemoteReads* remote,
                                           ChunkCache* chunks, LakeState state,
                                           const QueryLimits& limits, bool for_short,
                                           const DuckdbSession* before) {
  auto session = std::make_shared<DuckdbSession>();
  session->limits = limits;
  session->for_short = for_short;
  if (remote) remote->SetCapacity(MemoryOf(limits) / kCacheShare);
  chunks->SetCapacity(MemoryOf(limits) / kChunkShare);
  try {
    duckdb::DBConfig config;
    Configure(*session, remote != nullptr, &config);
    session->database = std::make_unique<duckdb::DuckDB>(nullptr, &config);
    auto files =
        duckdb::make_uniq<LakeFileSystem>(store, remote ? remote->cache() : nullptr);
    session->tables =
        std::make_shared<LakeTables>(Catalog(store), std::move(state), files.get());
    if (before) session->tables->Adopt(*before->tables);
    const LakeReads reads{files.get(), chunks, remote};
    session->database->GetFileSystem().RegisterSubSystem(std::move(files));
    RegisterLakeTables(*session->database, session->tables, reads);
    RegisterJsonb(*session->database);
    RegisterTextSearch(*session->database);
    SetUp(*session->database);
    LockDown(*session->database);
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw TranslateDuckdbError(duckdb::ErrorData(error), {});
  }
  return session;
}

}  // namespace

SpillFolder::SpillFolder() {
  std::string name = std::filesystem::temp_directory_path() / "shoestring-XXXXXX";
  if (mkdtemp(name.data()) == nullptr) {
    throw Fail(ErrorKind::kUnavailable, "Cannot make a temporary folder, set TMPDIR: {}",
               name);
  }
  path_ = name;
}

SpillFolder::~SpillFolder() {
  std::error_code ignored;
  std::filesystem::remove_all(path_, ignored);
}

std::vector<std::string> DuckdbSession::TableNames() const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : tables->state().tables) names.push_back(name);
  return names;
}

DuckdbSessions::DuckdbSessions(ObjectStore* store) : store_(store) {
  CheckLibrary();
  if (IsRemote(*store)) remote_.emplace(store, ReadCache::kLeastCapacity);
}

std::shared_ptr<DuckdbSession> DuckdbSessions::Current(const QueryLimits& limits) {
  return Current(limits, /*for_short=*/false);
}

std::shared_ptr<DuckdbSession> DuckdbSessions::First(const QueryLimits& limits) {
  return Current(limits, HasShort(limits));
}

bool DuckdbSessions::HasShort(const QueryLimits& limits) const {
  return !remote_ && threads_ > 1 && limits.threads != 1;
}

std::shared_ptr<DuckdbSession> DuckdbSessions::Current(const QueryLimits& limits,
                                                       bool for_short) {
  LakeState state = Catalog(store_).Load();
  const std::lock_guard lock(mutex_);
  auto& session = for_short ? short_ : session_;
  const bool fits = session && session->tables->state() == state &&
                    session->limits.memory_bytes == limits.memory_bytes &&
                    session->limits.threads == limits.threads;
  if (!fits) {
    const auto& before = session ? session : for_short ? session_ : short_;
    session = OpenSession(store_, remote_ ? &*remote_ : nullptr, &chunks_,
                          std::move(state), limits, for_short, before.get());
  }
  return session;
}

}  // namespace shoestring
