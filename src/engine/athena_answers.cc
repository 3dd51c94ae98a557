#include "engine/athena_answers.h"

#include <arrow/api.h>

#include <map>

#include "base/json.h"
#include "engine/athena_rows.h"
#include "engine/trino_page.h"

namespace shoestring {

namespace {

using State = AthenaExecution::State;

constexpr std::string_view kAnswer = "Athena's answer";
constexpr std::string_view kCutoff = "Bytes scanned limit";

std::string TextOr(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found ? std::string(found->Text()) : "";
}

int64_t NumberOr(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found ? found->Integer() : 0;
}

bool FlagOr(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found && found->Boolean();
}

State ReadState(const JsonView& state) {
  static const std::map<std::string_view, State> kStates = {
      {"QUEUED", State::kQueued},
      {"RUNNING", State::kRunning},
      {"SUCCEEDED", State::kSucceeded},
      {"FAILED", State::kFailed},
      {"CANCELLED", State::kCancelled}};
  const auto found = kStates.find(state.Text());
  if (found != kStates.end()) return found->second;
  throw Fail(ErrorKind::kCorrupt, "{} is no state of a query: {}", state.path(),
             state.Text());
}

/// Reasons begin with the name that Trino has for them: "TABLE_NOT_FOUND: line 1:15: …".
std::string_view NameIn(std::string_view reason) {
  const size_t end = reason.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
  const bool named = end != std::string_view::npos && end > 1 && reason[end] == ':';
  return named ? reason.substr(0, end) : std::string_view();
}

ErrorKind KindByType(int64_t type) {
  switch (type) {
    case 1301: return ErrorKind::kNotFound;         // A table or database.
    case 1200: return ErrorKind::kUnsupported;      // A feature.
    case 1001:                                      // Division by zero,
    case 1002:                                      // a type,
    case 1006:                                      // a column,
    case 1100:                                      // a cast,
    case 1303: return ErrorKind::kInvalidArgument;  // a function.
    default: return ErrorKind::kInternal;
  }
}

void ReadFailure(const JsonView& status, AthenaExecution* execution) {
  constexpr int64_t kSystem = 1;
  int64_t category = 0;
  ErrorKind by_type = ErrorKind::kInternal;
  if (const auto error = status.Find("AthenaError")) {
    category = NumberOr(*error, "ErrorCategory");
    by_type = KindByType(NumberOr(*error, "ErrorType"));
    execution->retryable = category == kSystem && FlagOr(*error, "Retryable");
    if (execution->reason.empty()) execution->reason = TextOr(*error, "ErrorMessage");
  }
  const std::string_view name = NameIn(execution->reason);
  if (execution->reason.find(kCutoff) != std::string::npos) {
    execution->failure = ErrorKind::kLimit;
  } else if (name.ends_with("CANNOT_OPEN_SPLIT")) {
    execution->failure = ErrorKind::kConflict;  // A file of an older version is gone.
  } else if (by_type != ErrorKind::kInternal) {
    execution->failure = by_type;
  } else {
    const bool system = category == kSystem;
    execution->failure = TrinoErrorKind(name, system ? "INTERNAL_ERROR" : "USER_ERROR");
  }
}

void ReadStatistics(const JsonView& statistics, AthenaExecution* execution) {
  execution->scanned_bytes = NumberOr(statistics, "DataScannedInBytes");
  execution->queued_ms = NumberOr(statistics, "QueryQueueTimeInMillis");
  execution->running_ms = NumberOr(statistics, "EngineExecutionTimeInMillis");
  if (const auto reuse = statistics.Find("ResultReuseInformation")) {
    execution->reused = FlagOr(*reuse, "ReusedPreviousResult");
  }
}

std::shared_ptr<arrow::Schema> ReadSchema(const JsonView& columns) {
  arrow::FieldVector fields;
  for (const JsonView& column : columns.Items()) {
    fields.push_back(
        arrow::field(std::string(column["Name"].Text()),
                     AthenaArrowType(column["Type"].Text(),
                                     static_cast<int>(NumberOr(column, "Precision")),
                                     static_cast<int>(NumberOr(column, "Scale")))));
  }
  return arrow::schema(std::move(fields));
}

void AppendRow(const JsonView& row, AthenaRows* rows) {
  const auto data = row.Find("Data");
  const auto values = data ? data->Items() : std::vector<JsonView>();
  for (size_t i = 0; i < values.size(); ++i) {
    const auto text = values[i].Find("VarCharValue");
    rows->Append(i, text ? std::optional(text->Text()) : std::nullopt);
  }
  rows->EndRow(values.size());
}

}  // namespace

std::string ParseAthenaId(std::string_view json) {
  const auto document = ParseJson(json, kAnswer);
  return std::string(JsonView(document, std::string(kAnswer))["QueryExecutionId"].Text());
}

AthenaExecution ParseAthenaExecution(std::string_view json) {
  const auto document = ParseJson(json, kAnswer);
  const JsonView found = JsonView(document, std::string(kAnswer))["QueryExecution"];
  const JsonView status = found["Status"];
  AthenaExecution execution{.state = ReadState(status["State"])};
  execution.reason = TextOr(status, "StateChangeReason");
  const std::string type = TextOr(found, "StatementType");
  execution.is_query = type.empty() || type == "DML";
  execution.is_ddl = type == "DDL";
  if (const auto results = found.Find("ResultConfiguration")) {
    execution.output = TextOr(*results, "OutputLocation");
  }
  if (const auto statistics = found.Find("Statistics")) {
    ReadStatistics(*statistics, &execution);
  }
  ReadFailure(status, &execution);
  return execution;
}

AthenaPage ParseAthenaPage(std::string_view json, bool begins_with_names) {
  const auto document = ParseJson(json, kAnswer);
  const JsonView answer(document, std::string(kAnswer));
  const JsonView results = answer["ResultSet"];
  AthenaPage page{.schema = ReadSchema(results["ResultSetMetadata"]["ColumnInfo"])};
  page.next_token = TextOr(answer, "NextToken");
  const auto listed = results.Find("Rows");
  const auto items = listed ? listed->Items() : std::vector<JsonView>();
  AthenaRows rows(page.schema);
  for (size_t i = begins_with_names ? 1 : 0; i < items.size(); ++i) {
    AppendRow(items[i], &rows);
  }
  page.rows = rows.Take();
  return page;
}

AthenaWorkGroup ParseAthenaWorkGroup(std::string_view json) {
  const auto document = ParseJson(json, kAnswer);
  const JsonView found = JsonView(document, std::string(kAnswer))["WorkGroup"];
  AthenaWorkGroup group;
  const auto configuration = found.Find("Configuration");
  if (!configuration) return group;
  group.scan_cutoff_bytes = NumberOr(*configuration, "BytesScannedCutoffPerQuery");
  if (const auto results = configuration->Find("ResultConfiguration")) {
    group.output = TextOr(*results, "OutputLocation");
  }
  return group;
}

}  // namespace shoestring
