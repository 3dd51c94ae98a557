#include "job/resume.h"

#include <arrow/type.h>

#include <algorithm>
#include <map>

#include "base/checksum.h"
#include "source/table_changes.h"

namespace shoestring {

namespace {

// Parts that hold anything, told apart by their lengths.
void Append(std::string* text, std::string_view part) {
  *text += fmt::format("{}:{},", part.size(), part);
}

void Append(std::string* text, std::vector<std::string> parts) {
  std::ranges::sort(parts);
  *text += fmt::format("{}[", parts.size());
  for (const auto& part : parts) Append(text, part);
}

void AppendColumn(std::string* text, const ColumnMapping& mapping,
                  const LakeColumn& column) {
  Append(text, mapping.column);
  Append(text, fmt::format("{} {} {} {}", static_cast<int>(mapping.wire),
                           static_cast<int>(mapping.element), mapping.cast,
                           ToString(mapping.policy)));
  Append(text, fmt::format("{} {} {} {}", ToString(column.type), column.required,
                           column.field_id, column.element_id));
}

// The newest of each table.
std::map<std::string, FinishedTable> FinishedTables(ObjectStore* store,
                                                    const std::vector<FoundRun>& taken) {
  std::map<std::string, FinishedTable> tables;
  for (const FoundRun& run : taken) {
    for (FinishedTable& finished : ReadJournal(store, run.journal)) {
      tables.insert_or_assign(finished.table, std::move(finished));
    }
  }
  return tables;
}

struct Verdict {
  bool kept;
  std::string why;
};

Verdict Judge(Connection* connection, ObjectStore* store, const FinishedTable& finished,
              const TablePlan& plan, const PlanIdentity& identity, bool keep_changed) {
  const Connection::Subject subject(connection, "Table " + plan.name);
  if (!store->Missing(finished.copied.objects).empty()) {
    return {false, "some of its files are gone"};
  }
  if (finished.plan != identity.checksum) {
    return {false, "its columns, types, partitions or order are others now"};
  }
  const std::string why = !identity.undecidable.empty() ? identity.undecidable
                          : MayHaveChanged(connection, plan.source, finished.source_xmin,
                                           finished.copied.rows)
                              ? "it may have changed since"
                              : "";
  if (why.empty()) return {true, "not changed since"};
  return {keep_changed, keep_changed ? why + ", kept as --keep says" : why};
}

PlanIdentity IdentityOf(const TablePlan& plan, const TableShape& shape,
                        const MigrateOptions& options) {
  std::string text;
  Append(&text, shape.text);
  for (size_t i = 0; i < plan.columns.size(); ++i) {
    AppendColumn(&text, plan.mappings[i], plan.columns[i]);
  }
  Append(&text, ToString(plan.partitioning.granularity));
  Append(&text, plan.partitioning.column);
  Append(&text, fmt::format("{}", fmt::join(plan.sort, ",")));
  const bool part = !options.where.empty() || options.limit;
  return {ChecksumOf(text),
          part ? "only a part of it is copied, and which may change" : shape.undecidable};
}

}  // namespace

std::string IdentityOf(Connection* connection, const MigrateOptions& options) {
  std::string text;
  Append(&text, DatabaseIdentity(connection));
  Append(&text, options.schemas);
  Append(&text, options.tables);
  if (options.views) Append(&text, "views");
  Append(&text, options.exclude);
  Append(&text, options.where);
  Append(&text, options.limit ? std::to_string(*options.limit) : "");
  Append(&text, options.partition_by.value_or(""));
  // The order of these two means something.
  Append(&text, fmt::format("{}", fmt::join(options.sort_by, "\n")));
  Append(&text, fmt::format("{}", fmt::join(options.anomalies, "\n")));
  Append(&text, ToString(options.compression));
  return ChecksumOf(text);
}

std::vector<PlanIdentity> IdentitiesOf(Connection* connection,
                                       const std::vector<TablePlan>& plans,
                                       const MigrateOptions& options) {
  std::vector<const TableDescription*> tables;
  for (const auto& plan : plans) tables.push_back(&plan.source);
  const std::vector<TableShape> shapes = ShapesOfTables(connection, tables);
  std::vector<PlanIdentity> identities;
  for (size_t i = 0; i < plans.size(); ++i) {
    identities.push_back(IdentityOf(plans[i], shapes[i], options));
  }
  return identities;
}

std::string Describe(const ResumedTable& table) {
  return fmt::format("{}: {} run {} copied it, as of {}: {}", table.table,
                     table.kept ? "kept as" : "copied again though", table.run,
                     table.source_lsn, table.why);
}

Resumption Resume(Connection* connection, ObjectStore* store,
                  const std::vector<FoundRun>& taken, const std::vector<TablePlan>& plans,
                  const std::vector<PlanIdentity>& identities, bool keep_changed) {
  Resumption resumption;
  resumption.kept.resize(plans.size());
  auto finished = FinishedTables(store, taken);
  for (size_t i = 0; i < plans.size(); ++i) {
    const auto found = finished.find(plans[i].name);
    if (found == finished.end()) continue;
    FinishedTable& table = found->second;
    auto [kept, why] =
        Judge(connection, store, table, plans[i], identities[i], keep_changed);
    resumption.tables.push_back({.table = table.table,
                                 .run = table.run,
                                 .source_lsn = table.source_lsn,
                                 .source_time_ms = table.source_time_ms,
                                 .kept = kept,
                                 .why = std::move(why)});
    if (kept) resumption.kept[i] = std::move(table);
  }
  return resumption;
}

}  // namespace shoestring
