#pragma once

#include <duckdb/common/types/value.hpp>
#include <duckdb/common/types/vector.hpp>

#include <cstdint>
#include <memory>

namespace parquet {
class BlockSplitBloomFilter;
}

namespace shoestring {

/// Which values a column may hold, in a byte for each: a Bloom filter. Of values that are
/// not there, three of a hundred are taken for ones that are.
class ValueSketch {
 public:
  /// Integers of 32 and 64 bits, what is stored as such, and texts.
  static bool Covers(const duckdb::LogicalType& type);
  /// Of the memory of one over as many values, at most.
  static int64_t MostBytes(duckdb::idx_t count);

  /// Of the first `count` values of a flat vector; nulls are none.
  ValueSketch(const duckdb::Vector& values, duckdb::idx_t count);
  ~ValueSketch();

  /// False when the value, of the same type, is not there.
  bool MayHold(const duckdb::Value& value) const;

 private:
  const std::unique_ptr<parquet::BlockSplitBloomFilter> filter_;
};

}  // namespace shoestring
