#include "job/range_reader.h"

#include <string>
#include <utility>

#include "base/error.h"

namespace shoestring {

namespace {

// Those who count are told so often: their counters are all workers'.
constexpr int64_t kTellBytes = 64 << 10;

}  // namespace

int64_t ReadRange(Connection* connection, const TablePlan& plan, size_t range,
                  ValueCleaner* cleaner, const RangeCallbacks& callbacks) {
  const Connection::Subject subject(connection, "Table " + plan.name);
  int64_t rows = 0;
  CopyStream stream(plan.mappings.size(),
                    [&](std::span<const TupleField> fields, Bytes tuple) {
                      callbacks.on_row(cleaner->Clean({fields, tuple}));
                      ++rows;
                    });
  int64_t told = 0;
  int64_t bytes = 0;
  const auto tell = [&] {
    callbacks.on_data(rows - told, std::exchange(bytes, 0));
    told = rows;
  };
  const int64_t tag = connection->CopyOut(plan.ranges[range], [&](Bytes data) {
    stream.Feed(data);
    bytes += static_cast<int64_t>(data.size());
    if (bytes >= kTellBytes) tell();
  });
  tell();
  if (!stream.finished() || tag != rows) {
    throw Fail(ErrorKind::kCorrupt,
               "Table {}: Postgres says {} rows, its COPY stream held {}", plan.name, tag,
               rows);
  }
  return rows;
}

bool ForExporter(const TablePlan& plan) {
  const char kind = plan.source.kind;
  return kind == 'v' || kind == 'm' || kind == 'f';
}

}  // namespace shoestring
