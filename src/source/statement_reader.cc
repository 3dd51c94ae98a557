#include "source/statement_reader.h"

#include <arrow/api.h>

#include <algorithm>
#include <map>

#include "base/error.h"
#include "source/number_text.h"
#include "source/numeric.h"
#include "source/type_mapping.h"
#include "source/value_cleaner.h"

namespace shoestring {

namespace {

constexpr int64_t kBatchRows = 4096;
constexpr int64_t kBatchBytes = 1 << 20;

constexpr const char* kTypesSql = R"(
  SELECT t.oid, pg_catalog.format_type(t.oid, NULL), t.typname, t.typtype,
         coalesce(e.oid, 0), coalesce(e.typname, ''), coalesce(e.typtype, 'b'),
         coalesce(e.typnamespace, t.typnamespace)
           = 'pg_catalog'::pg_catalog.regnamespace
  FROM pg_catalog.pg_type t
  LEFT JOIN pg_catalog.pg_type e ON e.oid = t.typelem AND e.typarray = t.oid
  WHERE t.oid = ANY ($1::pg_catalog.oid[]))";

std::map<uint32_t, SourceType> LoadTypes(Connection* connection,
                                         const std::vector<ResultColumn>& columns) {
  std::vector<uint32_t> oids;
  for (const ResultColumn& column : columns) oids.push_back(column.type);
  const Rows rows =
      connection->Execute(kTypesSql, {fmt::format("{{{}}}", fmt::join(oids, ","))});
  std::map<uint32_t, SourceType> types;
  for (int row = 0; row < rows.size(); ++row) {
    SourceType type;
    type.base_oid = static_cast<uint32_t>(rows.Integer(row, 0));
    type.name = rows.Text(row, 1);
    type.base_name = rows.Text(row, 2);
    type.kind = rows.Text(row, 3).front();
    type.element_oid = static_cast<uint32_t>(rows.Integer(row, 4));
    type.is_array = type.element_oid != 0;
    type.element_name = rows.Text(row, 5);
    type.element_kind = rows.Text(row, 6).front();
    type.is_system = rows.Boolean(row, 7);
    types.emplace(type.base_oid, std::move(type));
  }
  return types;
}

ColumnMapping AsNumberText(const std::string& name) {
  ColumnMapping mapping;
  mapping.column = name;
  mapping.wire = Wire::kText;
  mapping.type = arrow::utf8();
  return mapping;
}

/// The statement with the columns cast that come as Postgres' text. That the rows keep
/// their order is what Postgres does with a subquery that one process reads.
std::string Wrap(const std::string& sql, const std::vector<ColumnMapping>& mappings) {
  std::string names;
  std::string values;
  for (size_t i = 0; i < mappings.size(); ++i) {
    const std::string comma = i == 0 ? "" : ", ";
    names += fmt::format("{}c{}", comma, i);
    values += fmt::format("{}c{}{}", comma, i, mappings[i].cast);
  }
  return fmt::format("SELECT {} FROM (\n{}\n) AS q ({})", values, sql, names);
}

}  // namespace

struct StatementReader::Plan {
  std::vector<ColumnMapping> mappings;
  std::vector<bool> numbers;
};

StatementReader::Plan StatementReader::MakePlan(
    Connection* connection, const std::string& sql,
    const std::vector<BoundValue>& parameters) {
  const auto columns = connection->Prepare(sql, parameters);
  if (columns.empty()) {
    throw Fail(ErrorKind::kInvalidArgument,
               "Only statements that read are allowed, and this one has no rows");
  }
  const auto types = LoadTypes(connection, columns);
  Plan plan;
  bool casts = false;
  for (const ResultColumn& described : columns) {
    SourceColumn column;
    column.name = described.name;
    if (const auto type = types.find(described.type); type != types.end()) {
      column.type = type->second;
    }
    column.type.typmod = described.typmod;
    const bool number = IsUnconstrainedNumeric(column.type) && !column.type.is_array;
    plan.numbers.push_back(number);
    plan.mappings.push_back(number ? AsNumberText(column.name)
                                   : MapColumn(column, AnomalyPolicy::kError, {}));
    casts = casts || !plan.mappings.back().cast.empty();
  }
  if (casts) connection->Execute("SET LOCAL max_parallel_workers_per_gather = 0");
  // Also when nothing is cast: LoadTypes() took the place of the unnamed statement.
  connection->Prepare(casts ? Wrap(sql, plan.mappings) : sql, parameters);
  return plan;
}

StatementReader::StatementReader(Connection* connection, const std::string& sql,
                                 const std::vector<BoundValue>& parameters)
    : StatementReader(connection, MakePlan(connection, sql, parameters), parameters) {}

StatementReader::StatementReader(Connection* connection, Plan plan,
                                 const std::vector<BoundValue>& parameters)
    : connection_(connection),
      mappings_(std::move(plan.mappings)),
      numbers_(std::move(plan.numbers)),
      decoder_("the answer", mappings_, {}),
      fields_(mappings_.size()),
      texts_(mappings_.size()) {
  arrow::FieldVector fields = decoder_.schema()->fields();
  for (size_t i = 0; i < fields.size(); ++i) {
    if (numbers_[i]) fields[i] = fields[i]->WithType(NumberText());
  }
  schema_ = arrow::schema(std::move(fields));
  connection_->BeginRows(parameters);
}

std::shared_ptr<arrow::RecordBatch> StatementReader::Next() {
  while (!ended_ && decoder_.rows() < kBatchRows && decoder_.bytes() < kBatchBytes) {
    ended_ = !connection_->ReadRow(fields_);
    if (!ended_) Append();
  }
  if (decoder_.rows() == 0) return nullptr;
  return WithNumbers(*decoder_.Finish());
}

void StatementReader::Append() {
  try {
    decoder_.Append(TupleOf());
  } catch (const Error& error) {
    if (error.kind() != ErrorKind::kData) throw;
    for (size_t i = 0; i < fields_.size(); ++i) {
      const ColumnMapping& mapping = mappings_[i];
      const bool fits =
          fields_[i].null() || mapping.wire == Wire::kArray ||
          Judge(mapping.wire, *mapping.type, fields_[i].bytes()) == ValueOutcome::kOk;
      if (fits) continue;
      throw Fail(ErrorKind::kData,
                 "Column {} has a value that {} cannot hold, write {}::text",
                 mapping.column, mapping.type->ToString(), mapping.column);
    }
    throw Fail(ErrorKind::kData,
               "An array has several dimensions, does not begin at 1 or has a value that "
               "Arrow cannot hold, cast it to text");
  }
}

Bytes StatementReader::TupleOf() {
  tuple_.clear();
  for (size_t i = 0; i < fields_.size(); ++i) {
    Bytes bytes = fields_[i].bytes();
    if (numbers_[i] && !fields_[i].null()) {
      auto text = NumericText(bytes);
      if (!text) throw Fail(ErrorKind::kCorrupt, "Postgres sent a numeric that is none");
      texts_[i] = *std::move(text);
      bytes = AsBytes(texts_[i]);
    }
    AppendBigEndian(&tuple_,
                    fields_[i].null() ? int32_t{-1} : static_cast<int32_t>(bytes.size()));
    tuple_ += AsText(bytes);
  }
  return AsBytes(tuple_);
}

std::shared_ptr<arrow::RecordBatch> StatementReader::WithNumbers(
    const arrow::RecordBatch& batch) const {
  arrow::ArrayVector arrays = batch.columns();
  for (size_t i = 0; i < arrays.size(); ++i) {
    if (numbers_[i]) arrays[i] = arrow::ExtensionType::WrapArray(NumberText(), arrays[i]);
  }
  return arrow::RecordBatch::Make(schema_, batch.num_rows(), std::move(arrays));
}

}  // namespace shoestring
