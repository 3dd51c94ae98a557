#include "engine/trino_page.h"

#include <arrow/api.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "base/json.h"
#include "engine/trino_type.h"

namespace shoestring {

namespace {

using Names = std::pair<std::string_view, ErrorKind>;

constexpr std::array kKindsOfNames = {
    Names{"TABLE_NOT_FOUND", ErrorKind::kNotFound},
    Names{"SCHEMA_NOT_FOUND", ErrorKind::kNotFound},
    Names{"CATALOG_NOT_FOUND", ErrorKind::kNotFound},
    Names{"PERMISSION_DENIED", ErrorKind::kPermission},
    Names{"NOT_SUPPORTED", ErrorKind::kUnsupported},
    Names{"USER_CANCELED", ErrorKind::kCancelled},
    Names{"ADMINISTRATIVELY_KILLED", ErrorKind::kCancelled},
    Names{"ADMINISTRATIVELY_PREEMPTED", ErrorKind::kUnavailable},
    Names{"EXCEEDED_TIME_LIMIT", ErrorKind::kTimeout},
    Names{"QUERY_QUEUE_FULL", ErrorKind::kUnavailable},
    Names{"SERVER_STARTING_UP", ErrorKind::kUnavailable},
    Names{"SERVER_SHUTTING_DOWN", ErrorKind::kUnavailable},
    Names{"NO_NODES_AVAILABLE", ErrorKind::kUnavailable},
};

/// What a server says that has no worker yet, or no place in its queue.
constexpr std::array<std::string_view, 3> kNothingRan = {
    "NO_NODES_AVAILABLE", "SERVER_STARTING_UP", "QUERY_QUEUE_FULL"};

/// Ends of the names that connectors give to damaged data: HIVE_BAD_DATA, …
constexpr std::array<std::string_view, 3> kDamage = {"_BAD_DATA", "_INVALID_METADATA",
                                                     "_MISSING_DATA"};

int64_t Number(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  if (!found) return 0;
  const std::string_view text = found->Text();
  int64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string TextOr(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found ? std::string(found->Text()) : "";
}

std::shared_ptr<arrow::Schema> ReadSchema(const JsonView& columns) {
  arrow::FieldVector fields;
  for (const JsonView& column : columns.Items()) {
    fields.push_back(arrow::field(std::string(column["name"].Text()),
                                  TrinoArrowType(column["typeSignature"])));
  }
  return arrow::schema(std::move(fields));
}

void Check(const arrow::Status& status) {
  if (status.ok()) return;
  throw Fail(status.IsOutOfMemory() ? ErrorKind::kLimit : ErrorKind::kInternal,
             "Arrow: {}", status.ToString());
}

std::shared_ptr<arrow::RecordBatch> ReadRows(
    const JsonView& data, const std::shared_ptr<arrow::Schema>& schema) {
  std::vector<std::unique_ptr<arrow::ArrayBuilder>> builders;
  for (const auto& field : schema->fields()) {
    builders.emplace_back();
    Check(arrow::MakeBuilder(arrow::default_memory_pool(), field->type(),
                             &builders.back()));
  }
  const auto rows = data.Items();
  for (const JsonView& row : rows) {
    const auto values = row.Items();
    if (values.size() != builders.size()) {
      throw Fail(ErrorKind::kCorrupt, "{} has {} values, not one a column: {}",
                 row.path(), values.size(), builders.size());
    }
    for (size_t i = 0; i < values.size(); ++i) {
      AppendTrinoValue(values[i], builders[i].get());
    }
  }
  arrow::ArrayVector arrays;
  for (const auto& builder : builders) {
    arrays.emplace_back();
    Check(builder->Finish(&arrays.back()));
  }
  return arrow::RecordBatch::Make(schema, static_cast<int64_t>(rows.size()),
                                  std::move(arrays));
}

Error ReadError(const JsonView& error) {
  const std::string name = TextOr(error, "errorName");
  const ErrorKind kind = TrinoErrorKind(name, TextOr(error, "errorType"));
  return Fail(kind, "Trino: {} [{}]", TextOr(error, "message"), name);
}

void ReadStatistics(const JsonView& statistics, TrinoPage* page) {
  page->queued_ms = Number(statistics, "queuedTimeMillis");
  page->elapsed_ms = Number(statistics, "elapsedTimeMillis");
  page->scanned_bytes = Number(statistics, "physicalInputBytes");
}

}  // namespace

ErrorKind TrinoErrorKind(std::string_view name, std::string_view type) {
  for (const auto& [known, kind] : kKindsOfNames) {
    if (name == known) return kind;
  }
  for (const std::string_view damage : kDamage) {
    if (name.ends_with(damage)) return ErrorKind::kCorrupt;
  }
  if (type == "USER_ERROR") return ErrorKind::kInvalidArgument;
  if (type == "INSUFFICIENT_RESOURCES") return ErrorKind::kLimit;
  return ErrorKind::kUnavailable;
}

TrinoPage ParseTrinoPage(std::string_view json) {
  const auto document = ParseJsonNumbersAsText(json, "Trino's answer");
  const JsonView answer(document, "Trino's answer");
  TrinoPage page;
  page.next_uri = TextOr(answer, "nextUri");
  if (const auto statistics = answer.Find("stats")) ReadStatistics(*statistics, &page);
  if (const auto error = answer.Find("error")) {
    page.error = ReadError(*error);
    const std::string name = TextOr(*error, "errorName");
    page.nothing_ran = std::ranges::find(kNothingRan, name) != kNothingRan.end();
    return page;
  }
  if (const auto columns = answer.Find("columns")) page.schema = ReadSchema(*columns);
  const auto data = answer.Find("data");
  if (data && !page.schema) {
    throw Fail(ErrorKind::kCorrupt, "Trino's answer has rows, but no columns");
  }
  if (data && !data->Items().empty()) page.rows = ReadRows(*data, page.schema);
  return page;
}

}  // namespace shoestring
