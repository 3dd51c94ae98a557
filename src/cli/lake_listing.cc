#include "cli/lake_listing.h"

#include <arrow/api.h>
#include <arrow/io/memory.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/error.h"
#include "base/units.h"
#include "engine/result_format.h"
#include "engine/value_text.h"
#include "lake/catalog.h"

namespace shoestring {

namespace {

namespace json = boost::json;

struct Listed {
  TableEntry entry;
  TableMetadata table;

  int64_t bytes() const {
    int64_t sum = 0;
    for (const DataFile& file : table.files) sum += file.bytes;
    return sum;
  }
};

std::vector<Listed> LoadAll(ObjectStore* store) {
  const Catalog catalog(store);
  const LakeState state = catalog.Load();
  std::vector<Listed> all;
  for (const auto& [name, entry] : state.tables) {
    all.push_back({entry, catalog.LoadTable(state, name)});
  }
  return all;
}

/// The name, or the one that differs in case only.
std::string Resolve(const LakeState& state, const std::string& name) {
  const auto equal = [&name](const auto& known) {
    return std::equal(name.begin(), name.end(), known.first.begin(), known.first.end(),
                      [](unsigned char a, unsigned char b) {
                        return std::tolower(a) == std::tolower(b);
                      });
  };
  if (state.tables.contains(name)) return name;
  const auto found = std::find_if(state.tables.begin(), state.tables.end(), equal);
  if (found != state.tables.end()) return found->first;
  std::string known;
  for (const auto& [other, entry] : state.tables)
    known += (known.empty() ? "" : ", ") + other;
  throw Fail(ErrorKind::kNotFound, "No such table: {} (tables are: {})", name,
             known.empty() ? "none yet" : known);
}

Listed LoadOne(ObjectStore* store, const std::string& name) {
  const Catalog catalog(store);
  const LakeState state = catalog.Load();
  const std::string resolved = Resolve(state, name);
  return {state.tables.at(resolved), catalog.LoadTable(state, resolved)};
}

/// "2024-03-01T12:34:56.789+00:00", or with a space and "+00" for people.
std::string Time(int64_t milliseconds, bool iso) {
  arrow::TimestampBuilder builder(arrow::timestamp(arrow::TimeUnit::MILLI, "UTC"),
                                  arrow::default_memory_pool());
  std::string text;
  if (!builder.Append(milliseconds).ok()) return text;
  const auto array = builder.Finish().ValueOrDie();
  AppendText(*array, 0, &text);
  if (iso) text.replace(text.find(' '), 1, "T").append(":00");
  return text;
}

std::string PartitionText(const Partitioning& partitioning) {
  if (partitioning.granularity == Granularity::kNone) return "";
  return partitioning.column + " by " + ToString(partitioning.granularity);
}

json::value PartitionJson(const Partitioning& partitioning) {
  if (partitioning.granularity == Granularity::kNone) return nullptr;
  json::array columns;
  for (const auto& name : PartitionColumns(partitioning.granularity))
    columns.emplace_back(name);
  return json::object{{"column", partitioning.column},
                      {"granularity", ToString(partitioning.granularity)},
                      {"columns", std::move(columns)}};
}

/// Rows of texts as a table.
std::string AsTable(const std::vector<std::string>& names,
                    const std::vector<std::vector<std::string>>& rows) {
  arrow::FieldVector fields;
  arrow::ArrayVector columns;
  for (size_t column = 0; column < names.size(); ++column) {
    arrow::StringBuilder builder;
    for (const auto& row : rows) {
      if (!builder.Append(row[column]).ok()) throw std::bad_alloc();
    }
    fields.push_back(arrow::field(names[column], arrow::utf8()));
    columns.push_back(builder.Finish().ValueOrDie());
  }
  const auto batch = arrow::RecordBatch::Make(
      arrow::schema(fields), static_cast<int64_t>(rows.size()), std::move(columns));
  const auto sink = arrow::io::BufferOutputStream::Create().ValueOrDie();
  const auto writer = MakeResultWriter(ResultFormat::kTable, batch->schema(), sink);
  writer->Write(*batch);
  writer->Finish();
  return sink->Finish().ValueOrDie()->ToString();
}

std::string ColumnName(const TableMetadata& table, int field_id) {
  for (const LakeColumn& column : table.columns) {
    if (column.field_id == field_id) return column.name;
  }
  return fmt::format("field {}", field_id);
}

std::vector<std::string> SortNames(const TableMetadata& table) {
  std::vector<std::string> names;
  for (const SortColumn& column : table.sort)
    names.push_back(ColumnName(table, column.field_id));
  return names;
}

/// The first and the last partition; those without a date, year 0, come apart.
struct PartitionRange {
  std::string first;
  std::string last;
  int64_t files_without_date = 0;
};

PartitionRange RangeOf(const TableMetadata& table) {
  PartitionRange range;
  const PartitionValues* first = nullptr;
  const PartitionValues* last = nullptr;
  for (const DataFile& file : table.files) {
    if (file.partition.empty()) continue;
    if (file.partition.front() == 0) {
      ++range.files_without_date;
      continue;
    }
    if (first == nullptr || file.partition < *first) first = &file.partition;
    if (last == nullptr || *last < file.partition) last = &file.partition;
  }
  if (first != nullptr) range.first = PartitionPath(*first);
  if (last != nullptr) range.last = PartitionPath(*last);
  return range;
}

std::string FilesText(const Listed& listed) {
  const TableMetadata& table = listed.table;
  std::string text =
      fmt::format("{}, {}", FormatCount(static_cast<int64_t>(table.files.size())),
                  FormatBytes(listed.bytes()));
  if (table.files.size() > 1) {
    const auto [smallest, largest] = std::minmax_element(
        table.files.begin(), table.files.end(),
        [](const DataFile& a, const DataFile& b) { return a.bytes < b.bytes; });
    text += fmt::format(" (from {} to {})", FormatBytes(smallest->bytes),
                        FormatBytes(largest->bytes));
  }
  return text;
}

std::string PartitionsText(const TableMetadata& table) {
  if (table.partitioning.granularity == Granularity::kNone) return "none";
  const PartitionRange range = RangeOf(table);
  std::string text = PartitionText(table.partitioning);
  if (!range.first.empty()) text += fmt::format(", {} to {}", range.first, range.last);
  if (range.files_without_date > 0) {
    text += fmt::format(", {} without a date in year=0",
                        range.files_without_date == 1
                            ? std::string("one file")
                            : fmt::format("{} files", range.files_without_date));
  }
  return text;
}

std::string ColumnsText(const TableMetadata& table) {
  std::vector<std::vector<std::string>> rows;
  for (const LakeColumn& column : table.columns) {
    rows.push_back({column.name, ToString(column.type), column.source_type,
                    column.required ? "not null" : "", column.comment});
  }
  for (const auto& name : PartitionColumns(table.partitioning.granularity)) {
    rows.push_back(
        {name, "int", "", "not null",
         fmt::format("partition, the {} of {}", name, table.partitioning.column)});
  }
  return AsTable({"column", "type", "in Postgres", "null", "comment"}, rows);
}

json::array ColumnsJson(const TableMetadata& table) {
  json::array columns;
  for (const LakeColumn& column : table.columns) {
    columns.push_back(json::object{{"name", column.name},
                                   {"type", ToString(column.type)},
                                   {"postgres_type", column.source_type},
                                   {"nullable", !column.required},
                                   {"field_id", column.field_id},
                                   {"comment", column.comment}});
  }
  return columns;
}

json::object FilesJson(const Listed& listed) {
  const PartitionRange range = RangeOf(listed.table);
  json::object files{{"count", listed.table.files.size()}, {"bytes", listed.bytes()}};
  if (!range.first.empty()) {
    files["first_partition"] = range.first;
    files["last_partition"] = range.last;
  }
  files["without_date"] = range.files_without_date;
  return files;
}

}  // namespace

std::string TablesAsText(ObjectStore* store) {
  const auto tables = LoadAll(store);
  if (tables.empty()) return "The lake has no tables yet.\n";
  std::vector<std::vector<std::string>> rows;
  for (const Listed& listed : tables) {
    rows.push_back({listed.table.name, FormatCount(listed.entry.rows),
                    FormatCount(static_cast<int64_t>(listed.table.files.size())),
                    FormatBytes(listed.bytes()), PartitionText(listed.table.partitioning),
                    Time(listed.entry.source_time_ms, /*iso=*/false)});
  }
  return AsTable({"table", "rows", "files", "size", "partitioned", "as of"}, rows);
}

std::string TablesAsJson(ObjectStore* store) {
  json::array tables;
  for (const Listed& listed : LoadAll(store)) {
    tables.push_back(
        json::object{{"name", listed.table.name},
                     {"rows", listed.entry.rows},
                     {"files", listed.table.files.size()},
                     {"bytes", listed.bytes()},
                     {"partitioned_by", PartitionJson(listed.table.partitioning)},
                     {"source_time", Time(listed.entry.source_time_ms, /*iso=*/true)},
                     {"source_lsn", listed.entry.source_lsn}});
  }
  return json::serialize(tables) + "\n";
}

std::string DescriptionAsText(ObjectStore* store, const std::string& name) {
  const Listed listed = LoadOne(store, name);
  const TableMetadata& table = listed.table;
  const auto sort = SortNames(table);
  std::string text = fmt::format(
      "Table {}\n"
      "  rows        {}\n"
      "  files       {}\n"
      "  partitions  {}\n"
      "  sorted by   {}\n"
      "  as of       {}\n\n",
      table.name, FormatCount(listed.entry.rows), FilesText(listed),
      PartitionsText(table),
      sort.empty() ? "nothing" : fmt::format("{}", fmt::join(sort, ", ")),
      Time(listed.entry.source_time_ms, /*iso=*/false));
  text += ColumnsText(table);
  if (table.properties.empty()) return text;
  std::vector<std::vector<std::string>> properties;
  for (const auto& [key, value] : table.properties) properties.push_back({key, value});
  return text + "\n" + AsTable({"property", "value"}, properties);
}

std::string DescriptionAsJson(ObjectStore* store, const std::string& name) {
  const Listed listed = LoadOne(store, name);
  const TableMetadata& table = listed.table;
  json::object properties;
  for (const auto& [key, value] : table.properties) properties[key] = value;
  json::array sort;
  for (const auto& column : SortNames(table)) sort.emplace_back(column);
  const json::object description{
      {"name", table.name},
      {"rows", listed.entry.rows},
      {"columns", ColumnsJson(table)},
      {"partitioned_by", PartitionJson(table.partitioning)},
      {"sorted_by", std::move(sort)},
      {"files", FilesJson(listed)},
      {"source_time", Time(listed.entry.source_time_ms, /*iso=*/true)},
      {"source_lsn", listed.entry.source_lsn},
      {"metadata", listed.entry.metadata},
      {"properties", std::move(properties)}};
  return json::serialize(description) + "\n";
}

}  // namespace shoestring
