#include "engine/duckdb_hot_tables.h"

#include <duckdb/catalog/catalog_entry/duck_table_entry.hpp>
#include <duckdb/common/types/column/column_data_collection.hpp>
#include <duckdb/function/table/table_scan.hpp>
#include <duckdb/main/attached_database.hpp>
#include <duckdb/main/database_manager.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/storage/buffer_manager.hpp>
#include <duckdb/storage/storage_manager.hpp>
#include <duckdb/storage/table_io_manager.hpp>
#include <duckdb/transaction/transaction_manager.hpp>

#include <fmt/ranges.h>

#include <algorithm>
#include <stop_token>
#include <utility>

#include "base/error.h"
#include "base/units.h"
#include "engine/duckdb_error.h"
#include "engine/duckdb_lake_scan.h"

namespace shoestring {

namespace {

/// A database beside the one with the views, so that it can be compressed by itself.
constexpr const char* kHot = "shoestring_hot";

/// The table function that scans a copy in the memory of another DuckDB.
constexpr const char* kHotScan = "hot_scan";

/// Rows that stand in memory as they are before they are compressed.
constexpr int64_t kRowsAtOnce = 512 << 10;

/// Rows that have bounds of their own; a scan reads all of them or none.
constexpr duckdb::idx_t kRowGroup = 4 * STANDARD_VECTOR_SIZE;

/// What reading and sorting a table may take; more goes to the temporary folder.
constexpr int64_t kSortBytes = 256 << 20;

std::string Quoted(const std::string& name) {
  return duckdb::KeywordHelper::WriteQuoted(name, '"');
}

std::string HotName(const std::string& table) {
  return fmt::format("{}.main.{}", kHot, Quoted(table));
}

/// As the files are sorted, and then by what they are partitioned by: of one fund, the
/// rows of a quarter lie together.
std::string OrderOf(const TableMetadata& table) {
  std::vector<std::string> terms;
  const auto add = [&](const std::string& column) {
    terms.push_back(Quoted(column) + " ASC NULLS LAST");
  };
  for (const SortColumn& sort : table.sort) {
    for (const LakeColumn& column : table.columns) {
      if (column.field_id == sort.field_id) add(column.name);
    }
  }
  if (!table.partitioning.column.empty()) add(table.partitioning.column);
  return terms.empty() ? "" : fmt::format(" ORDER BY {}", fmt::join(terms, ", "));
}

int64_t RowsOf(const TableMetadata& table) {
  int64_t rows = 0;
  for (const DataFile& file : table.files) rows += file.rows;
  return rows;
}

/// A database in memory takes row groups of 122,880 rows, whatever ATTACH says: many
/// times what a question about one fund needs.
class SmallRowGroups : public duckdb::TableIOManager {
 public:
  explicit SmallRowGroups(duckdb::BlockManager* blocks) : blocks_(*blocks) {}

  duckdb::BlockManager& GetIndexBlockManager() override { return blocks_; }
  duckdb::BlockManager& GetBlockManagerForRowData() override { return blocks_; }
  duckdb::MetadataManager& GetMetadataManager() override {
    return blocks_.GetMetadataManager();
  }
  duckdb::idx_t GetRowGroupSize() const override { return kRowGroup; }

 private:
  duckdb::BlockManager& blocks_;
};

void Run(duckdb::Connection* connection, const std::string& sql) {
  const auto result = connection->Query(sql);
  if (result->HasError()) result->ThrowError();
}

/// In one transaction, so that no query sees one table hot and another one not.
template <typename Source>
void ReplaceViews(const HotTables& hot, const Source& source_of,
                  duckdb::Connection* connection) {
  connection->BeginTransaction();
  for (const std::string& name : hot.names) {
    for (const LakeView& view : LakeViewsOf(name)) {
      Run(connection,
          fmt::format("CREATE OR REPLACE VIEW {}.{} AS FROM {}", Quoted(view.schema),
                      Quoted(view.name), source_of(name)));
    }
  }
  connection->Commit();
}

class HotLoader {
 public:
  /// `reader` is over the same version: a query that runs in `session` itself would keep
  /// its rows from being compressed, and sort in the memory of others.
  HotLoader(DuckdbSession* session, DuckdbSession* reader, const HotTables& hot,
            const std::stop_token& end)
      : session_(session),
        hot_(hot),
        reading_(*reader->database),
        writing_(*session->database),
        interrupt_(end, Interrupt{this}) {}

  HotTablesInMemory Load() {
    Run(&writing_, fmt::format("ATTACH ':memory:' AS {}", kHot));
    try {
      MakeRowGroupsSmall();
      for (const std::string& name : hot_.names) Copy(*session_->tables->Load(name));
      ReplaceViews(hot_, HotName, &writing_);
    } catch (...) {
      (void)writing_.Query(fmt::format("DETACH {}", kHot));
      throw;
    }
    return {rows_, Bytes()};
  }

 private:
  struct Interrupt {
    HotLoader* loader;
    void operator()() const {
      loader->reading_.Interrupt();
      loader->writing_.Interrupt();
    }
  };

  duckdb::AttachedDatabase& Database() {
    return *duckdb::DatabaseManager::Get(*writing_.context).GetDatabase(kHot);
  }

  void MakeRowGroupsSmall() {
    auto& storage =
        Database().GetStorageManager().Cast<duckdb::SingleFileStorageManager>();
    storage.table_io_manager =
        duckdb::make_uniq<SmallRowGroups>(storage.block_manager.get());
  }

  /// Of all tables in memory, and there are no others.
  int64_t Bytes() const {
    int64_t bytes = 0;
    auto& buffers =
        duckdb::BufferManager::GetBufferManager(*session_->database->instance);
    for (const auto& part : buffers.GetMemoryUsageInfo()) {
      if (part.tag == duckdb::MemoryTag::IN_MEMORY_TABLE) bytes += part.size;
    }
    return bytes;
  }

  void Copy(const LakeTable& table) {
    const std::string& name = table.metadata.name;
    const std::string scan = LakeScanOf(name);
    Run(&writing_,
        fmt::format("CREATE TABLE {} AS FROM {} LIMIT 0", HotName(name), scan));
    rows_to_come_ += RowsOf(table.metadata);
    const auto rows =
        reading_.SendQuery(fmt::format("FROM {}{}", scan, OrderOf(table.metadata)));
    if (rows->HasError()) rows->ThrowError();
    while (Append(name, rows.get())) Compress();
    Compress();
  }

  /// The next rows, in one transaction: DuckDB compresses what came in one piece. False
  /// when they were the last.
  bool Append(const std::string& table, duckdb::QueryResult* rows) {
    duckdb::ColumnDataCollection batch(*writing_.context, rows->types);
    const int64_t end = rows_ + kRowsAtOnce;
    while (rows_ < end) {
      const auto chunk = rows->Fetch();
      if (rows->HasError()) rows->ThrowError();
      if (!chunk || chunk->size() == 0) break;
      batch.Append(*chunk);
      rows_ += static_cast<int64_t>(chunk->size());
    }
    if (batch.Count() == 0) return false;
    writing_.Append(*writing_.TableInfo(kHot, DEFAULT_SCHEMA, table), batch);
    return rows_ >= end;
  }

  void Compress() {
    // Not as a statement: the sandbox has taken CHECKPOINT away.
    duckdb::ClientContext& context = *writing_.context;
    context.RunFunctionInTransaction(
        [&] { Database().GetTransactionManager().Checkpoint(context); });
    const int64_t bytes = Bytes();
    if (bytes <= hot_.memory_bytes) return;
    const double share = static_cast<double>(std::max<int64_t>(rows_, 1)) /
                         static_cast<double>(std::max<int64_t>(rows_to_come_, 1));
    const auto whole = static_cast<int64_t>(static_cast<double>(bytes) / share);
    throw Fail(
        ErrorKind::kLimit,
        "The hot tables do not fit into --hot-memory {}, they would take about {}: "
        "give them more, or keep fewer",
        FormatBytes(hot_.memory_bytes), FormatBytes(whole));
  }

  DuckdbSession* const session_;
  const HotTables& hot_;
  duckdb::Connection reading_;
  duckdb::Connection writing_;
  int64_t rows_ = 0;
  int64_t rows_to_come_ = 0;
  std::stop_callback<Interrupt> interrupt_;  // The last: it uses the connections.
};

struct HotScanInfo : duckdb::TableFunctionInfo {
  std::shared_ptr<DuckdbSession> holder;
};

/// As DuckDB binds a table of its own. The transaction of the query also is one of the
/// holder's database, which nothing changes any more.
duckdb::unique_ptr<duckdb::FunctionData> BindHotScan(
    duckdb::ClientContext& context, duckdb::TableFunctionBindInput& input,
    duckdb::vector<duckdb::LogicalType>& types, duckdb::vector<std::string>& names) {
  const auto& holder = *input.info->Cast<HotScanInfo>().holder;
  const auto database =
      duckdb::DatabaseManager::Get(*holder.database->instance).GetDatabase(kHot);
  auto& table = database->GetCatalog().GetEntry<duckdb::TableCatalogEntry>(
      context, DEFAULT_SCHEMA, input.inputs.at(0).GetValue<std::string>());
  for (const auto& column : table.GetColumns().Logical()) {
    types.push_back(column.Type());
    names.push_back(column.Name());
  }
  return duckdb::make_uniq<duckdb::TableScanBindData>(table);
}

void RegisterHotScan(const std::shared_ptr<DuckdbSession>& holder,
                     duckdb::DuckDB* database) {
  auto info = duckdb::make_shared_ptr<HotScanInfo>();
  info->holder = holder;
  duckdb::TableFunction scan = duckdb::TableScanFunction::GetFunction();
  scan.name = kHotScan;
  scan.arguments = {duckdb::LogicalType::VARCHAR};
  scan.bind = BindHotScan;
  scan.function_info = std::move(info);
  // They would read a plan back without its table.
  scan.serialize = nullptr;
  scan.deserialize = nullptr;
  duckdb::ExtensionLoader(*database->instance, "shoestring_hot").RegisterFunction(scan);
}

std::string HotScanOf(const std::string& table) {
  return fmt::format("{}({})", kHotScan, duckdb::KeywordHelper::WriteQuoted(table, '\''));
}

}  // namespace

HotTablesInMemory LoadHotTables(ObjectStore* store, DuckdbSession* session,
                                const HotTables& hot, const std::stop_token& end) {
  DuckdbSessions readers(store);
  const auto reader = readers.Current({.memory_bytes = kSortBytes});
  if (reader->tables->state() != session->tables->state()) {
    throw Error(ErrorKind::kConflict, "The lake has moved to another version already");
  }
  try {
    return HotLoader(session, reader.get(), hot, end).Load();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw TranslateDuckdbError(duckdb::ErrorData(error), session->TableNames());
  }
}

void ShareHotTables(const std::shared_ptr<DuckdbSession>& holder, DuckdbSession* other,
                    const HotTables& hot) {
  try {
    RegisterHotScan(holder, other->database.get());
    duckdb::Connection connection(*other->database);
    ReplaceViews(hot, HotScanOf, &connection);
  } catch (const std::exception& error) {
    throw TranslateDuckdbError(duckdb::ErrorData(error), other->TableNames());
  }
}

HotTablesKeeper::HotTablesKeeper(DuckdbSessions* sessions, HotTables hot)
    : sessions_(*sessions), hot_(std::move(hot)) {
  const auto session = sessions_.First(hot_.limits);
  session_ = session;
  Load(session, {});
}

void HotTablesKeeper::Follow(const std::shared_ptr<DuckdbSession>& session) {
  const std::lock_guard lock(mutex_);
  if (session_.lock() == session) return;
  session_ = session;
  loader_ = std::jthread([this, session](const std::stop_token& end) {
    try {
      Load(session, end);
    } catch (const Error& error) {
      if (!end.stop_requested()) hot_.failed(error.what());
    }
  });
}

void HotTablesKeeper::Load(const std::shared_ptr<DuckdbSession>& session,
                           const std::stop_token& end) {
  // First, since the one before it keeps the copies of the version before.
  const auto other = sessions_.Current(hot_.limits);
  const auto loaded = LoadHotTables(sessions_.store(), session.get(), hot_, end);
  const bool same_version = other->tables->state() == session->tables->state();
  if (other != session && same_version) ShareHotTables(session, other.get(), hot_);
  hot_.loaded(loaded);
}

}  // namespace shoestring
