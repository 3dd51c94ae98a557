#include "engine/duckdb_value_sketch.h"

// Before Arrow: both define the C data interface, and DuckDB needs its own.
#include <duckdb.hpp>

#include <arrow/memory_pool.h>
#include <parquet/bloom_filter.h>

namespace shoestring {

namespace {

using duckdb::FlatVector;
using duckdb::idx_t;
using duckdb::PhysicalType;

/// What makes about a byte a value.
constexpr double kFalsePositives = 0.03;

uint64_t HashOf(const parquet::BloomFilter& filter, const duckdb::string_t& text) {
  const parquet::ByteArray bytes(text.GetSize(),
                                 reinterpret_cast<const uint8_t*>(text.GetData()));
  return filter.Hash(&bytes);
}

uint64_t HashOf(const parquet::BloomFilter& filter, int32_t value) {
  return filter.Hash(value);
}

uint64_t HashOf(const parquet::BloomFilter& filter, int64_t value) {
  return filter.Hash(value);
}

template <typename Value>
void Insert(const duckdb::Vector& values, idx_t count, parquet::BloomFilter* to) {
  const auto* data = FlatVector::GetData<Value>(values);
  const auto& valid = FlatVector::Validity(values);
  for (idx_t row = 0; row < count; ++row) {
    if (valid.RowIsValid(row)) to->InsertHash(HashOf(*to, data[row]));
  }
}

uint32_t BytesFor(idx_t count) {
  return parquet::BlockSplitBloomFilter::OptimalNumOfBytes(
      static_cast<uint32_t>(std::max<idx_t>(count, 1)), kFalsePositives);
}

}  // namespace

bool ValueSketch::Covers(const duckdb::LogicalType& type) {
  const PhysicalType physical = type.InternalType();
  return physical == PhysicalType::INT32 || physical == PhysicalType::INT64 ||
         physical == PhysicalType::VARCHAR;
}

int64_t ValueSketch::MostBytes(idx_t count) { return BytesFor(count); }

ValueSketch::ValueSketch(const duckdb::Vector& values, idx_t count)
    : filter_(std::make_unique<parquet::BlockSplitBloomFilter>()) {
  filter_->Init(BytesFor(count));
  switch (values.GetType().InternalType()) {
    case PhysicalType::INT32: Insert<int32_t>(values, count, filter_.get()); break;
    case PhysicalType::INT64: Insert<int64_t>(values, count, filter_.get()); break;
    default: Insert<duckdb::string_t>(values, count, filter_.get());
  }
}

ValueSketch::~ValueSketch() = default;

bool ValueSketch::MayHold(const duckdb::Value& value) const {
  switch (value.type().InternalType()) {
    case PhysicalType::INT32:
      return filter_->FindHash(HashOf(*filter_, value.GetValueUnsafe<int32_t>()));
    case PhysicalType::INT64:
      return filter_->FindHash(HashOf(*filter_, value.GetValueUnsafe<int64_t>()));
    default: {
      const std::string& text = duckdb::StringValue::Get(value);
      return filter_->FindHash(HashOf(
          *filter_, duckdb::string_t(text.data(), static_cast<uint32_t>(text.size()))));
    }
  }
}

}  // namespace shoestring
