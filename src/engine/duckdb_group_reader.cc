#include "engine/duckdb_group_reader.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/main/client_data.hpp>

#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>

#include <algorithm>

namespace shoestring {

template <typename Function>
auto GroupReader::Parsed(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const parquet::ParquetException& error) {
    const Error failure = Fail(ErrorKind::kCorrupt, "Not as it was written: {}: {}",
                               error.what(), at_.data_file->key);
    if (activity_) activity_->Failed(failure);
    throw duckdb::IOException("%s", std::string(failure.what()));
  }
}

GroupReader::GroupReader(duckdb::ClientContext& context, const LakeReads& reads,
                         const std::vector<ScannedColumn>& columns, bool keeps)
    : context_(context),
      reads_(reads),
      columns_(columns),
      keeps_(keeps),
      activity_(QueryActivity::Of(context)),
      chunks_(columns.size()) {}

void GroupReader::Open(const DataFile* file) {
  input_.reset();
  at_ = {file, reads_.chunks->Find(file->key)};
  if (activity_) activity_->OpenedFile(file->key);
  if (at_.file) return;
  ++footers_read_;
  at_.file = reads_.chunks->Keep(
      file->key,
      Parsed([&] { return std::make_shared<CachedFile>(Input().ReadFooter()); }));
}

bool GroupReader::RulesOut(const duckdb::TableFilter& filter, size_t place, int group) {
  const LakeColumn* column = columns_[place].lake_column;
  return column && Parsed([&] {
           return at_.file->RulesOut(filter, *column, group,
                                     at_.file->Leaf(column->field_id));
         });
}

void GroupReader::GoTo(int group) {
  at_.number = group;
  std::ranges::fill(chunks_, nullptr);
}

void GroupReader::GoBackTo(const RowGroup& group) {
  if (at_.data_file != group.data_file) input_.reset();
  at_ = group;
  std::ranges::fill(chunks_, nullptr);
}

const ColumnChunk& GroupReader::Chunk(size_t place) {
  auto& chunk = chunks_[place];
  if (chunk) return *chunk;
  const ScannedColumn& column = columns_[place];
  const int leaf = Parsed([&] { return at_.file->Leaf(column.lake_column->field_id); });
  chunk = at_.file->Find(at_.number, leaf, column.type);
  if (chunk) return *chunk;
  chunk = Parsed([&] {
    const auto reader = Input().Column(at_.file->footer(), at_.number, leaf);
    return std::make_shared<const ColumnChunk>(column.type, reader.get(), at_.rows());
  });
  if (keeps_) reads_.chunks->Keep(at_.file.get(), at_.number, leaf, chunk);
  return *chunk;
}

duckdb::Value GroupReader::Constant(size_t place) const {
  const ScannedColumn& column = columns_[place];
  if (!column.partition_value) return duckdb::Value(column.type);
  return duckdb::Value::INTEGER(at_.data_file->partition.at(*column.partition_value));
}

ParquetInput& GroupReader::Input() {
  if (!input_) {
    input_.emplace(reads_.files, LakeFileSystem::PathOf(*at_.data_file),
                   duckdb::ClientData::Get(context_).file_opener.get());
  }
  return *input_;
}

}  // namespace shoestring
