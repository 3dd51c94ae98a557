#pragma once

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
  void Add(std::string_view key, std::span<const Field> fields, Bytes tuple) {
    uint64_t partition = 0;
    std::memcpy(&partition, key.data(), row_key_.partition_bytes());
    if (last_ == nullptr || partition != last_partition_) {
      last_partition_ = partition;
      last_ = &sums_[partition];
    }
    last_->AddRow(image_.Of(fields, tuple));
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
  RowKey row_key_;
  RowImage image_;
  std::unordered_map<uint64_t, RowSum> sums_;  ///< By the bytes that name a partition.
  uint64_t last_partition_ = 0;
  RowSum* last_ = nullptr;
};

}  // namespace shoestring
