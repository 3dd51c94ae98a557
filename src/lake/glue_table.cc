#include "lake/glue_table.h"

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>

#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr std::string_view kAnswer = "Glue's answer";
constexpr size_t kLongestComment = 255;
constexpr std::string_view kInputFormat =
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat";
constexpr std::string_view kOutputFormat =
    "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat";
constexpr std::string_view kSerde =
    "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe";
/// Properties that say how a table is read: one too many is as wrong as one too few.
constexpr std::array<std::string_view, 4> kOurs = {"projection.", "storage.location.",
                                                   "table_type", "metadata_location"};

json::object ColumnJson(std::string_view name, std::string_view type,
                        std::string_view comment) {
  json::object column{{"Name", name}, {"Type", type}};
  const std::string kept = GlueComment(comment);
  if (!kept.empty()) column["Comment"] = kept;
  return column;
}

json::array PartitionColumnsJson(const TableDeclaration& table) {
  json::array columns;
  for (const auto& name : table.partition_columns) {
    columns.push_back(ColumnJson(name, "int", ""));
  }
  return columns;
}

json::array ColumnsJson(const TableDeclaration& table) {
  json::array columns;
  for (const LakeColumn& column : table.columns) {
    columns.push_back(ColumnJson(column.name, HiveType(column.type), column.comment));
  }
  // To Iceberg they are columns like all others.
  if (table.style == DeclarationStyle::kIceberg) {
    for (json::value& column : PartitionColumnsJson(table)) columns.push_back(column);
  }
  return columns;
}

json::object StorageJson(const TableDeclaration& table, std::string_view location) {
  json::object storage{{"Columns", ColumnsJson(table)}, {"Location", location}};
  if (table.style == DeclarationStyle::kIceberg) return storage;
  storage["InputFormat"] = kInputFormat;
  storage["OutputFormat"] = kOutputFormat;
  storage["SerdeInfo"] = {{"SerializationLibrary", kSerde},
                          {"Parameters", {{"serialization.format", "1"}}}};
  return storage;
}

std::string TextOr(const JsonView& object, std::string_view name) {
  const auto found = object.Find(name);
  return found ? std::string(found->Text()) : "";
}

using Facts = std::map<std::string, std::string>;

void AddColumns(const JsonView& columns, std::string_view what, Facts* facts) {
  size_t number = 0;
  for (const JsonView& column : columns.Items()) {
    std::string value =
        fmt::format("{} {}", column["Name"].Text(), TextOr(column, "Type"));
    const std::string comment = TextOr(column, "Comment");
    if (!comment.empty()) value += fmt::format(" '{}'", comment);
    (*facts)[fmt::format("{} {:03}", what, ++number)] = value;
  }
}

Facts FactsOf(const JsonView& table) {
  Facts facts;
  facts["comment"] = TextOr(table, "Description");
  const auto storage = table.Find("StorageDescriptor");
  if (storage) {
    std::string location = TextOr(*storage, "Location");
    while (location.ends_with('/')) location.pop_back();
    facts["location"] = location;
    if (const auto columns = storage->Find("Columns")) {
      AddColumns(*columns, "column", &facts);
    }
    const auto serde = storage->Find("SerdeInfo");
    facts["format"] = serde ? TextOr(*serde, "SerializationLibrary") : "";
  }
  if (const auto keys = table.Find("PartitionKeys")) {
    AddColumns(*keys, "partition column", &facts);
  }
  if (const auto parameters = table.Find("Parameters")) {
    for (const auto& [name, value] : parameters->Members()) {
      facts[fmt::format("property {}", name)] = value.Text();
    }
  }
  return facts;
}

constexpr std::string_view kProperty = "property ";

bool IsForeignProperty(std::string_view fact) {
  if (!fact.starts_with(kProperty)) return false;
  const std::string_view name = fact.substr(kProperty.size());
  return std::ranges::none_of(kOurs, [&](auto ours) { return name.starts_with(ours); });
}

}  // namespace

std::string GlueComment(std::string_view comment) {
  std::string kept(comment);
  std::ranges::replace_if(
      kept, [](unsigned char c) { return c < ' ' || c == 0x7F; }, ' ');
  size_t end = std::min(kept.size(), kLongestComment);
  // Not within a character.
  while (end < kept.size() && end > 0 &&
         (static_cast<uint8_t>(kept[end]) & 0xC0) == 0x80) {
    --end;
  }
  kept.resize(end);
  return kept;
}

std::string FormatGlueTable(const TableDeclaration& table,
                            const std::map<std::string, std::string>& also) {
  json::object parameters;
  for (const auto& [name, value] : also) parameters[name] = value;
  for (const auto& [name, value] : TableProperties(table)) parameters[name] = value;
  json::object input{{"Name", table.name},
                     {"TableType", "EXTERNAL_TABLE"},
                     {"Parameters", std::move(parameters)},
                     {"StorageDescriptor", StorageJson(table, table.location)}};
  if (const std::string comment = GlueComment(table.comment); !comment.empty()) {
    input["Description"] = comment;
  }
  if (table.style != DeclarationStyle::kIceberg) {
    input["PartitionKeys"] = PartitionColumnsJson(table);
  }
  return json::serialize(input);
}

std::string FormatGluePartition(const TableDeclaration& table,
                                const PartitionValues& values) {
  json::array texts;
  for (const int32_t value : values) texts.emplace_back(std::to_string(value));
  return json::serialize(json::object{
      {"Values", std::move(texts)},
      {"StorageDescriptor", StorageJson(table, PartitionLocation(table, values))}});
}

std::string GlueTable::Property(const std::string& name) const {
  const auto found = facts.find(std::string(kProperty) + name);
  return found == facts.end() ? "" : found->second;
}

std::map<std::string, std::string> GlueTable::ForeignProperties() const {
  std::map<std::string, std::string> properties;
  for (const auto& [fact, value] : facts) {
    if (IsForeignProperty(fact)) properties[fact.substr(kProperty.size())] = value;
  }
  return properties;
}

GlueTable ParseGlueTable(std::string_view text) {
  const auto document = ParseJson(text, kAnswer);
  const JsonView table = JsonView(document, std::string(kAnswer))["Table"];
  return {.version = TextOr(table, "VersionId"), .facts = FactsOf(table)};
}

std::vector<std::string> Differences(const GlueTable& there,
                                     const TableDeclaration& wanted) {
  const GlueTable here =
      ParseGlueTable(fmt::format(R"({{"Table": {}}})", FormatGlueTable(wanted)));
  Facts all = there.facts;
  for (const auto& [fact, value] : here.facts) all.emplace(fact, "");
  std::vector<std::string> lines;
  for (const auto& [fact, ignored] : all) {
    const auto old = there.facts.find(fact);
    const auto now = here.facts.find(fact);
    const bool is_there = old != there.facts.end();
    const bool is_here = now != here.facts.end();
    if (is_there && is_here && old->second == now->second) continue;
    if (!is_here && IsForeignProperty(fact)) continue;
    if (is_there) lines.push_back(fmt::format("- {}: {}", fact, old->second));
    if (is_here) lines.push_back(fmt::format("+ {}: {}", fact, now->second));
  }
  return lines;
}

GluePartitions ParseGluePartitions(std::string_view text) {
  const auto document = ParseJson(text, kAnswer);
  const JsonView answer(document, std::string(kAnswer));
  GluePartitions found{.next_token = TextOr(answer, "NextToken")};
  for (const JsonView& partition : answer["Partitions"].Items()) {
    PartitionValues& values = found.partitions.emplace_back();
    for (const JsonView& value : partition["Values"].Items()) {
      const std::string_view digits = value.Text();
      int32_t number = 0;
      const char* const end = digits.data() + digits.size();
      if (std::from_chars(digits.data(), end, number).ptr != end) {
        throw Fail(ErrorKind::kCorrupt, "{} is no number: {}", value.path(), digits);
      }
      values.push_back(number);
    }
  }
  return found;
}

}  // namespace shoestring
