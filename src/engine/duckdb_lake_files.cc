#include "engine/duckdb_lake_files.h"

#include <duckdb/common/multi_file/multi_file_states.hpp>

namespace shoestring {

using duckdb::idx_t;
using duckdb::OpenFileInfo;

const LakeFileList& LakeFileList::Of(const duckdb::FunctionData& bind_data) {
  const auto& data = bind_data.Cast<duckdb::MultiFileBindData>();
  return dynamic_cast<const LakeFileList&>(*data.file_list);
}

idx_t LakeFileList::Rows() const {
  int64_t rows = 0;
  for (const DataFile* file : files_) rows += file->rows;
  return static_cast<idx_t>(rows);
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::ComplexFilterPushdown(
    duckdb::ClientContext& context, const duckdb::MultiFileOptions& options,
    duckdb::MultiFilePushdownInfo& info, DuckdbExpressions& filters) const {
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

duckdb::vector<OpenFileInfo> LakeFileList::GetAllFiles() const {
  duckdb::vector<OpenFileInfo> all;
  for (const DataFile* file : files_) all.emplace_back(LakeFileSystem::PathOf(*file));
  return all;
}

duckdb::unique_ptr<duckdb::NodeStatistics> LakeFileList::GetCardinality(
    duckdb::ClientContext& context) const {
  return duckdb::make_uniq<duckdb::NodeStatistics>(Rows(), Rows());
}

duckdb::unique_ptr<duckdb::MultiFileList> LakeFileList::Copy() const {
  return duckdb::make_uniq<LakeFileList>(table_, files_);
}

OpenFileInfo LakeFileList::GetFile(idx_t index) const {
  if (index >= files_.size()) return OpenFileInfo("");
  return OpenFileInfo(LakeFileSystem::PathOf(*files_[index]));
}

}  // namespace shoestring
