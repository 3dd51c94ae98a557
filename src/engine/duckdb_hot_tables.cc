#include "engine/duckdb_hot_tables.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "base/units.h"
#include "engine/duckdb_error.h"
#include "engine/duckdb_hot_copy.h"
#include "sql/lake_scan.h"

namespace shoestring {

namespace {

/// What reading and sorting a table may take; more goes to the temporary folder.
constexpr int64_t kSortBytes = 256 << 20;

/// As the files are sorted, and then by what they are partitioned by: of one fund, the
/// rows of a quarter lie together.
std::string OrderOf(const TableMetadata& table) {
  std::vector<std::string> terms;
  const auto add = [&](const std::string& column) {
    terms.push_back(duckdb::KeywordHelper::WriteQuoted(column, '"') + " ASC NULLS LAST");
  };
  for (const SortColumn& sort : table.sort) {
    for (const LakeColumn& column : table.columns) {
      if (column.field_id == sort.field_id) add(column.name);
    }
  }
  if (!table.partitioning.column.empty()) add(table.partitioning.column);
  return terms.empty() ? "" : fmt::format(" ORDER BY {}", fmt::join(terms, ", "));
}

HotTablesInMemory Sum(const LakeTablesByName& copies) {
  HotTablesInMemory sum;
  for (const auto& [name, copy] : copies) {
    sum.rows += RowsOf(copy->metadata);
    sum.bytes += copy->memory->held();
  }
  return sum;
}

class HotLoader {
 public:
  HotLoader(DuckdbSession* reader, const HotTables& hot, const LakeTablesByName& known,
            const std::stop_token& end)
      : tables_(*reader->tables),
        hot_(hot),
        known_(known),
        connection_(*reader->database),
        interrupt_(end, Interrupt{&connection_}) {}

  LakeTablesByName Load() {
    for (const std::string& name : hot_.names) {
      rows_to_come_ += RowsOf(tables_.Load(name)->metadata);
    }
    for (const std::string& name : hot_.names) {
      if (copies_.contains(name)) continue;
      const auto found = known_.find(name);
      copies_[name] = found != known_.end() ? found->second : Copy(tables_.Load(name));
      CheckMemory(Sum(copies_));
    }
    return std::move(copies_);
  }

 private:
  struct Interrupt {
    duckdb::Connection* connection;
    void operator()() const { connection->Interrupt(); }
  };

  std::shared_ptr<const LakeTable> Copy(std::shared_ptr<const LakeTable> table) {
    const auto result = connection_.SendQuery(fmt::format(
        "FROM {}{}", LakeScanOf(table->metadata.name), OrderOf(table->metadata)));
    if (result->HasError()) result->ThrowError();
    HotCopyWriter writer(std::move(table));
    const HotTablesInMemory before = Sum(copies_);
    for (auto rows = result->Fetch(); rows && rows->size() > 0; rows = result->Fetch()) {
      writer.Add(*rows);
      CheckMemory({before.rows + writer.rows(), before.bytes + writer.bytes()});
    }
    if (result->HasError()) result->ThrowError();
    return writer.Finish();
  }

  void CheckMemory(const HotTablesInMemory& now) const {
    if (now.bytes <= hot_.memory_bytes) return;
    const double share = static_cast<double>(std::max<int64_t>(now.rows, 1)) /
                         static_cast<double>(std::max<int64_t>(rows_to_come_, 1));
    throw Fail(
        ErrorKind::kLimit,
        "The hot tables do not fit into --hot-memory {}, they would take about {}: "
        "give them more, or keep fewer",
        FormatBytes(hot_.memory_bytes),
        FormatBytes(static_cast<int64_t>(static_cast<double>(now.bytes) / share)));
  }

  LakeTables& tables_;
  const HotTables& hot_;
  const LakeTablesByName& known_;
  duckdb::Connection connection_;
  LakeTablesByName copies_;
  int64_t rows_to_come_ = 0;
  std::stop_callback<Interrupt> interrupt_;  // The last: it uses the connection.
};

}  // namespace

LakeTablesByName CopyHotTables(DuckdbSession* reader, const HotTables& hot,
                               const LakeTablesByName& known,
                               const std::stop_token& end) {
  try {
    return HotLoader(reader, hot, known, end).Load();
  } catch (const Error&) {
    throw;
  } catch (const std::exception& error) {
    throw TranslateDuckdbError(duckdb::ErrorData(error), reader->TableNames());
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
  DuckdbSessions readers(sessions_.store());
  const auto reader = readers.Current({.memory_bytes = kSortBytes});
  const LakeState& version = session->tables->state();
  if (reader->tables->state() != version) {
    throw Error(ErrorKind::kConflict, "The lake has moved to another version already");
  }
  const auto copies = CopyHotTables(reader.get(), hot_, session->tables->copies(), end);
  session->tables->UseCopies(copies);
  if (other->tables->state() == version) other->tables->UseCopies(copies);
  hot_.loaded(Sum(copies));
}

}  // namespace shoestring
