#include "job/migrate_plan.h"

#include <arrow/type.h>

#include <algorithm>
#include <cctype>
#include <functional>

#include "base/error.h"
#include "base/terminal_text.h"
#include "job/table_choice.h"
#include "source/value_survey.h"

namespace shoestring {

namespace {

constexpr int64_t kMinPartitionedRows = 50'000;
constexpr int64_t kMinPartitionedBytes = 8 << 20;
// Fewer scans than that may be those of a script that loaded the data.
constexpr int64_t kMeaningfulScans = 100;
constexpr int kFirstVersionWithTidRangeScan = 140000;
constexpr int64_t kMinRangePages = 256;
constexpr int64_t kMaxRangePages = 16384;
// Of what is left to be read, each worker takes one part in so many at a time.
constexpr int kRangesPerJob = 2;
// Its tables have no schema before their names in the lake.
constexpr std::string_view kUnnamedSchema = "public";

std::string LowerCase(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return text;
}

bool IsDateOrTimestamp(const ColumnMapping& mapping) {
  return mapping.wire == Wire::kDate || mapping.wire == Wire::kTimestamp;
}

std::optional<size_t> FindColumn(const TablePlan& plan, std::string_view name) {
  for (size_t i = 0; i < plan.mappings.size(); ++i) {
    if (plan.mappings[i].column == name) return i;
  }
  return std::nullopt;
}

size_t FindColumnOrThrow(const TablePlan& plan, const std::string& name,
                         std::string_view flag) {
  if (const auto found = FindColumn(plan, name)) return *found;
  std::vector<std::string> names;
  for (const auto& mapping : plan.mappings) names.push_back(mapping.column);
  throw Fail(ErrorKind::kInvalidArgument, "{}: table {} has no column {}; it has {}",
             flag, plan.source.name, name, fmt::join(names, ", "));
}

void CheckName(std::string_view what, const std::string& name) {
  if (IsFolderName(name)) return;
  throw Fail(
      ErrorKind::kUnsupported,
      "{} {}: its name cannot be a folder's name in a lake (it begins with . or "
      "_, or has one of / \\ % = ? # * . or a control character in it). Way out: a "
      "view with a plain name",
      what, InQuotes(name));
}

void CheckColumnNames(const TablePlan& plan) {
  const auto partition_columns = PartitionColumns(plan.partitioning.granularity);
  std::vector<std::string> seen;
  for (const auto& mapping : plan.mappings) {
    const std::string lower = LowerCase(mapping.column);
    if (std::find(seen.begin(), seen.end(), lower) != seen.end()) {
      throw Fail(ErrorKind::kUnsupported,
                 "Table {}: two columns are called {} once Athena has lower-cased them. "
                 "Way out: a view that renames one",
                 plan.source.name, lower);
    }
    seen.push_back(lower);
    if (std::find(partition_columns.begin(), partition_columns.end(), lower) !=
        partition_columns.end()) {
      throw Fail(ErrorKind::kUnsupported,
                 "Table {}: its column {} has the name of a partition column. Way out: "
                 "--partition-by none, or a view that renames it",
                 plan.source.name, mapping.column);
    }
  }
}

struct PartitionRequest {
  std::string column;
  Granularity granularity = Granularity::kMonth;
};

PartitionRequest ParsePartitionBy(const std::string& text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string::npos) return {text, Granularity::kMonth};
  const std::string granularity = text.substr(colon + 1);
  for (const Granularity known :
       {Granularity::kYear, Granularity::kMonth, Granularity::kDay}) {
    if (granularity == ToString(known)) return {text.substr(0, colon), known};
  }
  throw Fail(ErrorKind::kInvalidArgument,
             "--partition-by {}: after the colon comes year, month or day",
             InQuotes(text));
}

void ChoosePartitioning(const MigrateOptions& options, TablePlan* plan) {
  if (options.partition_by == "none") {
    plan->partition_reason = "as --partition-by says";
    return;
  }
  if (options.partition_by) {
    const PartitionRequest request = ParsePartitionBy(*options.partition_by);
    const auto column = FindColumn(*plan, request.column);
    if (column) {
      if (!IsDateOrTimestamp(plan->mappings[*column])) {
        throw Fail(ErrorKind::kInvalidArgument,
                   "--partition-by: {}.{} is no date or timestamp", plan->source.name,
                   request.column);
      }
      plan->partitioning = {request.granularity, request.column};
      plan->partition_reason = "as --partition-by says";
      return;
    }
    if (options.tables.size() == 1) {
      FindColumnOrThrow(*plan, request.column, "--partition-by");
    }
  }
  const int64_t rows = plan->source.EstimatedRows();
  if (rows < kMinPartitionedRows && plan->source.bytes() < kMinPartitionedBytes) {
    plan->partition_reason = "too small to gain from partitions";
    return;
  }
  for (size_t i = 0; i < plan->mappings.size(); ++i) {
    if (!IsDateOrTimestamp(plan->mappings[i])) continue;
    if (!plan->source.columns[i].not_null) continue;
    plan->partitioning = {Granularity::kMonth, plan->mappings[i].column};
    plan->partition_reason = "the first date that is never null";
    return;
  }
  plan->partition_reason = "no date or timestamp that is never null";
}

std::vector<size_t> SortableColumns(const TablePlan& plan,
                                    const std::vector<std::string>& names) {
  std::vector<size_t> columns;
  for (const auto& name : names) {
    const auto column = FindColumn(plan, name);
    if (!column || plan.mappings[*column].wire == Wire::kArray) return {};
    columns.push_back(*column);
  }
  return columns;
}

void ChooseSort(const MigrateOptions& options, TablePlan* plan) {
  if (!options.sort_by.empty()) {
    for (const auto& name : options.sort_by) {
      const size_t column = FindColumnOrThrow(*plan, name, "--sort-by");
      if (plan->mappings[column].wire == Wire::kArray) {
        throw Fail(ErrorKind::kInvalidArgument, "--sort-by: {}.{} is an array",
                   plan->source.name, name);
      }
      plan->sort.push_back(column);
    }
    plan->sort_reason = "as --sort-by says";
    return;
  }
  const SourceIndex* best = nullptr;
  const auto uses = [](const SourceIndex& index) {
    return index.scans >= kMeaningfulScans ? index.scans : 0;
  };
  for (const auto& index : plan->source.indexes) {
    if (index.unique || index.columns.empty()) continue;
    if (index.columns[0] == plan->partitioning.column) continue;
    if (SortableColumns(*plan, index.columns).empty()) continue;
    if (best == nullptr || uses(index) > uses(*best)) best = &index;
  }
  if (best != nullptr) {
    plan->sort = SortableColumns(*plan, best->columns);
    plan->sort_reason = uses(*best) > 0
                            ? fmt::format("the most used index, {}", best->name)
                            : fmt::format("the first index, {}", best->name);
    return;
  }
  plan->sort = SortableColumns(*plan, plan->source.PrimaryKey());
  plan->sort_reason =
      plan->sort.empty() ? "no index and no primary key" : "the primary key";
}

// One statement for the whole table, whatever it is.
std::string WholeTable(const TablePlan& plan, const MigrateOptions& options) {
  std::string from = plan.source.QualifiedName() + Condition("WHERE", options);
  if (options.limit) from += fmt::format(" LIMIT {}", *options.limit);
  return CopyStatement(plan, from);
}

// ctid ranges of one heap; the last is open-ended, for pages that come after the plan.
// They become smaller as there is less `left` of all heaps, so that no worker has much to
// read when the others have come to their end.
void AddPageRanges(const TablePlan& plan, const RowSource& relation,
                   const MigrateOptions& options, int64_t* left,
                   std::vector<std::string>* ranges) {
  const std::string where = Condition("AND", options);
  for (int64_t page = 0; page == 0 || page < relation.pages;) {
    const int64_t end = page + std::clamp(*left / (options.jobs * kRangesPerJob),
                                          kMinRangePages, kMaxRangePages);
    std::string from = fmt::format("ONLY {} WHERE ctid >= '({},0)'",
                                   QuoteQualified(relation.schema, relation.name), page);
    if (end < relation.pages) from += fmt::format(" AND ctid < '({},0)'", end);
    ranges->push_back(CopyStatement(plan, from + where));
    *left -= std::min(end, relation.pages) - page;
    page = end;
  }
}

// Whether all rows are in heaps that this role may read, and sees all of.
bool InReadableHeaps(const TableDescription& source) {
  return !source.relations.empty() &&
         std::all_of(
             source.relations.begin(), source.relations.end(),
             [](const RowSource& r) { return r.heap && r.direct && r.kind == 'r'; });
}

void PlanRanges(const MigrateOptions& options, int server_version, TablePlan* plan) {
  // A materialized view cannot be locked, and a second session would queue behind a
  // REFRESH that waits for the first.
  const bool splittable = !options.limit &&
                          server_version >= kFirstVersionWithTidRangeScan &&
                          InReadableHeaps(plan->source);
  if (!splittable) {
    plan->ranges = {WholeTable(*plan, options)};
    return;
  }
  int64_t left = 0;
  for (const auto& relation : plan->source.relations) left += relation.pages;
  for (const auto& relation : plan->source.relations) {
    AddPageRanges(*plan, relation, options, &left, &plan->ranges);
  }
}

std::vector<LakeColumn> LakeColumns(const TablePlan& plan) {
  std::vector<LakeColumn> columns;
  for (size_t i = 0; i < plan.mappings.size(); ++i) {
    const SourceColumn& source = plan.source.columns[i];
    LakeColumn column;
    column.name = source.name;
    column.type = LakeTypeOf(*plan.mappings[i].type);
    // A view's columns are nullable whatever its tables say; so is what it becomes.
    column.required = source.not_null && plan.mappings[i].policy != AnomalyPolicy::kNull;
    column.source_type = source.type.name;
    column.comment = source.comment;
    columns.push_back(std::move(column));
  }
  AssignFieldIds(&columns);
  return columns;
}

struct AnomalyRule {
  std::string target;  ///< Empty: every column.
  AnomalyPolicy policy;
};

AnomalyRule ParseAnomalyRule(const std::string& text) {
  const size_t equals = text.rfind('=');
  const size_t name = equals == std::string::npos ? 0 : equals + 1;
  const auto policy = ParseAnomalyPolicy(text.substr(name));
  if (policy) return {text.substr(0, name == 0 ? 0 : equals), *policy};
  throw Fail(ErrorKind::kInvalidArgument,
             "--anomaly {}: the policy is error, null, clamp or text", InQuotes(text));
}

// That of the rule which says most of the column, the last one of equals.
AnomalyPolicy PolicyOf(const MigrateOptions& options, const std::string& table,
                       const std::string& column) {
  AnomalyPolicy policy = AnomalyPolicy::kError;
  size_t best = 0;
  for (const auto& text : options.anomalies) {
    const AnomalyRule rule = ParseAnomalyRule(text);
    const bool fits = rule.target.empty() || rule.target == column ||
                      rule.target == fmt::format("{}.{}", table, column);
    if (!fits || rule.target.size() < best) continue;
    best = rule.target.size();
    policy = rule.policy;
  }
  return policy;
}

void CheckAnomalyTargets(const MigrateOptions& options,
                         const std::vector<TablePlan>& plans) {
  for (const auto& text : options.anomalies) {
    const AnomalyRule rule = ParseAnomalyRule(text);
    const bool found =
        rule.target.empty() ||
        std::any_of(plans.begin(), plans.end(), [&](const TablePlan& plan) {
          return std::any_of(
              plan.columns.begin(), plan.columns.end(), [&](const LakeColumn& column) {
                return rule.target == column.name ||
                       rule.target == fmt::format("{}.{}", plan.name, column.name);
              });
        });
    if (found) continue;
    throw Fail(ErrorKind::kInvalidArgument, "--anomaly {}: no table has such a column",
               text);
  }
}

std::string Subject(const TablePlan& plan) { return "Table " + plan.source.name; }

// What COPY would be refused is refused here, before anything is written: a privilege
// that is missing, rows that a policy hides, a foreign server. So is a condition that
// ends its statement and begins another, as Postgres takes one statement only here.
// Of plain tables their description says as much, and the lock that they are under.
void CheckReadable(Connection* connection, const std::vector<TablePlan>& plans,
                   const MigrateOptions& options) {
  std::vector<Command> checks;
  for (const auto& plan : plans) {
    const bool plain = plan.source.kind == 'r' && InReadableHeaps(plan.source);
    if (plain && options.where.empty()) continue;
    checks.push_back(
        {fmt::format("SELECT * FROM {}{} LIMIT 0", plan.source.QualifiedName(),
                     Condition("WHERE", options)),
         {},
         Subject(plan)});
  }
  connection->ExecuteAll(checks);
}

std::string LakeName(const TableDescription& source) {
  if (source.schema == kUnnamedSchema) return source.name;
  return fmt::format("{}.{}", source.schema, source.name);
}

void CheckDescription(const TableDescription& source) {
  CheckName("Schema", source.schema);
  CheckName("Table", source.name);
  if (!source.columns.empty()) return;
  throw Fail(
      ErrorKind::kUnsupported,
      "Table {} has no columns, and Parquet files must have one. Way out: leave it "
      "out with --exclude {}",
      source.name, source.name);
}

std::vector<AnomalyPolicy> Policies(const MigrateOptions& options,
                                    const TablePlan& plan) {
  std::vector<AnomalyPolicy> policies;
  for (const auto& column : plan.source.columns) {
    policies.push_back(PolicyOf(options, plan.name, column.name));
  }
  return policies;
}

std::vector<ValueSurvey> SurveyAll(Connection* connection, const MigrateOptions& options,
                                   const std::vector<TablePlan>& plans) {
  std::vector<ValueSurvey> surveys;
  for (const auto& plan : plans) {
    surveys.emplace_back(plan.name, plan.source.columns, Policies(options, plan),
                         plan.source.QualifiedName() + Condition("WHERE", options));
  }
  ValueSurvey::AskAll(connection, &surveys);
  return surveys;
}

void PlanTable(Connection* connection, const MigrateOptions& options,
               const ValueSurvey& survey, TablePlan* plan) {
  const Connection::Subject subject(connection, Subject(*plan));
  const std::vector<SourceColumn>& columns = plan->source.columns;
  const std::vector<AnomalyPolicy> policies = Policies(options, *plan);
  const std::vector<ColumnSurvey> found = survey.Columns(connection);
  for (size_t i = 0; i < columns.size(); ++i) {
    plan->mappings.push_back(MapColumn(columns[i], policies[i], found[i]));
  }
  plan->columns = LakeColumns(*plan);
  ChoosePartitioning(options, plan);
  CheckColumnNames(*plan);
  ChooseSort(options, plan);
  plan->key = SortableColumns(*plan, plan->source.PrimaryKey());
  PlanRanges(options, connection->server_version(), plan);
}

/// Reasons not to migrate, to be told together.
class Refusals {
 public:
  void Try(const std::function<void()>& plan) {
    try {
      plan();
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kUnsupported) throw;
      refusals_.push_back(error);
      // What Postgres refuses ends the transaction: no more can be looked for.
      if (!error.sqlstate().empty()) ThrowIfAny();
    }
  }

  void ThrowIfAny() const {
    if (refusals_.empty()) return;
    if (refusals_.size() == 1) throw refusals_[0];
    std::string all;
    for (const auto& refusal : refusals_) all += fmt::format("\n{}", refusal.what());
    throw Fail(ErrorKind::kUnsupported, "{} tables cannot be migrated as they are:{}",
               refusals_.size(), all);
  }

 private:
  std::vector<Error> refusals_;
};

std::vector<TablePlan> DescribeAll(Connection* connection, const MigrateOptions& options,
                                   Refusals* refusals) {
  std::vector<TablePlan> plans;
  for (auto& source : DescribeTables(connection, ChooseTables(connection, options))) {
    refusals->Try([&] {
      CheckDescription(source);
      TablePlan plan;
      plan.name = LakeName(source);
      plan.source = std::move(source);
      plans.push_back(std::move(plan));
    });
  }
  return plans;
}

void CheckLakeNames(const std::vector<TablePlan>& plans) {
  std::vector<std::string> seen;
  for (const auto& plan : plans) {
    const std::string lower = LowerCase(plan.name);
    if (std::find(seen.begin(), seen.end(), lower) != seen.end()) {
      throw Fail(
          ErrorKind::kUnsupported,
          "Two tables are called {} once Athena has lower-cased them. Way out: leave "
          "one out with --exclude, or migrate a view with another name",
          lower);
    }
    seen.push_back(lower);
  }
}

}  // namespace

RowKey TablePlan::MakeRowKey() const {
  std::vector<RowKey::Part> partition;
  std::vector<RowKey::Part> order;
  for (size_t i = 0; i < mappings.size(); ++i) {
    if (mappings[i].column == partitioning.column) partition.push_back({i, mappings[i]});
  }
  for (const size_t i : sort) order.push_back({i, mappings[i]});
  return RowKey(std::move(partition), static_cast<int>(partitioning.granularity),
                std::move(order));
}

RowDecoder TablePlan::MakeDecoder(std::shared_ptr<arrow::Array> texts) const {
  return RowDecoder(name, mappings, key, std::move(texts));
}

std::string Condition(std::string_view keyword, const MigrateOptions& options) {
  // The line break ends a comment.
  return options.where.empty() ? "" : fmt::format(" {} ({}\n)", keyword, options.where);
}

std::string CopyStatement(const TablePlan& plan, const std::string& from) {
  std::vector<std::string> columns;
  for (const auto& mapping : plan.mappings)
    columns.push_back(QuoteIdentifier(mapping.column) + mapping.cast);
  return fmt::format("COPY (SELECT {} FROM {}) TO STDOUT (FORMAT binary)",
                     fmt::join(columns, ", "), from);
}

void CheckNamesInLake(const std::vector<TablePlan>& plans, const LakeState& state) {
  for (const auto& plan : plans) {
    for (const auto& [name, entry] : state.tables) {
      if (name == plan.name || LowerCase(name) != LowerCase(plan.name)) continue;
      throw Fail(ErrorKind::kUnsupported,
                 "The lake has a table {}, which Athena cannot tell from {}. Way out: a "
                 "view with another name, or another lake",
                 name, plan.name);
    }
  }
}

std::vector<TablePlan> PlanMigration(Connection* connection,
                                     const MigrateOptions& options) {
  Refusals refusals;
  std::vector<TablePlan> plans = DescribeAll(connection, options, &refusals);
  refusals.Try([&] { CheckReadable(connection, plans, options); });
  const auto surveys = SurveyAll(connection, options, plans);
  for (size_t i = 0; i < plans.size(); ++i) {
    refusals.Try([&] { PlanTable(connection, options, surveys[i], &plans[i]); });
  }
  refusals.ThrowIfAny();
  CheckLakeNames(plans);
  CheckAnomalyTargets(options, plans);
  if (options.partition_by && *options.partition_by != "none") {
    const std::string column = ParsePartitionBy(*options.partition_by).column;
    if (std::none_of(plans.begin(), plans.end(), [&](const TablePlan& plan) {
          return plan.partitioning.column == column;
        })) {
      throw Fail(ErrorKind::kInvalidArgument, "--partition-by: no table has a column {}",
                 column);
    }
  }
  std::stable_sort(plans.begin(), plans.end(),
                   [](const TablePlan& a, const TablePlan& b) {
                     return a.source.bytes() > b.source.bytes();
                   });
  return plans;
}

}  // namespace shoestring
