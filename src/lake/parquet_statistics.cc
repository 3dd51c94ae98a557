#include "lake/parquet_statistics.h"

#include <parquet/metadata.h>
#include <parquet/page_index.h>
#include <parquet/statistics.h>
#include <parquet/types.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/bytes.h"
#include "base/error.h"

namespace shoestring {

namespace {

static_assert(std::endian::native == std::endian::little,
              "Iceberg's single values are little-endian, written here from memory");

// Trino, and so Athena, makes a split of each offset. Each reads a file of up to so many
// bytes whole; in a larger one it reads what is near to each other at once, and so less
// in one row group than in all.
constexpr int64_t kReadWhole = 3 << 20;

// Iceberg readers compare bounds in memory: long texts are cut, as its own writers do.
constexpr size_t kBoundCharacters = 16;

template <typename T>
std::string LittleEndian(T value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

// The shortest two's complement, big-endian.
std::string ShortestBigEndian(std::string bytes) {
  size_t drop = 0;
  while (drop + 1 < bytes.size()) {
    const auto first = static_cast<uint8_t>(bytes[drop]);
    const bool next_negative = (static_cast<uint8_t>(bytes[drop + 1]) & 0x80) != 0;
    if (!(first == 0x00 && !next_negative) && !(first == 0xFF && next_negative)) break;
    ++drop;
  }
  return bytes.substr(drop);
}

template <typename T>
std::string DecimalBytes(T value) {
  std::string bytes;
  AppendBigEndian(&bytes, value);
  return ShortestBigEndian(std::move(bytes));
}

size_t CutAt(std::string_view text, size_t characters) {
  size_t at = 0;
  for (; at < text.size() && characters > 0; --characters) {
    do {
      ++at;
    } while (at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80);
  }
  return at;
}

std::string CutLower(std::string_view text) {
  return std::string(text.substr(0, CutAt(text, kBoundCharacters)));
}

// The least text of the bound's length above all that begin so; nothing when there is
// none. Only an ASCII character is raised: simple, and as good as any for pruning.
std::optional<std::string> CutUpper(std::string_view text) {
  const size_t at = CutAt(text, kBoundCharacters);
  std::string bound(text.substr(0, at));
  if (at == text.size()) return bound;
  while (!bound.empty()) {
    const auto last = static_cast<uint8_t>(bound.back());
    if (last < 0x7E) {
      bound.back() = static_cast<char>(last + 1);
      return bound;
    }
    bound.pop_back();
    while (!bound.empty() && static_cast<uint8_t>(bound.back()) >= 0x80) bound.pop_back();
  }
  return std::nullopt;
}

std::optional<std::string> CutUpperBytes(std::string_view bytes) {
  if (bytes.size() <= kBoundCharacters) return std::string(bytes);
  std::string bound(bytes.substr(0, kBoundCharacters));
  while (!bound.empty()) {
    if (static_cast<uint8_t>(bound.back()) != 0xFF) {
      bound.back() = static_cast<char>(static_cast<uint8_t>(bound.back()) + 1);
      return bound;
    }
    bound.pop_back();
  }
  return std::nullopt;
}

// Lower and upper bounds of a column over the row groups of a file.
class Bounds {
 public:
  explicit Bounds(const LakeType& type) : type_(type) {}

  void Add(const parquet::Statistics& statistics) {
    if (!statistics.HasMinMax()) {
      // Without values there are no bounds; with values they are unknown from here on.
      if (statistics.num_values() > 0) known_ = false;
      return;
    }
    switch (statistics.physical_type()) {
      case parquet::Type::BOOLEAN:
        AddAs<parquet::BooleanType>(statistics, &boolean_);
        return;
      case parquet::Type::INT32: AddAs<parquet::Int32Type>(statistics, &int32_); return;
      case parquet::Type::INT64: AddAs<parquet::Int64Type>(statistics, &int64_); return;
      case parquet::Type::FLOAT: AddAs<parquet::FloatType>(statistics, &float_); return;
      case parquet::Type::DOUBLE:
        AddAs<parquet::DoubleType>(statistics, &double_);
        return;
      case parquet::Type::BYTE_ARRAY: AddBytes(statistics); return;
      case parquet::Type::FIXED_LEN_BYTE_ARRAY: AddDecimal(statistics); return;
      default: known_ = false;
    }
  }

  void Get(ColumnStatistics* to) const {
    if (!known_) return;
    const bool decimal = type_.kind == LakeType::Kind::kDecimal;
    if (boolean_) Set(*boolean_, to);
    if (int32_) decimal ? SetDecimal(*int32_, to) : Set(*int32_, to);
    if (int64_) decimal ? SetDecimal(*int64_, to) : Set(*int64_, to);
    if (float_) Set(*float_, to);
    if (double_) Set(*double_, to);
    if (bytes_) SetBytes(to);
  }

 private:
  template <typename T>
  using Range = std::optional<std::pair<T, T>>;

  template <typename ParquetType, typename T>
  void AddAs(const parquet::Statistics& statistics, Range<T>* range) {
    const auto& typed =
        static_cast<const parquet::TypedStatistics<ParquetType>&>(statistics);
    Widen(static_cast<T>(typed.min()), static_cast<T>(typed.max()), range);
  }

  template <typename T>
  void Widen(T low, T high, Range<T>* range) {
    if (!*range) {
      *range = std::pair(low, high);
      return;
    }
    (*range)->first = std::min((*range)->first, low);
    (*range)->second = std::max((*range)->second, high);
  }

  void AddBytes(const parquet::Statistics& statistics) {
    const auto& typed = static_cast<const parquet::ByteArrayStatistics&>(statistics);
    Widen(std::string(std::string_view(typed.min())),
          std::string(std::string_view(typed.max())), &bytes_);
  }

  // Decimals of more than 18 digits: big-endian two's complement; with the sign bit
  // flipped they compare as bytes.
  void AddDecimal(const parquet::Statistics& statistics) {
    std::string low = statistics.EncodeMin();
    std::string high = statistics.EncodeMax();
    if (low.empty() || high.empty()) {
      known_ = false;
      return;
    }
    low[0] = static_cast<char>(low[0] ^ 0x80);
    high[0] = static_cast<char>(high[0] ^ 0x80);
    Widen(low, high, &bytes_);
  }

  template <typename T>
  void Set(const std::pair<T, T>& range, ColumnStatistics* to) const {
    to->lower = LittleEndian(range.first);
    to->upper = LittleEndian(range.second);
  }
  template <typename T>
  void SetDecimal(const std::pair<T, T>& range, ColumnStatistics* to) const {
    to->lower = DecimalBytes(range.first);
    to->upper = DecimalBytes(range.second);
  }

  void SetBytes(ColumnStatistics* to) const {
    auto [low, high] = *bytes_;
    if (type_.kind == LakeType::Kind::kDecimal) {
      low[0] = static_cast<char>(low[0] ^ 0x80);
      high[0] = static_cast<char>(high[0] ^ 0x80);
      to->lower = ShortestBigEndian(std::move(low));
      to->upper = ShortestBigEndian(std::move(high));
      return;
    }
    const bool text = type_.kind == LakeType::Kind::kString;
    to->lower = text ? CutLower(low) : low.substr(0, kBoundCharacters);
    to->upper = text ? CutUpper(high) : CutUpperBytes(high);
  }

  const LakeType& type_;
  bool known_ = true;
  Range<uint8_t> boolean_;
  Range<int32_t> int32_;
  Range<int64_t> int64_;
  Range<float> float_;
  Range<double> double_;
  Range<std::string> bytes_;
};

/// Of the row groups from `begin` to before `end`.
ColumnStatistics DescribeColumn(const parquet::FileMetaData& footer, int begin, int end,
                                int leaf, const LakeType& type) {
  ColumnStatistics result;
  Bounds bounds(type);
  for (int group = begin; group < end; ++group) {
    const auto chunk = footer.RowGroup(group)->ColumnChunk(leaf);
    result.value_count += chunk->num_values();
    result.compressed_bytes += chunk->total_compressed_size();
    const auto statistics = chunk->statistics();
    if (statistics == nullptr) continue;
    if (statistics->HasNullCount()) result.null_count += statistics->null_count();
    bounds.Add(*statistics);
  }
  bounds.Get(&result);
  return result;
}

/// Of one page, as a row group would have them.
std::shared_ptr<parquet::Statistics> StatisticsOf(const parquet::ColumnIndex& index,
                                                  const parquet::ColumnDescriptor& column,
                                                  size_t page) {
  const bool has_bounds = !index.null_pages()[page];
  return parquet::Statistics::Make(
      &column, index.encoded_min_values()[page], index.encoded_max_values()[page],
      /*num_values=*/has_bounds ? 1 : 0, /*null_count=*/0, /*distinct_count=*/0,
      has_bounds, /*has_null_count=*/false, /*has_distinct_count=*/false);
}

ColumnStatistics DescribeSpan(const parquet::ColumnIndex& index,
                              const parquet::ColumnDescriptor& column,
                              const PageSpan& span, const LakeType& type) {
  ColumnStatistics result;
  Bounds bounds(type);
  bool only_nulls = true;
  // Not counted, but there may be some.
  result.null_count = index.has_null_counts() ? 0 : 1;
  for (size_t page = span.begin; page < span.end; ++page) {
    bounds.Add(*StatisticsOf(index, column, page));
    only_nulls = only_nulls && index.null_pages()[page];
    if (index.has_null_counts()) result.null_count += index.null_counts()[page];
  }
  if (only_nulls) result.value_count = result.null_count;
  bounds.Get(&result);
  return result;
}

std::vector<int64_t> SplitOffsets(const parquet::FileMetaData& footer) {
  std::vector<int64_t> offsets;
  int64_t bytes = 0;
  for (int group = 0; group < footer.num_row_groups(); ++group) {
    offsets.push_back(footer.RowGroup(group)->file_offset());
    bytes += footer.RowGroup(group)->total_compressed_size();
  }
  if (bytes <= kReadWhole && !offsets.empty()) offsets.resize(1);
  return offsets;
}

}  // namespace

DataFile DescribeFile(const parquet::FileMetaData& footer,
                      const std::vector<LakeColumn>& columns) {
  DataFile file;
  file.rows = footer.num_rows();
  file.split_offsets = SplitOffsets(footer);
  // Every column has one leaf: lists are one level deep.
  for (size_t i = 0; i < columns.size(); ++i) {
    const LakeColumn& column = columns[i];
    const bool list = column.type.kind == LakeType::Kind::kList;
    file.columns[list ? column.element_id : column.field_id] =
        DescribeColumn(footer, 0, footer.num_row_groups(), static_cast<int>(i),
                       list ? column.type.element.at(0) : column.type);
  }
  return file;
}

std::optional<ColumnStatistics> DescribeChunk(const parquet::FileMetaData& footer,
                                              int group, int leaf, const LakeType& type) {
  const auto statistics = footer.RowGroup(group)->ColumnChunk(leaf)->statistics();
  if (statistics == nullptr || !statistics->HasNullCount()) return std::nullopt;
  return DescribeColumn(footer, group, group + 1, leaf, type);
}

std::vector<ColumnStatistics> DescribePages(const parquet::ColumnIndex& index,
                                            const parquet::ColumnDescriptor& column,
                                            const std::vector<PageSpan>& spans,
                                            const LakeType& type) {
  std::vector<ColumnStatistics> described;
  described.reserve(spans.size());
  for (const PageSpan& span : spans) {
    described.push_back(DescribeSpan(index, column, span, type));
  }
  return described;
}

}  // namespace shoestring
