#include "api/lake_schema.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/json.h"

namespace shoestring {

namespace {

std::string Property(const TableMetadata& metadata, const char* name) {
  const auto found = metadata.properties.find(name);
  return found == metadata.properties.end() ? "" : found->second;
}

std::vector<std::string> Texts(const JsonView& array) {
  std::vector<std::string> texts;
  for (const JsonView& item : array.Items()) texts.emplace_back(item.Text());
  return texts;
}

/// Calls `each` with the elements of an array that a property holds, if there is one.
template <typename Each>
void ForEachIn(const TableMetadata& metadata, const char* name, const Each& each) {
  const std::string text = Property(metadata, name);
  if (text.empty()) return;
  const boost::json::value value = ParseJson(text, name);
  for (const JsonView& item : JsonView(value, name).Items()) each(item);
}

std::string LakeName(std::string_view schema, std::string_view table) {
  return schema == "public" ? std::string(table) : fmt::format("{}.{}", schema, table);
}

ApiForeignKey ForeignKeyOf(const JsonView& key) {
  ApiForeignKey foreign;
  foreign.name = key["name"].Text();
  foreign.columns = Texts(key["columns"]);
  foreign.table = LakeName(key["schema"].Text(), key["table"].Text());
  foreign.referenced = Texts(key["referenced_columns"]);
  return foreign;
}

/// What is unique in a table counts as such in its view, where PostgREST takes it so.
void AddOrigin(const JsonView& stored, ApiTable* view) {
  ApiOrigin origin;
  origin.table = LakeName(stored["schema"].Text(), stored["table"].Text());
  for (const auto& [column, names] : stored["columns"].Members()) {
    origin.columns.emplace(column, Texts(names));
  }
  for (std::string& name : Texts(stored["primary_key"])) {
    view->primary_key.push_back(std::move(name));
  }
  for (const JsonView& key : stored["unique"].Items()) {
    view->unique.push_back(Texts(key));
  }
  view->origins.push_back(std::move(origin));
}

void AddColumns(const TableMetadata& metadata, ApiTable* table) {
  for (const LakeColumn& column : metadata.columns) {
    table->columns.push_back({.name = column.name,
                              .type = PostgresTypeOf(column.source_type, column.type),
                              .source_type = column.source_type,
                              .required = column.required,
                              .comment = column.comment});
  }
  for (const std::string& name : PartitionColumns(metadata.partitioning.granularity)) {
    table->columns.push_back({.name = name,
                              .type = PlainType(PostgresType::Kind::kInteger),
                              .source_type = "integer",
                              .partition = true});
  }
}

}  // namespace

const ApiColumn* ApiTable::FindColumn(std::string_view column) const {
  const auto found = std::ranges::find(columns, column, &ApiColumn::name);
  return found == columns.end() ? nullptr : &*found;
}

std::vector<std::string> LakeSchema::Schemas() const {
  std::vector<std::string> names;
  for (const auto& [lake_name, table] : tables) {
    if (std::ranges::find(names, table.schema) == names.end()) {
      names.push_back(table.schema);
    }
  }
  std::stable_partition(names.begin(), names.end(),
                        [](const auto& name) { return name == "public"; });
  return names;
}

const ApiTable* LakeSchema::Find(std::string_view schema, std::string_view name) const {
  for (const auto& [lake_name, table] : tables) {
    if (table.schema == schema && table.name == name) return &table;
  }
  return nullptr;
}

ApiTable DescribeApiTable(const TableMetadata& metadata, const TableEntry& entry) {
  ApiTable table;
  table.lake_name = metadata.name;
  const size_t dot = metadata.name.find('.');
  table.schema = Property(metadata, "shoestring.source-schema");
  table.name = Property(metadata, "shoestring.source-table");
  if (table.schema.empty()) {
    table.schema = dot == std::string::npos ? "public" : metadata.name.substr(0, dot);
  }
  if (table.name.empty()) table.name = metadata.name.substr(dot + 1);
  table.comment = Property(metadata, "comment");
  table.row_security = Property(metadata, "shoestring.row-security") == "true";
  table.rows = entry.rows;
  AddColumns(metadata, &table);
  ForEachIn(metadata, "shoestring.primary-key",
            [&](const JsonView& name) { table.primary_key.emplace_back(name.Text()); });
  ForEachIn(metadata, "shoestring.unique",
            [&](const JsonView& columns) { table.unique.push_back(Texts(columns)); });
  ForEachIn(metadata, "shoestring.foreign-keys", [&](const JsonView& key) {
    table.foreign_keys.push_back(ForeignKeyOf(key));
  });
  const std::string kind = Property(metadata, "shoestring.source-kind");
  table.view = kind == "v" || kind == "m";
  ForEachIn(metadata, "shoestring.view-origins",
            [&](const JsonView& origin) { AddOrigin(origin, &table); });
  return table;
}

std::shared_ptr<const LakeSchema> ReadLakeSchema(ObjectStore* store) {
  auto schema = std::make_shared<LakeSchema>();
  const Catalog catalog(store);
  schema->state = catalog.Load();
  for (const auto& [name, entry] : schema->state.tables) {
    schema->tables.emplace(
        name, DescribeApiTable(catalog.LoadTable(schema->state, name), entry));
  }
  return schema;
}

}  // namespace shoestring
