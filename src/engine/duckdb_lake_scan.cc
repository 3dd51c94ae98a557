#include "engine/duckdb_lake_scan.h"

#include <duckdb/catalog/catalog.hpp>
#include <duckdb/catalog/catalog_entry/table_function_catalog_entry.hpp>
#include <duckdb/common/multi_file/multi_file_reader.hpp>
#include <duckdb/function/partition_stats.hpp>
#include <duckdb/main/connection.hpp>
#include <duckdb/main/extension/extension_loader.hpp>
#include <duckdb/parser/parsed_data/create_schema_info.hpp>
#include <duckdb/parser/parsed_data/create_view_info.hpp>
#include <duckdb/transaction/meta_transaction.hpp>

#include <algorithm>

#include "engine/duckdb_file_pruner.h"
#include "engine/scan_ranges.h"

namespace shoestring {

namespace {

using duckdb::ClientContext;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::MultiFileOptions;
using duckdb::MultiFilePushdownInfo;
using duckdb::OpenFileInfo;
using duckdb::Value;

/// Without it, a row group's maximum rules out its NaNs.
constexpr const char* kCanHaveNan = "can_have_nan";

struct LakeScanInfo : duckdb::TableFunctionInfo {
  std::shared_ptr<LakeTables> tables;
  RemoteReads* remote = nullptr;
  duckdb::table_function_init_global_t parquet_init = nullptr;
};

/// The files that a scan of a table still has to read.
class LakeFileList : public duckdb::MultiFileList {
 public:
  LakeFileList(std::shared_ptr<const LakeTable> table, FileSet files)
      : table_(std::move(table)), files_(std::move(files)) {}

  const std::shared_ptr<const LakeTable>& table() const { return table_; }
  const FileSet& files() const { return files_; }

  idx_t Rows() const {
    int64_t rows = 0;
    for (const DataFile* file : files_) rows += file->rows;
    return static_cast<idx_t>(rows);
  }

  duckdb::unique_ptr<duckdb::MultiFileList> ComplexFilterPushdown(
      ClientContext& context, const MultiFileOptions& options,
      MultiFilePushdownInfo& info, DuckdbExpressions& filters) const override {
    FileSet left = files_;
    const FilePruner pruner(context, *table_, info);
    const size_t filters_before = filters.size();
    pruner.PruneByPartition(&filters, &left);
    pruner.PruneByBounds(filters, &left);
    if (left.size() == files_.size() && filters.size() == filters_before) return nullptr;
    // EXPLAIN shows these.
    info.extra_info.file_filters = "partition and bounds";
    info.extra_info.total_files = table_->metadata.files.size();
    info.extra_info.filtered_files = left.size();
    return duckdb::make_uniq<LakeFileList>(table_, std::move(left));
  }

  // Late materialization joins two scans of a table by their files' numbers, so that both
  // must have the same list: nothing is pruned once the plan is made.
  duckdb::unique_ptr<duckdb::MultiFileList> DynamicFilterPushdown(
      ClientContext& context, const MultiFileOptions& options,
      const duckdb::vector<std::string>& names, const duckdb::vector<LogicalType>& types,
      const duckdb::vector<duckdb::column_t>& column_ids,
      duckdb::TableFilterSet& filters) const override {
    return nullptr;
  }

  duckdb::vector<OpenFileInfo> GetAllFiles() const override {
    duckdb::vector<OpenFileInfo> all;
    for (const DataFile* file : files_) all.emplace_back(LakeFileSystem::PathOf(*file));
    return all;
  }

  // A single file also counts as many: else DuckDB, which has not looked into it yet,
  // takes it for one row group and reads it with one thread.
  duckdb::FileExpandResult GetExpandResult() const override {
    return files_.empty() ? duckdb::FileExpandResult::NO_FILES
                          : duckdb::FileExpandResult::MULTIPLE_FILES;
  }

  idx_t GetTotalFileCount() const override { return files_.size(); }

  duckdb::unique_ptr<duckdb::NodeStatistics> GetCardinality(
      ClientContext& context) const override {
    return duckdb::make_uniq<duckdb::NodeStatistics>(Rows(), Rows());
  }

  duckdb::unique_ptr<duckdb::MultiFileList> Copy() const override {
    return duckdb::make_uniq<LakeFileList>(table_, files_);
  }

 protected:
  OpenFileInfo GetFile(idx_t index) const override {
    if (index >= files_.size()) return OpenFileInfo("");
    return OpenFileInfo(LakeFileSystem::PathOf(*files_[index]));
  }

 private:
  const std::shared_ptr<const LakeTable> table_;
  const FileSet files_;
};

/// Tells DuckDB's Parquet scan what the catalog knows.
class LakeReader : public duckdb::MultiFileReader {
 public:
  explicit LakeReader(duckdb::shared_ptr<LakeScanInfo> info) : info_(std::move(info)) {}

  const LakeScanInfo& info() const { return *info_; }

  static duckdb::unique_ptr<duckdb::MultiFileReader> Create(
      const duckdb::TableFunction& function) {
    return duckdb::make_uniq<LakeReader>(
        duckdb::shared_ptr_cast<duckdb::TableFunctionInfo, LakeScanInfo>(
            function.function_info));
  }

  duckdb::unique_ptr<duckdb::MultiFileReader> Copy() const override {
    auto copy = duckdb::make_uniq<LakeReader>(info_);
    copy->function_name = function_name;
    copy->table_ = table_;
    return copy;
  }

  /// The path is the table's name.
  duckdb::shared_ptr<duckdb::MultiFileList> CreateFileList(
      ClientContext& context, const duckdb::vector<std::string>& paths,
      const duckdb::FileGlobInput& input) override {
    const auto activity = QueryActivity::Of(context);
    try {
      table_ = info_->tables->Load(paths.at(0));
    } catch (const Error& error) {
      if (activity) activity->Failed(error);
      throw duckdb::IOException("%s", std::string(error.what()));
    }
    if (activity) activity->UsesTable(table_->metadata);
    FileSet files;
    for (const DataFile& file : table_->metadata.files) files.push_back(&file);
    return duckdb::make_shared_ptr<LakeFileList>(table_, std::move(files));
  }

  /// Names and types without opening a file.
  bool Bind(MultiFileOptions& options, duckdb::MultiFileList& files,
            duckdb::vector<LogicalType>& types, duckdb::vector<std::string>& names,
            duckdb::MultiFileReaderBindData& bind_data) override {
    options.auto_detect_hive_partitioning = false;
    names = table_->names;
    types = table_->types;
    return true;
  }

  /// The partition's columns are not in the files: they are constants of each.
  void FinalizeBind(
      duckdb::MultiFileReaderData& reader, const MultiFileOptions& file_options,
      const duckdb::MultiFileReaderBindData& options,
      const duckdb::vector<duckdb::MultiFileColumnDefinition>& columns,
      const duckdb::vector<duckdb::ColumnIndex>& column_ids, ClientContext& context,
      duckdb::optional_ptr<duckdb::MultiFileReaderGlobalState> state) override {
    MultiFileReader::FinalizeBind(reader, file_options, options, columns, column_ids,
                                  context, state);
    const DataFile& file = *table_->files.at(reader.reader->GetFileName());
    const size_t first = table_->metadata.columns.size();
    for (idx_t i = 0; i < column_ids.size(); ++i) {
      const idx_t column = column_ids[i].GetPrimaryIndex();
      if (column < first || column >= table_->names.size()) continue;
      reader.constant_map.Add(duckdb::MultiFileGlobalIndex(i),
                              Value::INTEGER(file.partition.at(column - first)));
    }
  }

 private:
  const duckdb::shared_ptr<LakeScanInfo> info_;
  std::shared_ptr<const LakeTable> table_;
};

/// Lets count(*) be answered from the catalog alone.
duckdb::vector<duckdb::PartitionStatistics> RowCount(
    ClientContext& context, duckdb::GetPartitionStatsInput& input) {
  const auto& data = input.bind_data->Cast<duckdb::MultiFileBindData>();
  duckdb::PartitionStatistics all;
  all.row_start = 0;
  all.count = dynamic_cast<const LakeFileList&>(*data.file_list).Rows();
  all.count_type = duckdb::CountType::COUNT_EXACT;
  duckdb::vector<duckdb::PartitionStatistics> result;
  result.push_back(std::move(all));
  return result;
}

/// The columns and filters of one scan, which outlive it.
class ScannedColumns {
 public:
  explicit ScannedColumns(std::shared_ptr<const LakeTable> table)
      : table_(std::move(table)) {}

  /// Of those that the files have; the partition's are not in them.
  void Add(idx_t index, const duckdb::TableFilter* filter) {
    const auto& columns = table_->metadata.columns;
    if (index >= columns.size()) return;
    const LakeColumn& column = columns[index];
    fields_.insert(column.field_id);
    if (filter) filters_.emplace_back(&column, filter->Copy().release());
  }

  const std::set<int>& fields() const { return fields_; }

  bool Keeps(const DataFile& row_group) const {
    return std::ranges::none_of(filters_, [&](const auto& filter) {
      return RulesOut(*filter.second, *filter.first, row_group);
    });
  }

  std::vector<ByteRange> RangesIn(const std::string& footer) const {
    return ColumnRanges(footer, table_->metadata, fields_,
                        [this](const DataFile& group) { return Keeps(group); });
  }

 private:
  const std::shared_ptr<const LakeTable> table_;
  std::set<int> fields_;
  std::vector<std::pair<const LakeColumn*, std::shared_ptr<duckdb::TableFilter>>>
      filters_;
};

const duckdb::TableFilter* FilterOf(
    const duckdb::optional_ptr<const duckdb::TableFilterSet> filters, idx_t index) {
  if (!filters) return nullptr;
  const auto found = filters->filters.find(index);
  return found == filters->filters.end() ? nullptr : found->second.get();
}

/// Filters of a running scan are by the places of its columns.
std::shared_ptr<const ScannedColumns> ColumnsOf(
    const LakeFileList& list, const duckdb::TableFunctionInitInput& input) {
  auto columns = std::make_shared<ScannedColumns>(list.table());
  for (idx_t i = 0; i < input.column_ids.size(); ++i) {
    columns->Add(input.column_ids[i], FilterOf(input.filters.get(), i));
  }
  return columns;
}

/// Filters in a plan are by the columns themselves.
std::shared_ptr<const ScannedColumns> ColumnsOf(const LakeFileList& list,
                                                const duckdb::LogicalGet& get) {
  auto columns = std::make_shared<ScannedColumns>(list.table());
  for (const duckdb::ColumnIndex& column : get.GetColumnIds()) {
    const idx_t index = column.GetPrimaryIndex();
    columns->Add(index, FilterOf(&get.table_filters, index));
  }
  return columns;
}

/// Begins to read what the scan will ask for, before it opens its first file.
duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitScan(
    ClientContext& context, duckdb::TableFunctionInitInput& input) {
  const auto& data = input.bind_data->Cast<duckdb::MultiFileBindData>();
  const auto& info = dynamic_cast<const LakeReader&>(*data.multi_file_reader).info();
  const auto activity = QueryActivity::Of(context);
  if (info.remote && activity) {
    const auto& list = dynamic_cast<const LakeFileList&>(*data.file_list);
    const auto columns = ColumnsOf(list, input);
    activity->Follow(info.remote->Ahead(
        {.files = list.files(),
         .owner = list.table(),
         .wanted =
             [columns](const std::string& footer) { return columns->RangesIn(footer); },
         .on_request = [activity](int64_t bytes) { activity->Read(bytes); }}));
  }
  return info.parquet_init(context, input);
}

duckdb::TableFunction LakeScan(duckdb::ExtensionLoader& loader,
                               std::shared_ptr<LakeTables> tables, RemoteReads* remote) {
  const auto& overloads = loader.GetTableFunction("parquet_scan").functions.functions;
  auto scan = *std::find_if(overloads.begin(), overloads.end(), [](const auto& overload) {
    return overload.arguments.at(0) == LogicalType::VARCHAR;
  });
  scan.name = kLakeScan;
  std::erase_if(scan.named_parameters,
                [](const auto& parameter) { return parameter.first != kCanHaveNan; });
  auto info = duckdb::make_shared_ptr<LakeScanInfo>();
  info->tables = std::move(tables);
  info->remote = remote;
  info->parquet_init = scan.init_global;
  scan.function_info = std::move(info);
  scan.init_global = InitScan;
  scan.get_multi_file_reader = LakeReader::Create;
  scan.get_partition_stats = RowCount;
  // They would read a plan back without its catalog.
  scan.serialize = nullptr;
  scan.deserialize = nullptr;
  return scan;
}

void CreateSchema(ClientContext& context, duckdb::Catalog& catalog,
                  const std::string& name) {
  duckdb::CreateSchemaInfo info;
  info.schema = name;
  info.on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  catalog.CreateSchema(context, info);
}

/// Stays unbound: the table's metadata is read when a statement names it.
void CreateView(ClientContext& context, duckdb::Catalog& catalog,
                const std::string& schema, const std::string& name,
                const std::string& table) {
  auto info = duckdb::make_uniq<duckdb::CreateViewInfo>();
  info->schema = schema;
  info->view_name = name;
  info->sql = "SELECT * FROM " + LakeScanOf(table);
  info->on_conflict = duckdb::OnCreateConflict::IGNORE_ON_CONFLICT;
  info = duckdb::CreateViewInfo::FromSelect(context, std::move(info));
  catalog.CreateView(context, *info);
}

}  // namespace

std::string LakeScanOf(const std::string& table) {
  return fmt::format("{}({}, {} = true)", kLakeScan,
                     duckdb::KeywordHelper::WriteQuoted(table, '\''), kCanHaveNan);
}

std::vector<std::string> LakeViewsOf(const std::string& table) {
  const auto quoted = [](const std::string& name) {
    return duckdb::KeywordHelper::WriteQuoted(name, '"');
  };
  const size_t dot = table.find('.');
  const std::string schema = dot == std::string::npos ? "public" : table.substr(0, dot);
  return {fmt::format("{}.{}", DEFAULT_SCHEMA, quoted(table)),
          fmt::format("{}.{}", quoted(schema), quoted(table.substr(dot + 1)))};
}

void RegisterLakeTables(duckdb::DuckDB& database, std::shared_ptr<LakeTables> tables,
                        RemoteReads* remote) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  loader.RegisterFunction(LakeScan(loader, tables, remote));
  duckdb::Connection connection(database);
  connection.BeginTransaction();
  ClientContext& context = *connection.context;
  duckdb::Catalog& catalog = duckdb::Catalog::GetCatalog(
      context, duckdb::DatabaseManager::GetDefaultDatabase(context));
  duckdb::DatabaseModificationType modification;
  modification |= duckdb::DatabaseModificationType::CREATE_CATALOG_ENTRY;
  duckdb::MetaTransaction::Get(context).ModifyDatabase(catalog.GetAttached(),
                                                       modification);
  for (const auto& [table, entry] : tables->state().tables) {
    CreateView(context, catalog, DEFAULT_SCHEMA, table, table);
    const size_t dot = table.find('.');
    const std::string schema = dot == std::string::npos ? "public" : table.substr(0, dot);
    CreateSchema(context, catalog, schema);
    CreateView(context, catalog, schema, table.substr(dot + 1), table);
  }
  connection.Commit();
}

std::optional<PlannedScan> PlannedScanOf(const duckdb::LogicalGet& get) {
  if (get.function.name != kLakeScan) return std::nullopt;
  const auto& data = get.bind_data->Cast<duckdb::MultiFileBindData>();
  const auto& list = dynamic_cast<const LakeFileList&>(*data.file_list);
  const auto columns = ColumnsOf(list, get);
  return PlannedScan{
      .table = {list.table(), &list.table()->metadata},
      .files = list.files(),
      .fields = columns->fields(),
      .keeps = [columns](const DataFile& group) { return columns->Keeps(group); }};
}

}  // namespace shoestring
