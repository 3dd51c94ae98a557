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

#include "engine/duckdb_cached_scan.h"
#include "engine/duckdb_lake_files.h"
#include "engine/duckdb_scan_filter.h"
#include "engine/duckdb_scan_order.h"
#include "engine/scan_ranges.h"

namespace shoestring {

namespace {

using duckdb::ClientContext;
using duckdb::idx_t;
using duckdb::LogicalType;
using duckdb::MultiFileOptions;
using duckdb::Value;

/// Without it, a row group's maximum rules out its NaNs.
constexpr const char* kCanHaveNan = "can_have_nan";
/// Every thread makes its own tables of what is grouped and joined, megabytes to be
/// cleared: a scan of fewer rows is sooner done by one.
constexpr idx_t kRowsPerThread = DEFAULT_ROW_GROUP_SIZE;

struct LakeScanInfo : duckdb::TableFunctionInfo {
  std::shared_ptr<LakeTables> tables;
  LakeReads reads;
  duckdb::table_function_bind_t parquet_bind = nullptr;
  duckdb::table_function_init_global_t parquet_init = nullptr;
  duckdb::table_function_pushdown_complex_filter_t parquet_pushdown = nullptr;
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
    if (activity) activity->UsesTable(table_->in_lake());
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
  duckdb::PartitionStatistics all;
  all.row_start = 0;
  all.count = LakeFileList::Of(*input.bind_data).Rows();
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

duckdb::unique_ptr<duckdb::GlobalTableFunctionState> InitScan(
    ClientContext& context, duckdb::TableFunctionInitInput& input) {
  PrepareScan(context, input);
  const auto& data = input.bind_data->Cast<duckdb::MultiFileBindData>();
  return dynamic_cast<const LakeReader&>(*data.multi_file_reader)
      .info()
      .parquet_init(context, input);
}

/// Of a copy in memory no column stands for its file.
duckdb::virtual_column_map_t NoVirtualColumns(
    ClientContext& context, duckdb::optional_ptr<duckdb::FunctionData> bind_data) {
  duckdb::virtual_column_map_t columns;
  columns.emplace(duckdb::COLUMN_IDENTIFIER_EMPTY,
                  duckdb::TableColumn("", LogicalType::BOOLEAN));
  return columns;
}

/// DuckDB's own scan has no file to read of a copy in memory.
duckdb::unique_ptr<duckdb::FunctionData> BindScan(ClientContext& context,
                                                  duckdb::TableFunctionBindInput& input,
                                                  duckdb::vector<LogicalType>& types,
                                                  duckdb::vector<std::string>& names) {
  auto data = input.info->Cast<LakeScanInfo>().parquet_bind(context, input, types, names);
  if (LakeFileList::Of(*data).table()->in_memory()) {
    UseCachedScan(&input.table_function);
    input.table_function.get_virtual_columns = NoVirtualColumns;
  }
  return data;
}

/// What a filter leaves little of is scanned by us, as are few first rows of an order;
/// all else by DuckDB, which streams it.
void PushFilters(ClientContext& context, duckdb::LogicalGet& get,
                 duckdb::FunctionData* bind_data, DuckdbExpressions& filters) {
  if (IsCachedScan(get)) return;
  get.function.function_info->Cast<LakeScanInfo>().parquet_pushdown(context, get,
                                                                    bind_data, filters);
  if (!filters.empty() && CanUseCachedScan(get)) UseCachedScan(&get.function);
}

duckdb::TableFunction LakeScan(duckdb::ExtensionLoader& loader,
                               std::shared_ptr<LakeTables> tables,
                               const LakeReads& reads) {
  const auto& overloads = loader.GetTableFunction("parquet_scan").functions.functions;
  auto scan = *std::find_if(overloads.begin(), overloads.end(), [](const auto& overload) {
    return overload.arguments.at(0) == LogicalType::VARCHAR;
  });
  scan.name = kLakeScan;
  std::erase_if(scan.named_parameters,
                [](const auto& parameter) { return parameter.first != kCanHaveNan; });
  auto info = duckdb::make_shared_ptr<LakeScanInfo>();
  info->tables = std::move(tables);
  info->reads = reads;
  info->parquet_bind = scan.bind;
  info->parquet_init = scan.init_global;
  info->parquet_pushdown = scan.pushdown_complex_filter;
  scan.function_info = std::move(info);
  scan.bind = BindScan;
  scan.init_global = InitScan;
  scan.pushdown_complex_filter = PushFilters;
  scan.get_multi_file_reader = LakeReader::Create;
  scan.get_partition_stats = RowCount;
  // It would list all files, for each statement, to say that none of them is a table.
  scan.get_bind_info = nullptr;
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

LakeReads LakeReadsOf(const duckdb::FunctionData& bind_data) {
  const LakeTable& table = *LakeFileList::Of(bind_data).table();
  if (table.in_memory()) return {.chunks = table.memory.get()};
  const auto& data = bind_data.Cast<duckdb::MultiFileBindData>();
  return dynamic_cast<const LakeReader&>(*data.multi_file_reader).info().reads;
}

duckdb::idx_t ThreadsFor(const LakeFileList& list) {
  return list.Rows() / kRowsPerThread;
}

void PrepareScan(ClientContext& context, const duckdb::TableFunctionInitInput& input) {
  const auto activity = QueryActivity::Of(context);
  if (!activity) return;
  const LakeFileList& list = LakeFileList::Of(*input.bind_data);
  const bool large = list.Rows() >= kFewRows || list.files().size() > kFewFiles;
  // To search for several is short, too, in what is sorted as a whole.
  const size_t few = list.table()->in_memory() ? kMostValues : 1;
  const bool narrow = input.filters && AskForValues(*input.filters, few);
  if (large && !narrow) activity->WantsThreads();
  RemoteReads* remote = LakeReadsOf(*input.bind_data).remote;
  if (!remote) return;
  const auto columns = ColumnsOf(list, input);
  activity->Follow(remote->Ahead(
      {.files = list.files(),
       .owner = list.table(),
       .wanted =
           [columns](const std::string& footer) { return columns->RangesIn(footer); },
       .on_request = [activity](int64_t bytes) { activity->Read(bytes); }}));
}

std::string LakeScanOf(const std::string& table) {
  return fmt::format("{}({}, {} = true)", kLakeScan,
                     duckdb::KeywordHelper::WriteQuoted(table, '\''), kCanHaveNan);
}

std::vector<LakeView> LakeViewsOf(const std::string& table) {
  const size_t dot = table.find('.');
  const std::string schema = dot == std::string::npos ? "public" : table.substr(0, dot);
  return {{DEFAULT_SCHEMA, table}, {schema, table.substr(dot + 1)}};
}

void RegisterLakeTables(duckdb::DuckDB& database, std::shared_ptr<LakeTables> tables,
                        const LakeReads& reads) {
  duckdb::ExtensionLoader loader(*database.instance, "shoestring");
  loader.RegisterFunction(LakeScan(loader, tables, reads));
  duckdb::OptimizerExtension order;
  order.optimize_function = OrderScans;
  order.pre_optimize_function = TakeOverFirstRows;
  duckdb::OptimizerExtension::Register(duckdb::DBConfig::GetConfig(*database.instance),
                                       std::move(order));
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
    for (const auto& [schema, name] : LakeViewsOf(table)) {
      CreateSchema(context, catalog, schema);
      CreateView(context, catalog, schema, name, table);
    }
  }
  connection.Commit();
}

std::optional<PlannedScan> PlannedScanOf(const duckdb::LogicalGet& get) {
  if (get.function.name != kLakeScan) return std::nullopt;
  const LakeFileList& list = LakeFileList::Of(*get.bind_data);
  const auto columns = ColumnsOf(list, get);
  return PlannedScan{
      .table = {list.table(), &list.table()->in_lake()},
      .files = list.table()->in_memory() ? FileSet() : list.files(),
      .fields = columns->fields(),
      .keeps = [columns](const DataFile& group) { return columns->Keeps(group); }};
}

}  // namespace shoestring
