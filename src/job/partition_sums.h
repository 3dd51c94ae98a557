#pragma once

#include <array>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/checksum.h"
#include "job/migrate_plan.h"
#include "source/row_image.h"

namespace shoestring {

/// The sums of a table's rows by partition, taken of the bytes that COPY sends. One
/// thread.
class PartitionSums {
 public:
  explicit PartitionSums(const TablePlan& plan)
      : row_key_(plan.MakeRowKey()), image_(plan.mappings) {}

  /// `key` is the row's RowKey, whose first bytes name its partition.
  void Add(std::string_view key, std::span<const TupleField> fields, Bytes tuple) {
    uint64_t partition = 0;
    std::memcpy(&partition, key.data(), row_key_.partition_bytes());
    SumOf(partition).AddRow(image_.Of(fields, tuple));
  }

  /// Adds what was gathered, by the partition's path.
  void AddTo(std::map<std::string, RowSum>* sums) const {
    for (const auto& [partition, sum] : sums_) {
      const std::string_view key(reinterpret_cast<const char*>(&partition),
                                 sizeof(partition));
      (*sums)[PartitionPath(row_key_.PartitionOf(key))] += sum;
    }
  }

 private:
  /// A partition that was asked for lately.
  struct Recent {
    uint64_t partition = 0;
    RowSum* sum = nullptr;
  };

  RowSum& SumOf(uint64_t partition) {
    constexpr uint64_t kMix = 0x9E3779B97F4A7C15;
    Recent& recent = recent_[partition * kMix >> 56];
    if (recent.sum == nullptr || recent.partition != partition) {
      recent = {partition, &sums_[partition]};
    }
    return *recent.sum;
  }

  RowKey row_key_;
  RowImage image_;
  std::unordered_map<uint64_t, RowSum> sums_;  ///< By the bytes that name a partition.
  std::array<Recent, 256> recent_;
};

}  // namespace shoestring
