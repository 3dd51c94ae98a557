#include "engine/duckdb_scanned_file.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/main/client_data.hpp>

#include <parquet/column_reader.h>
#include <parquet/exception.h>
#include <parquet/metadata.h>

#include <algorithm>

#include "engine/duckdb_bounds.h"

namespace shoestring {

namespace {

using duckdb::idx_t;

constexpr idx_t kVector = STANDARD_VECTOR_SIZE;
static_assert(kVector == kPieceRows, "what is read at once is what is scanned at once");

}  // namespace

ScannedFile::ScannedFile(duckdb::ClientContext& context, const FileScan& scan,
                         const DataFile& file)
    : context_(context), scan_(scan), data_file_(file) {
  const auto activity = QueryActivity::Of(context);
  if (activity && scan_.reads.files) activity->OpenedFile(file.key);
  file_ = scan_.reads.chunks->Find(file.key);
  if (!file_) {
    is_new_ = true;
    file_ = scan_.reads.chunks->Keep(
        file.key,
        Parsed([&] { return std::make_shared<CachedFile>(Input().ReadFooter()); }));
  }
  Parsed([&] { FindLeaves(); });
}

void ScannedFile::FindLeaves() {
  leaves_.resize(scan_.columns.size());
  for (size_t place = 0; place < leaves_.size(); ++place) {
    const LakeColumn* column = scan_.columns[place].lake_column;
    if (column) leaves_[place] = file_->Leaf(column->field_id);
  }
}

std::optional<bool> ScannedFile::Decides(const PlacedFilter& filter, int group) {
  const LakeColumn* column = scan_.columns[filter.place].lake_column;
  if (!column) return std::nullopt;
  return file_->Decides(*filter.filter, *column, group, leaves_[filter.place]);
}

bool ScannedFile::RulesOut(int group) {
  return std::ranges::any_of(scan_.filters, [&](const PlacedFilter& filter) {
    return Decides(filter, group) == false;
  });
}

bool ScannedFile::Settles(const PlacedFilter& filter) {
  return Decides(filter, group_) == true;
}

void ScannedFile::Begin(int group) {
  group_ = group;
  rows_ = file_->rows(group);
  wanted_.clear();
  chunks_.assign(scan_.columns.size(), nullptr);
}

const ColumnChunk& ScannedFile::Known(size_t place) {
  const ColumnChunk* found = Find(place);
  return found ? *found : Decode(place, Wanted());
}

const ColumnChunk& ScannedFile::Chunk(size_t place, idx_t row) {
  const ColumnChunk& known = Known(place);
  if (known.Has(row)) return known;
  Vectors vectors = Wanted();
  vectors[row / kVector] = true;  // A Top-N may have become choosier meanwhile.
  return Decode(place, std::move(vectors));
}

const ColumnChunk& ScannedFile::ChunkWith(size_t place,
                                          const duckdb::SelectionVector& rows,
                                          idx_t count) {
  const ColumnChunk* here = Find(place);
  if (here && here->whole()) return *here;
  Vectors vectors((rows_ + kVector - 1) / kVector, false);
  for (idx_t i = 0; i < count; ++i) vectors[rows.get_index(i) / kVector] = true;
  for (size_t vector = 0; here && vector < vectors.size(); ++vector) {
    if (vectors[vector] && !here->Has(vector * kVector)) here = nullptr;
  }
  return here ? *here : Decode(place, std::move(vectors));
}

duckdb::Value ScannedFile::Constant(size_t place) const {
  const ScannedColumn& column = scan_.columns[place];
  if (!column.partition_value) return duckdb::Value(column.type);
  return duckdb::Value::INTEGER(data_file_.partition.at(*column.partition_value));
}

bool ScannedFile::Wants(idx_t row) const {
  return wanted_.empty() || wanted_[row / kVector];
}

bool ScannedFile::MayPass(const PlacedFilter& filter, idx_t row) {
  const ColumnChunk& known = Known(filter.place);
  if (known.RulesOut(filter, row)) return false;
  // What a column lacks was perhaps left out by another filter.
  return known.Has(row) || Wanted()[row / kVector];
}

const ColumnChunk* ScannedFile::Find(size_t place) {
  auto& chunk = chunks_[place];
  if (!chunk) chunk = file_->Find(group_, leaves_[place], scan_.columns[place].type);
  return chunk.get();
}

/// These vectors, and those that were here before.
const ColumnChunk& ScannedFile::Decode(size_t place, Vectors vectors) {
  const ColumnChunk* here = Find(place);
  for (size_t vector = 0; here && vector < vectors.size(); ++vector) {
    vectors[vector] = vectors[vector] || here->Has(vector * kVector);
  }
  auto& chunk = chunks_[place];
  chunk = Parsed([&] { return Read(place, vectors); });
  if (scan_.keeps) scan_.reads.chunks->Keep(file_.get(), group_, leaves_[place], chunk);
  return *chunk;
}

std::shared_ptr<const ColumnChunk> ScannedFile::Read(size_t place,
                                                     const Vectors& vectors) {
  const ColumnPages pages = Pages(place);
  const ColumnPart part = PartOf(pages, vectors);
  std::shared_ptr<parquet::ColumnReader> reader;
  if (part.rows > 0) {
    reader = Input().Column(*file_->footer(), group_, leaves_[place], part);
  }
  return std::make_shared<const ColumnChunk>(
      scan_.columns[place].type, reader.get(),
      ChunkRows{.count = static_cast<idx_t>(part.rows),
                .vectors = part.pieces,
                .bounds = part.whole() ? Bounds() : BoundsOf(place, pages)});
}

/// On a bucket a column is read as a whole: there requests cost, not bytes.
ColumnPages ScannedFile::Pages(size_t place) {
  const parquet::FileMetaData& footer = *file_->footer();
  const LakeColumn& column = *scan_.columns[place].lake_column;
  if (scan_.reads.remote) return ChunkOf(footer, group_, leaves_[place]);
  return Input().Pages(footer, group_, leaves_[place], column.type);
}

ScannedFile::Bounds ScannedFile::BoundsOf(size_t place, const ColumnPages& pages) const {
  Bounds bounds;
  for (const ColumnStatistics& known : pages.known) {
    bounds.push_back(StatisticsOf(*scan_.columns[place].lake_column, known));
  }
  return bounds;
}

/// The vectors of the row group that may have rows that pass.
const ScannedFile::Vectors& ScannedFile::Wanted() {
  if (!wanted_.empty()) return wanted_;
  wanted_.assign((rows_ + kVector - 1) / kVector, true);
  if (scan_.reads.remote) return wanted_;
  Parsed([&] {
    for (const PlacedFilter& filter : scan_.filters) {
      if (scan_.columns[filter.place].lake_column && !Settles(filter)) LeaveOut(filter);
    }
  });
  return wanted_;
}

/// Takes out what a filter rules out, by what is decoded of its column or by the file's
/// page index.
void ScannedFile::LeaveOut(const PlacedFilter& filter) {
  const ColumnChunk* here = Find(filter.place);
  const Bounds bounds = here ? Bounds() : BoundsOf(filter.place, Pages(filter.place));
  for (size_t vector = 0; vector < wanted_.size(); ++vector) {
    if (!wanted_[vector]) continue;
    const bool out = here ? here->RulesOut(filter, vector * kVector)
                          : !bounds.empty() && bounds[vector] &&
                                shoestring::RulesOut(*filter.filter, *bounds[vector]);
    wanted_[vector] = !out;
  }
}

ParquetInput& ScannedFile::Input() {
  if (!input_) {
    input_.emplace(scan_.reads.files, LakeFileSystem::PathOf(data_file_),
                   duckdb::ClientData::Get(context_).file_opener.get());
  }
  return *input_;
}

/// What Parquet finds wrong, as an error that keeps what kind it is.
template <typename Function>
auto ScannedFile::Parsed(const Function& function) -> decltype(function()) {
  try {
    return function();
  } catch (const parquet::ParquetException& error) {
    const Error failure = Fail(ErrorKind::kCorrupt, "Not as it was written: {}: {}",
                               error.what(), data_file_.key);
    if (const auto activity = QueryActivity::Of(context_)) activity->Failed(failure);
    throw duckdb::IOException("%s", std::string(failure.what()));
  }
}

}  // namespace shoestring
