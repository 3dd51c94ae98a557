#include "engine/recorded_engine.h"

#include <arrow/api.h>

#include "base/checksum.h"
#include "base/error.h"
#include "base/terminal_text.h"
#include "engine/statement_splitter.h"

namespace shoestring {

namespace {

using Record = std::function<void(const LedgerEntry&)>;

constexpr int kShownWidth = 160;
constexpr size_t kIdDigits = 16;

int64_t Now() {
  using std::chrono::system_clock;
  return std::chrono::duration_cast<std::chrono::milliseconds>(
             system_clock::now().time_since_epoch())
      .count();
}

/// What stays the same whatever becomes of the query.
LedgerEntry EntryOf(const std::string& engine, const Statement& statement) {
  LedgerEntry entry;
  entry.engine = engine;
  entry.statement_id = ChecksumOf(statement.sql).substr(0, kIdDigits);
  entry.statement = CutToWidth(Printable(WithoutValues(statement.sql)), kShownWidth);
  return entry;
}

void FillIn(const QueryStatistics& used, LedgerEntry* entry) {
  entry->time_ms = Now();
  entry->rows = used.rows;
  entry->bytes = used.bytes_read;
  entry->requests = used.requests;
  entry->dollars = used.dollars;
  entry->wall_ms = used.wall.count();
  entry->reused = used.reused;
  entry->cached = used.cached_for.has_value();
}

/// Nothing was run for these.
bool IsRefusal(ErrorKind kind) {
  return kind == ErrorKind::kInvalidArgument || kind == ErrorKind::kNotFound ||
         kind == ErrorKind::kUnsupported || kind == ErrorKind::kPermission;
}

class RecordedResult : public QueryResult {
 public:
  RecordedResult(std::unique_ptr<QueryResult> inner, LedgerEntry entry,
                 const Record& record)
      : inner_(std::move(inner)), entry_(std::move(entry)), record_(record) {}
  ~RecordedResult() override { Ended("stopped"); }
  RecordedResult(const RecordedResult&) = delete;
  RecordedResult& operator=(const RecordedResult&) = delete;

  std::shared_ptr<arrow::Schema> schema() const override { return inner_->schema(); }
  QueryStatistics statistics() const override { return inner_->statistics(); }

  std::shared_ptr<arrow::RecordBatch> Next() override {
    try {
      auto batch = inner_->Next();
      if (!batch) Ended("ok");
      return batch;
    } catch (const Error& error) {
      Ended(ErrorKindName(error.kind()));
      throw;
    }
  }

 private:
  void Ended(std::string_view outcome) {
    if (recorded_) return;
    recorded_ = true;
    entry_.outcome = outcome;
    FillIn(inner_->statistics(), &entry_);
    record_(entry_);
  }

  const std::unique_ptr<QueryResult> inner_;
  LedgerEntry entry_;
  const Record& record_;
  bool recorded_ = false;
};

class RecordedEngine : public Engine {
 public:
  RecordedEngine(Engine* inner, std::string name, Record record)
      : inner_(inner), name_(std::move(name)), record_(std::move(record)) {}

  std::unique_ptr<QueryResult> Run(const Statement& statement, const QueryLimits& limits,
                                   std::stop_token cancel) override {
    LedgerEntry entry = EntryOf(name_, statement);
    const auto start = std::chrono::steady_clock::now();
    try {
      return std::make_unique<RecordedResult>(
          inner_->Run(statement, limits, std::move(cancel)), entry, record_);
    } catch (const Error& error) {
      if (!IsRefusal(error.kind())) {
        QueryStatistics used;
        used.wall = std::chrono::duration_cast<std::chrono::milliseconds>(
            std::chrono::steady_clock::now() - start);
        FillIn(used, &entry);
        entry.outcome = ErrorKindName(error.kind());
        record_(entry);
      }
      throw;
    }
  }

  StatementPlanner* planner() override { return inner_->planner(); }

 private:
  Engine* const inner_;
  const std::string name_;
  const Record record_;
};

}  // namespace

std::unique_ptr<Engine> MakeRecordedEngine(Engine* inner, std::string name,
                                           Record record) {
  return std::make_unique<RecordedEngine>(inner, std::move(name), std::move(record));
}

}  // namespace shoestring
