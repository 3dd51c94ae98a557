#include "lake/iceberg_metadata.h"

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <charconv>
#include <set>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;
using Kind = LakeType::Kind;

constexpr int kFirstPartitionFieldId = 1000;
constexpr std::string_view kCatalogFolder = "/catalog/";

// Properties that are made from the table when it is written, and taken out again when it
// is read.
constexpr std::string_view kPartitionBy = "shoestring.partition-by";
constexpr std::string_view kSourceTypes = "shoestring.source-types";
constexpr std::string_view kNameMapping = "schema.name-mapping.default";
constexpr std::string_view kDataPath = "write.data.path";
constexpr std::string_view kGcEnabled = "gc.enabled";

std::string ToLower(std::string text) {
  std::ranges::transform(text, text.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return text;
}

int LargestColumnId(const TableMetadata& table) {
  int largest = 0;
  for (const LakeColumn& column : table.columns) {
    largest = std::max({largest, column.field_id, column.element_id});
  }
  return largest;
}

/// The source's columns and, after them, those of the partition.
std::vector<LakeColumn> AllColumns(const TableMetadata& table) {
  std::vector<LakeColumn> columns = table.columns;
  int id = LargestColumnId(table);
  for (std::string& name : PartitionColumns(table.partitioning.granularity)) {
    for (const LakeColumn& column : table.columns) {
      if (ToLower(column.name) != name) continue;
      throw Fail(ErrorKind::kUnsupported,
                 "Column has the name of a partition column, partition by none or by a "
                 "coarser unit: {}.{}",
                 table.name, column.name);
    }
    columns.push_back(
        {.name = std::move(name), .type = {.kind = Kind::kInt}, .field_id = ++id});
  }
  return columns;
}

json::value TypeJson(const LakeColumn& column) {
  if (column.type.kind != Kind::kList) return json::value(ToString(column.type));
  return {{"type", "list"},
          {"element-id", column.element_id},
          {"element", ToString(column.type.element.at(0))},
          {"element-required", false}};
}

json::object SchemaJson(const TableMetadata& table) {
  json::array fields;
  for (const LakeColumn& column : AllColumns(table)) {
    json::object field = {{"id", column.field_id},
                          {"name", column.name},
                          {"required", column.required},
                          {"type", TypeJson(column)}};
    if (!column.comment.empty()) field["doc"] = column.comment;
    fields.push_back(std::move(field));
  }
  return {{"type", "struct"}, {"schema-id", 0}, {"fields", std::move(fields)}};
}

json::array PartitionFieldsJson(const TableMetadata& table) {
  json::array fields;
  int source_id = LargestColumnId(table);
  for (const auto& name : PartitionColumns(table.partitioning.granularity)) {
    const int field_id = kFirstPartitionFieldId + static_cast<int>(fields.size());
    fields.push_back({{"name", name},
                      {"transform", "identity"},
                      {"source-id", ++source_id},
                      {"field-id", field_id}});
  }
  return fields;
}

json::array SortFieldsJson(const TableMetadata& table) {
  json::array fields;
  for (const SortColumn& column : table.sort) {
    fields.push_back({{"transform", "identity"},
                      {"source-id", column.field_id},
                      {"direction", "asc"},
                      {"null-order", "nulls-last"}});
  }
  return fields;
}

std::string NameMapping(const TableMetadata& table) {
  json::array mapping;
  for (const LakeColumn& column : AllColumns(table)) {
    json::object entry = {{"field-id", column.field_id},
                          {"names", json::array{json::value(column.name)}}};
    if (column.type.kind == Kind::kList) {
      entry["fields"] = json::array{
          {{"field-id", column.element_id}, {"names", json::array{"element", "item"}}}};
    }
    mapping.push_back(std::move(entry));
  }
  return json::serialize(mapping);
}

std::string SourceTypes(const TableMetadata& table) {
  json::object types;
  for (const LakeColumn& column : table.columns) {
    if (!column.source_type.empty()) types[column.name] = column.source_type;
  }
  return json::serialize(types);
}

json::object PropertiesJson(const TableMetadata& table, std::string_view root) {
  json::object properties;
  for (const auto& [name, value] : table.properties) properties[name] = value;
  if (table.partitioning.granularity != Granularity::kNone) {
    properties[kPartitionBy] = fmt::format("{}:{}", table.partitioning.column,
                                           ToString(table.partitioning.granularity));
  }
  properties[kSourceTypes] = SourceTypes(table);
  properties[kNameMapping] = NameMapping(table);
  properties[kDataPath] = fmt::format("{}/data/{}", root, table.name);
  // Files belong to this lake: a reader's DROP TABLE must not purge them.
  properties[kGcEnabled] = "false";
  return properties;
}

json::object SnapshotJson(const TableMetadata& table,
                          std::string_view manifest_list_uri) {
  int64_t rows = 0;
  int64_t bytes = 0;
  for (const DataFile& file : table.files) {
    rows += file.rows;
    bytes += file.bytes;
  }
  const std::string count = std::to_string(table.files.size());
  json::object summary = {
      {"operation", table.sequence_number == 1 ? "append" : "overwrite"},
      {"added-data-files", count},
      {"added-records", std::to_string(rows)},
      {"added-files-size", std::to_string(bytes)},
      {"total-data-files", count},
      {"total-records", std::to_string(rows)},
      {"total-files-size", std::to_string(bytes)},
      {"total-delete-files", "0"},
      {"total-position-deletes", "0"},
      {"total-equality-deletes", "0"}};
  return {
      {"snapshot-id", table.snapshot_id},      {"sequence-number", table.sequence_number},
      {"timestamp-ms", table.committed_at_ms}, {"manifest-list", manifest_list_uri},
      {"summary", std::move(summary)},         {"schema-id", 0}};
}

void CheckFormattable(const TableMetadata& table) {
  if (table.snapshot_id <= 0 || table.sequence_number <= 0 || table.uuid.empty()) {
    throw Fail(ErrorKind::kInternal,
               "Table without uuid, snapshot or sequence number: {}", table.name);
  }
}

// --- reading

LakeType ParsePrimitive(const JsonView& json) {
  static const std::map<std::string_view, Kind> kKinds = {
      {"boolean", Kind::kBoolean},     {"int", Kind::kInt},
      {"long", Kind::kLong},           {"float", Kind::kFloat},
      {"double", Kind::kDouble},       {"date", Kind::kDate},
      {"timestamp", Kind::kTimestamp}, {"timestamptz", Kind::kTimestampTz},
      {"string", Kind::kString},       {"binary", Kind::kBinary},
  };
  const std::string_view text = json.Text();
  if (const auto found = kKinds.find(text); found != kKinds.end()) {
    return {.kind = found->second};
  }
  LakeType type{.kind = Kind::kDecimal};
  const size_t comma = text.find(", ");
  if (text.starts_with("decimal(") && comma != std::string_view::npos) {
    const char* end = text.data() + text.size();
    std::from_chars(text.data() + 8, end, type.precision);
    std::from_chars(text.data() + comma + 2, end, type.scale);
  }
  if (type.precision < 1 || type.precision > 38 || type.scale < 0 ||
      type.scale > type.precision || ToString(type) != text) {
    throw Fail(ErrorKind::kCorrupt, "{} is no type of a lake: {}", json.path(), text);
  }
  return type;
}

LakeColumn ParseColumn(const JsonView& json) {
  LakeColumn column{.name = std::string(json["name"].Text()),
                    .required = json["required"].Boolean(),
                    .field_id = json["id"].SmallInteger()};
  const JsonView type = json["type"];
  if (type.value().is_string()) {
    column.type = ParsePrimitive(type);
  } else {
    if (type["type"].Text() != "list") {
      throw Fail(ErrorKind::kCorrupt, "{} is no type of a lake", type.path());
    }
    column.type = {.kind = Kind::kList, .element = {ParsePrimitive(type["element"])}};
    column.element_id = type["element-id"].SmallInteger();
  }
  if (auto doc = json.Find("doc")) column.comment = doc->Text();
  return column;
}

/// The element of an array whose `key` is what the document says is current.
JsonView Current(const JsonView& document, std::string_view array, std::string_view key,
                 std::string_view current) {
  const int64_t id = document[current].Integer();
  for (const JsonView& item : document[array].Items()) {
    if (item[key].Integer() == id) return item;
  }
  throw Fail(ErrorKind::kCorrupt, "{} is not in {}: {}", document[current].path(), array,
             id);
}

/// Takes a property out, so that only those that the table's owner set remain.
std::optional<std::string> Take(std::map<std::string, std::string>* properties,
                                std::string_view name) {
  const auto node = properties->extract(std::string(name));
  if (node.empty()) return std::nullopt;
  return node.mapped();
}

Partitioning ParsePartitioning(const std::optional<std::string>& text,
                               const std::string& path) {
  if (!text) return {};
  const size_t colon = text->rfind(':');
  if (colon != std::string::npos) {
    const auto granularity = ParseGranularity(std::string_view(*text).substr(colon + 1));
    if (granularity && granularity != Granularity::kNone) {
      return {.granularity = *granularity, .column = text->substr(0, colon)};
    }
  }
  throw Fail(ErrorKind::kCorrupt, "{}: {} is not COLUMN:UNIT: {}", path, kPartitionBy,
             *text);
}

/// The partition columns stand last and are named as the granularity says; they leave.
void RemovePartitionColumns(const JsonView& spec, TableMetadata* table) {
  const auto names = PartitionColumns(table->partitioning.granularity);
  const auto fields = spec["fields"].Items();
  bool expected = fields.size() == names.size() && table->columns.size() >= names.size();
  for (size_t i = 0; expected && i < names.size(); ++i) {
    const LakeColumn& column = table->columns[table->columns.size() - names.size() + i];
    expected = column.name == names[i] && column.type.kind == Kind::kInt &&
               column.field_id == fields[i]["source-id"].Integer() &&
               fields[i]["transform"].Text() == "identity";
  }
  if (!expected) {
    throw Fail(ErrorKind::kCorrupt, "{} does not fit the property {}", spec.path(),
               kPartitionBy);
  }
  table->columns.resize(table->columns.size() - names.size());
}

void ParseSourceTypes(const std::optional<std::string>& text, const std::string& path,
                      TableMetadata* table) {
  if (!text) return;
  const std::string what = fmt::format("{}: {}", path, kSourceTypes);
  const json::value value = ParseJson(*text, what);
  const JsonView types(value, what);
  for (LakeColumn& column : table->columns) {
    if (auto type = types.Find(column.name)) column.source_type = type->Text();
  }
}

void ParseProperties(const JsonView& document, TableMetadata* table) {
  for (const auto& [name, value] : document["properties"].Members()) {
    table->properties[std::string(name)] = value.Text();
  }
  for (const auto name : {kNameMapping, kDataPath, kGcEnabled}) {
    Take(&table->properties, name);
  }
  table->partitioning =
      ParsePartitioning(Take(&table->properties, kPartitionBy), document.path());
}

void ParseSort(const JsonView& order, TableMetadata* table) {
  for (const JsonView& field : order["fields"].Items()) {
    table->sort.push_back({field["source-id"].SmallInteger()});
  }
}

void CheckFieldIds(const JsonView& schema, const std::vector<LakeColumn>& columns) {
  std::set<int> ids;
  for (const LakeColumn& column : columns) {
    bool fresh = column.field_id > 0 && ids.insert(column.field_id).second;
    if (column.type.kind == Kind::kList) {
      fresh = fresh && column.element_id > 0 && ids.insert(column.element_id).second;
    }
    if (!fresh) {
      throw Fail(ErrorKind::kCorrupt, "{}: field id is used twice or is not positive: {}",
                 schema.path(), column.name);
    }
  }
}

/// "<root>/catalog/<table>" as the location of a table is; the root may hold the word
/// too.
size_t CatalogFolderIn(const JsonView& location) {
  const size_t found = location.Text().rfind(kCatalogFolder);
  const size_t name = found + kCatalogFolder.size();
  if (found == std::string_view::npos || !IsObjectKey(location.Text().substr(name))) {
    throw Fail(ErrorKind::kCorrupt, "{} is not <lake>/catalog/<table>", location.path());
  }
  return found;
}

}  // namespace

std::string FormatIcebergSchema(const TableMetadata& table) {
  return json::serialize(SchemaJson(table));
}

std::string FormatPartitionFields(const TableMetadata& table) {
  return json::serialize(PartitionFieldsJson(table));
}

std::string FormatIcebergMetadata(const TableMetadata& table, std::string_view root,
                                  std::string_view manifest_list) {
  CheckFormattable(table);
  const auto partition_columns = PartitionColumns(table.partitioning.granularity).size();
  const int partitions = static_cast<int>(partition_columns);
  const int order = table.sort.empty() ? 0 : 1;
  const json::object metadata = {
      {"format-version", 2},
      {"table-uuid", table.uuid},
      {"location", fmt::format("{}{}{}", root, kCatalogFolder, table.name)},
      {"last-sequence-number", table.sequence_number},
      {"last-updated-ms", table.committed_at_ms},
      {"last-column-id", LargestColumnId(table) + partitions},
      {"current-schema-id", 0},
      {"schemas", json::array{SchemaJson(table)}},
      {"default-spec-id", 0},
      {"partition-specs",
       json::array{{{"spec-id", 0}, {"fields", PartitionFieldsJson(table)}}}},
      {"last-partition-id", kFirstPartitionFieldId + partitions - 1},
      {"default-sort-order-id", order},
      {"sort-orders",
       json::array{{{"order-id", order}, {"fields", SortFieldsJson(table)}}}},
      {"properties", PropertiesJson(table, root)},
      {"current-snapshot-id", table.snapshot_id},
      {"refs", {{"main", {{"snapshot-id", table.snapshot_id}, {"type", "branch"}}}}},
      {"snapshots",
       json::array{SnapshotJson(table, fmt::format("{}/{}", root, manifest_list))}},
      {"snapshot-log", json::array{{{"timestamp-ms", table.committed_at_ms},
                                    {"snapshot-id", table.snapshot_id}}}},
      {"metadata-log", json::array{}}};
  return json::serialize(metadata);
}

IcebergMetadata ParseIcebergMetadata(std::string_view text, std::string_view what) {
  const json::value value = ParseJson(text, what);
  const JsonView document(value, std::string(what));
  if (document["format-version"].Integer() != 2) {
    throw Fail(ErrorKind::kCorrupt, "{} is not Iceberg metadata of version 2", what);
  }
  IcebergMetadata metadata;
  TableMetadata& table = metadata.table;

  const JsonView location = document["location"];
  const size_t catalog = CatalogFolderIn(location);
  metadata.root = location.Text().substr(0, catalog);
  table.name = location.Text().substr(catalog + kCatalogFolder.size());
  table.uuid = document["table-uuid"].Text();

  const JsonView schema = Current(document, "schemas", "schema-id", "current-schema-id");
  for (const JsonView& field : schema["fields"].Items()) {
    table.columns.push_back(ParseColumn(field));
  }
  CheckFieldIds(schema, table.columns);
  ParseProperties(document, &table);
  RemovePartitionColumns(
      Current(document, "partition-specs", "spec-id", "default-spec-id"), &table);
  ParseSourceTypes(Take(&table.properties, kSourceTypes), document.path(), &table);
  ParseSort(Current(document, "sort-orders", "order-id", "default-sort-order-id"),
            &table);

  const JsonView snapshot =
      Current(document, "snapshots", "snapshot-id", "current-snapshot-id");
  table.snapshot_id = snapshot["snapshot-id"].Integer();
  table.sequence_number = snapshot["sequence-number"].Integer();
  table.committed_at_ms = snapshot["timestamp-ms"].Integer();
  const JsonView list = snapshot["manifest-list"];
  metadata.manifest_list = KeyBelow(metadata.root, list.Text(), list.path());
  return metadata;
}

std::string KeyBelow(std::string_view root, std::string_view path,
                     std::string_view what) {
  if (path.starts_with(root)) {
    std::string_view key = path.substr(root.size());
    if (key.starts_with('/') && IsObjectKey(key.substr(1))) {
      return std::string(key.substr(1));
    }
  }
  throw Fail(ErrorKind::kCorrupt, "{} names a file outside the lake {}: {}", what, root,
             path);
}

}  // namespace shoestring
