#pragma once

#include <duckdb/common/types/data_chunk.hpp>
#include <duckdb/common/types/string_heap.hpp>

#include <cstdint>
#include <functional>
#include <span>
#include <tuple>
#include <vector>

#include "engine/duckdb_row_copy.h"
#include "engine/duckdb_scan_order.h"

namespace shoestring {

/// A row that a scan has met, by its row group and its place in that.
struct RowReference {
  uint32_t group = 0;  ///< In the order in which the scan met them.
  duckdb::sel_t row = 0;

  bool operator<(const RowReference& other) const {
    return std::tie(group, row) < std::tie(other.group, other.row);
  }
};

/// Calls `each` with the rows of one row group after the other, and their places among
/// `found`, which are a vector's size at most.
void ByGroup(std::span<const RowReference> found,
             const std::function<void(uint32_t group, const RowCopy& copy)>& each);

/// Finds the first rows in an order among all that a scan meets. It keeps keys and
/// references, no other columns.
class FirstRows {
 public:
  /// `types`: of the order's columns. `order` must outlive it.
  FirstRows(duckdb::Allocator& allocator, const ScanOrder& order,
            const duckdb::vector<duckdb::LogicalType>& types);

  /// The place from which on there is room for `count` rows, at most a vector's size, in
  /// columns(): the order's, flat, to be filled before Add.
  duckdb::idx_t MakeRoom(duckdb::idx_t count);
  duckdb::DataChunk& columns() { return columns_; }
  void Add(uint32_t group, const duckdb::SelectionVector& rows, duckdb::idx_t count);

  /// Those that the order asks for, first one first.
  std::vector<RowReference> Take();

 private:
  struct Row {
    duckdb::string_t key;  ///< Bytes that compare as the order wants it.
    RowReference reference;
  };
  void TakeWaiting();
  void LeaveOutTheRest();

  const ScanOrder& order_;
  const duckdb::idx_t wanted_;
  duckdb::DataChunk columns_;
  std::vector<RowReference> waiting_;  ///< Whose columns these are.
  std::vector<Row> rows_;              ///< The first ones are among them.
  duckdb::StringHeap keys_;            ///< Of those that are too long for their places.
  bool has_worst_ = false;
  duckdb::string_t worst_;  ///< Of those that were the first by then.
};

}  // namespace shoestring
