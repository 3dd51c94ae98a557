#include "engine/duckdb_column_chunk.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>
#include <duckdb/common/types/hugeint.hpp>

#include <arrow/util/utf8.h>
#include <parquet/column_reader.h>
#include <parquet/exception.h>

#include <algorithm>
#include <climits>
#include <optional>
#include <type_traits>

#include "engine/duckdb_bounds.h"
#include "engine/duckdb_numbered_texts.h"
#include "engine/duckdb_scan_filter.h"

namespace shoestring {

namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::LogicalTypeId;
using duckdb::PhysicalType;
using duckdb::Vector;

constexpr idx_t kVector = STANDARD_VECTOR_SIZE;
/// Rows of a vector that are copied rather than pointed to.
constexpr idx_t kFew = kVector / 8;

/// Reads what is left of a column in pieces of one page at most; `piece` gets the number
/// of values that are not null, and where they begin among all that are not.
template <typename ReadPiece>
std::vector<int16_t> ReadLevels(const parquet::ColumnReader& reader, idx_t rows,
                                const ReadPiece& piece) {
  std::vector<int16_t> levels(rows, 1);
  const bool optional = reader.descr()->max_definition_level() > 0;
  idx_t row = 0;
  int64_t values = 0;
  while (row < rows) {
    int64_t count = 0;
    const int64_t read = piece(static_cast<int64_t>(rows - row),
                               optional ? levels.data() + row : nullptr, values, &count);
    if (read <= 0) throw parquet::ParquetException("A column has fewer rows");
    row += static_cast<idx_t>(read);
    values += count;
  }
  return levels;
}

/// Moves values that stand close together to their rows, and marks the others null.
template <typename Value>
void Spread(const std::vector<int16_t>& levels, Vector* to) {
  auto* values = FlatVector::GetData<Value>(*to);
  auto from = static_cast<size_t>(std::ranges::count(levels, 1));
  if (from == levels.size()) return;
  for (size_t row = levels.size(); row-- > 0;) {
    if (levels[row] == 0) {
      values[row] = Value();
      FlatVector::SetNull(*to, row, true);
    } else {
      values[row] = values[--from];
    }
  }
}

template <typename Type>
parquet::TypedColumnReader<Type>* As(parquet::ColumnReader* reader) {
  if (reader->type() != Type::type_num) {
    throw parquet::ParquetException("A column is stored as another type");
  }
  return static_cast<parquet::TypedColumnReader<Type>*>(reader);
}

/// Values that DuckDB holds as Parquet does, or as a narrower integer.
template <typename Type, typename Value>
void DecodeAs(parquet::ColumnReader* reader, idx_t rows, Vector* to) {
  using Stored = typename Type::c_type;
  auto* typed = As<Type>(reader);
  auto* values = FlatVector::GetData<Value>(*to);
  std::vector<Stored> stored(std::is_same_v<Stored, Value> ? 0 : rows);
  const auto levels = ReadLevels(
      *reader, rows, [&](int64_t most, int16_t* level, int64_t at, int64_t* count) {
        if constexpr (std::is_same_v<Stored, Value>) {
          return typed->ReadBatch(most, level, nullptr, values + at, count);
        } else {
          const int64_t read =
              typed->ReadBatch(most, level, nullptr, stored.data(), count);
          std::transform(stored.begin(), stored.begin() + *count, values + at,
                         [](Stored value) { return static_cast<Value>(value); });
          return read;
        }
      });
  Spread<Value>(levels, to);
}

void DecodeWide(parquet::ColumnReader* reader, idx_t rows, Vector* to) {
  auto* typed = As<parquet::FLBAType>(reader);
  const int length = reader->descr()->type_length();
  const auto size = static_cast<size_t>(std::max(length, 0));
  if (length < 0 || size > kMostWideBytes) {
    throw parquet::ParquetException("A number is too wide");
  }
  auto* values = FlatVector::GetData<duckdb::hugeint_t>(*to);
  std::vector<parquet::FixedLenByteArray> stored(rows);
  const auto levels = ReadLevels(
      *reader, rows, [&](int64_t most, int16_t* level, int64_t at, int64_t* count) {
        const int64_t read = typed->ReadBatch(most, level, nullptr, stored.data(), count);
        std::transform(stored.begin(), stored.begin() + *count, values + at,
                       [size](const auto& each) {
                         return WideInteger({each.ptr, size});
                       });
        return read;
      });
  Spread<duckdb::hugeint_t>(levels, to);
}

duckdb::string_t Text(const parquet::ByteArray& bytes, Vector* owner) {
  const bool text = owner->GetType().id() == LogicalTypeId::VARCHAR;
  if (text && !arrow::util::ValidateUTF8(bytes.ptr, bytes.len)) {
    throw parquet::ParquetException("A text is not UTF-8");
  }
  return duckdb::StringVector::AddStringOrBlob(
      *owner, reinterpret_cast<const char*>(bytes.ptr), bytes.len);
}

/// Of a dictionary, each, without the text: DuckDB keeps their hashes, too, once it
/// groups by them.
constexpr idx_t kEntryBytes = sizeof(duckdb::string_t) + sizeof(duckdb::hash_t);

/// What holds the texts that are too long for their places.
int64_t HeapBytes(Vector& values) {
  auto& texts = duckdb::StringVector::GetStringBuffer(values);
  return static_cast<int64_t>(texts.GetStringAllocator().AllocationSize());
}

int64_t BytesOf(duckdb::VectorChildBuffer& dictionary) {
  return static_cast<int64_t>(dictionary.size.GetIndex() * kEntryBytes) +
         HeapBytes(dictionary.data);
}

/// Of the first rows of a flat vector.
int64_t BytesOf(Vector& values, idx_t rows) {
  const PhysicalType type = values.GetType().InternalType();
  auto bytes = static_cast<int64_t>(rows * duckdb::GetTypeIdSize(type) + rows / CHAR_BIT);
  if (type == PhysicalType::VARCHAR) bytes += HeapBytes(values);
  if (type != PhysicalType::LIST) return bytes;
  return bytes + BytesOf(duckdb::ListVector::GetEntry(values),
                         duckdb::ListVector::GetListCapacity(values));
}

/// Floats have no bounds: those of Parquet leave out NaN, and so would these.
bool HasBounds(PhysicalType type) {
  switch (type) {
    case PhysicalType::INT16:
    case PhysicalType::INT32:
    case PhysicalType::INT64:
    case PhysicalType::INT128: return true;
    default: return false;
  }
}

/// Rows of the least and the greatest value; the same when all are null.
template <typename Value>
std::pair<idx_t, idx_t> Extremes(const Vector& values, idx_t begin, idx_t end) {
  const auto* data = FlatVector::GetData<Value>(values);
  const auto& valid = FlatVector::Validity(values);
  std::optional<std::pair<idx_t, idx_t>> found;
  for (idx_t row = begin; row < end; ++row) {
    if (!valid.RowIsValid(row)) continue;
    if (!found) found.emplace(row, row);
    if (data[row] < data[found->first]) found->first = row;
    if (data[found->second] < data[row]) found->second = row;
  }
  return found.value_or(std::pair(begin, begin));
}

std::pair<idx_t, idx_t> ExtremesOf(const Vector& values, idx_t begin, idx_t end) {
  switch (values.GetType().InternalType()) {
    case PhysicalType::INT16: return Extremes<int16_t>(values, begin, end);
    case PhysicalType::INT32: return Extremes<int32_t>(values, begin, end);
    case PhysicalType::INT64: return Extremes<int64_t>(values, begin, end);
    default: return Extremes<duckdb::hugeint_t>(values, begin, end);
  }
}

template <typename Value>
uint64_t Distance(const Vector& values, idx_t least, idx_t greatest) {
  const auto* data = FlatVector::GetData<Value>(values);
  return static_cast<uint64_t>(data[greatest]) - static_cast<uint64_t>(data[least]);
}

/// Whether most values between two do not stand in a vector; false for those that have no
/// sketch.
bool IsSparse(const Vector& values, idx_t least, idx_t greatest) {
  switch (values.GetType().InternalType()) {
    case PhysicalType::INT32: return Distance<int32_t>(values, least, greatest) > kVector;
    case PhysicalType::INT64: return Distance<int64_t>(values, least, greatest) > kVector;
    default: return false;
  }
}

}  // namespace

bool ColumnChunk::CanRead(const duckdb::LogicalType& type) {
  return type.id() != LogicalTypeId::LIST;
}

ColumnChunk::ColumnChunk(const duckdb::LogicalType& type, parquet::ColumnReader* reader,
                         const ChunkRows& rows)
    : type_(type), rows_(rows.count) {
  Place(rows.vectors);
  if (rows_ == 0) {
    values_ = std::make_unique<Vector>(type_, 1);
  } else if (type.InternalType() == PhysicalType::VARCHAR) {
    DecodeTexts(reader);
  } else {
    DecodeNumbers(reader);
  }
  Finish(rows);
}

ColumnChunk::ColumnChunk(std::unique_ptr<Vector> values, idx_t rows)
    : type_(values->GetType()), rows_(rows), values_(std::move(values)) {
  const ChunkRows whole{
      .count = rows, .vectors = std::vector<bool>((rows + kVector - 1) / kVector, true)};
  Place(whole.vectors);
  if (type_.InternalType() == PhysicalType::VARCHAR) NumberTexts();
  if (values_) bytes_ += BytesOf(*values_, rows);
  Finish(whole);
}

void ColumnChunk::Finish(const ChunkRows& rows) {
  KeepBounds(rows);
  ascends_ = rows_ > 0 && Ascends(Values({0, rows_}));
  sketched_ = dictionary_ ? dictionary_->size.GetIndex() : rows_;
  if (ValueSketch::Covers(type_)) bytes_ += ValueSketch::MostBytes(sketched_);
}

void ColumnChunk::Place(const std::vector<bool>& vectors) {
  idx_t next = 0;
  for (const bool here : vectors) {
    places_.push_back(here ? next : kAbsent);
    if (here) next += kVector;
  }
  const bool fits = next >= rows_ && (next == 0 || next - rows_ < kVector);
  if (!fits) throw parquet::ParquetException("A column has other rows");
  whole_ = std::ranges::find(vectors, false) == vectors.end();
  bytes_ += static_cast<int64_t>(places_.capacity() * sizeof(idx_t));
}

void ColumnChunk::DecodeNumbers(parquet::ColumnReader* reader) {
  const idx_t rows = rows_;
  const PhysicalType physical = type_.InternalType();
  values_ = std::make_unique<Vector>(type_, rows);
  switch (physical) {
    case PhysicalType::BOOL:
      DecodeAs<parquet::BooleanType, bool>(reader, rows, values_.get());
      break;
    case PhysicalType::INT16:
      DecodeAs<parquet::Int32Type, int16_t>(reader, rows, values_.get());
      break;
    case PhysicalType::INT32:
      DecodeAs<parquet::Int32Type, int32_t>(reader, rows, values_.get());
      break;
    case PhysicalType::INT64:
      DecodeAs<parquet::Int64Type, int64_t>(reader, rows, values_.get());
      break;
    case PhysicalType::INT128: DecodeWide(reader, rows, values_.get()); break;
    case PhysicalType::FLOAT:
      DecodeAs<parquet::FloatType, float>(reader, rows, values_.get());
      break;
    case PhysicalType::DOUBLE:
      DecodeAs<parquet::DoubleType, double>(reader, rows, values_.get());
      break;
    default: throw parquet::ParquetException("No such column in a lake");
  }
  bytes_ += static_cast<int64_t>(rows * duckdb::GetTypeIdSize(physical));
}

void ColumnChunk::DecodeTexts(parquet::ColumnReader* reader) {
  if (reader->GetExposedEncoding() == parquet::ExposedEncoding::DICTIONARY) {
    DecodeDictionary(reader);
    return;
  }
  const idx_t rows = rows_;
  auto* typed = As<parquet::ByteArrayType>(reader);
  values_ = std::make_unique<Vector>(type_, rows);
  auto* values = FlatVector::GetData<duckdb::string_t>(*values_);
  std::vector<parquet::ByteArray> stored(rows);
  const auto levels = ReadLevels(
      *reader, rows, [&](int64_t most, int16_t* level, int64_t at, int64_t* count) {
        const int64_t read = typed->ReadBatch(most, level, nullptr, stored.data(), count);
        for (int64_t i = 0; i < *count; ++i) {
          values[at + i] = Text(stored[static_cast<size_t>(i)], values_.get());
        }
        return read;
      });
  Spread<duckdb::string_t>(levels, values_.get());
  bytes_ += static_cast<int64_t>(rows * sizeof(duckdb::string_t)) + HeapBytes(*values_);
}

void ColumnChunk::DecodeDictionary(parquet::ColumnReader* reader) {
  const idx_t rows = rows_;
  auto* typed = As<parquet::ByteArrayType>(reader);
  std::vector<int32_t> stored(rows);
  const parquet::ByteArray* texts = nullptr;
  int32_t size = 0;
  const auto levels = ReadLevels(
      *reader, rows, [&](int64_t most, int16_t* level, int64_t at, int64_t* count) {
        return typed->ReadBatchWithDictionary(most, level, nullptr, stored.data() + at,
                                              count, &texts, &size);
      });
  const auto null = static_cast<duckdb::sel_t>(size);
  dictionary_ =
      duckdb::DictionaryVector::CreateReusableDictionary(type_, idx_t{null} + 1);
  auto* entries = FlatVector::GetData<duckdb::string_t>(dictionary_->data);
  for (duckdb::sel_t i = 0; i < null; ++i) {
    entries[i] = Text(texts[i], &dictionary_->data);
  }
  FlatVector::SetNull(dictionary_->data, null, true);
  auto from = stored.begin();
  numbers_.reserve(rows);
  for (const int16_t level : levels) {
    numbers_.push_back(level == 0 ? null : static_cast<duckdb::sel_t>(*from++));
    if (numbers_.back() > null) throw parquet::ParquetException("No such text");
  }
  bytes_ += static_cast<int64_t>(rows * sizeof(duckdb::sel_t)) + BytesOf(*dictionary_);
}

void ColumnChunk::NumberTexts() {
  auto numbered = shoestring::NumberTexts(*values_, rows_);
  if (!numbered) return;
  dictionary_ = std::move(numbered->dictionary);
  numbers_ = std::move(numbered->numbers);
  values_.reset();
  bytes_ += static_cast<int64_t>(rows_ * sizeof(duckdb::sel_t)) + BytesOf(*dictionary_);
}

void ColumnChunk::KeepBounds(const ChunkRows& rows) {
  const bool own = HasBounds(type_.InternalType());
  if (!own && rows.bounds.empty()) return;
  for (size_t vector = 0; vector < places_.size(); ++vector) {
    const bool known = !rows.bounds.empty() && rows.bounds[vector];
    bounds_.push_back(known ? rows.bounds[vector]->Copy()
                            : duckdb::BaseStatistics::CreateUnknown(type_));
  }
  sparse_.assign(places_.size(), true);
  bytes_ += static_cast<int64_t>(bounds_.capacity() * sizeof(duckdb::BaseStatistics));
  if (own) FindBounds();
}

void ColumnChunk::FindBounds() {
  for (size_t vector = 0; vector < places_.size(); ++vector) {
    const idx_t begin = places_[vector];
    if (begin == kAbsent) continue;
    const auto [least, greatest] =
        ExtremesOf(*values_, begin, std::min(begin + kVector, rows_));
    auto bounds = duckdb::BaseStatistics::CreateUnknown(type_);
    if (FlatVector::Validity(*values_).RowIsValid(least)) {
      duckdb::NumericStats::SetMin(bounds, values_->GetValue(least));
      duckdb::NumericStats::SetMax(bounds, values_->GetValue(greatest));
    }
    bounds_[vector] = std::move(bounds);
    sparse_[vector] = IsSparse(*values_, least, greatest);
  }
}

bool ColumnChunk::RulesOut(const PlacedFilter& filter, idx_t row) const {
  const size_t vector = row / kVector;
  if (!bounds_.empty() && shoestring::RulesOut(*filter.filter, bounds_[vector])) {
    return true;
  }
  if (!Has(row) || filter.values.empty() || !ValueSketch::Covers(type_)) return false;
  if (!bounds_.empty() && !sparse_[vector]) return false;
  return std::ranges::none_of(
      filter.values, [this](const duckdb::Value& value) { return MayHold(value); });
}

std::optional<RowRanges> ColumnChunk::RowsThatPass(const PlacedFilter& filter,
                                                   RowRange rows) const {
  if (!ascends_ || filter.values.empty()) return std::nullopt;
  const idx_t begin = places_[rows.begin / kVector];
  RowRanges found =
      RowsEqual(Values({begin, begin + rows.end - rows.begin}), filter.values);
  for (RowRange& range : found) {
    range = {range.begin - begin + rows.begin, range.end - begin + rows.begin};
  }
  return found;
}

bool ColumnChunk::MayHold(const duckdb::Value& value) const {
  std::call_once(sketching_, [this] {
    sketch_.emplace(dictionary_ ? dictionary_->data : *values_, sketched_);
  });
  return sketch_->MayHold(value);
}

void ColumnChunk::Read(idx_t row, idx_t count, Vector* to) const {
  const idx_t begin = places_[row / kVector];
  if (!dictionary_) {
    to->Slice(*values_, begin, begin + count);
    return;
  }
  duckdb::SelectionVector numbers(count);
  std::copy_n(numbers_.begin() + static_cast<int64_t>(begin), count, numbers.data());
  to->Dictionary(dictionary_, numbers);
}

void ColumnChunk::Pick(const duckdb::SelectionVector& rows, idx_t count,
                       Vector* to) const {
  if (count <= kFew && type_.id() != LogicalTypeId::LIST) {
    Copy({rows, count, /*places=*/duckdb::SelectionVector()}, to);
  } else if (dictionary_) {
    to->Dictionary(dictionary_, Numbers(Places(rows, count), count));
  } else {
    to->Slice(*values_, Places(rows, count), count);
  }
}

void ColumnChunk::Copy(const RowCopy& copy, Vector* to) const {
  const duckdb::SelectionVector from = Places(copy.rows, copy.count);
  if (dictionary_) {
    CopyRows(dictionary_->data, {Numbers(from, copy.count), copy.count, copy.places}, to);
  } else {
    CopyRows(*values_, {from, copy.count, copy.places}, to);
  }
}

/// Where rows of the row group are among those that are here.
duckdb::SelectionVector ColumnChunk::Places(const duckdb::SelectionVector& rows,
                                            idx_t count) const {
  if (whole_) return rows;
  duckdb::SelectionVector places(count);
  for (idx_t i = 0; i < count; ++i) {
    const idx_t row = rows.get_index(i);
    places.set_index(i, places_[row / kVector] + row % kVector);
  }
  return places;
}

duckdb::SelectionVector ColumnChunk::Numbers(const duckdb::SelectionVector& places,
                                             idx_t count) const {
  duckdb::SelectionVector numbers(count);
  for (idx_t i = 0; i < count; ++i) numbers.set_index(i, numbers_[places.get_index(i)]);
  return numbers;
}

ColumnValues ColumnChunk::Values(RowRange places) const {
  if (dictionary_) return {dictionary_->data, numbers_.data(), places};
  return {*values_, nullptr, places};
}

}  // namespace shoestring
