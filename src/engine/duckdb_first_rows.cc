#include "engine/duckdb_first_rows.h"

#include <duckdb.hpp>

#include <algorithm>

namespace shoestring {

namespace {

using duckdb::idx_t;

constexpr idx_t kVector = STANDARD_VECTOR_SIZE;

/// Without overflow: there may be no limit to speak of.
idx_t Sum(idx_t offset, idx_t limit) {
  return limit > UINT64_MAX - offset ? UINT64_MAX : offset + limit;
}

}  // namespace

void ByGroup(std::span<const RowReference> found,
             const std::function<void(uint32_t group, const RowCopy& copy)>& each) {
  duckdb::SelectionVector places(0, found.size());
  std::sort(places.data(), places.data() + found.size(),
            [&](auto a, auto b) { return found[a] < found[b]; });
  duckdb::SelectionVector rows(found.size());
  for (idx_t begin = 0, end = 0; begin < found.size(); begin = end) {
    const uint32_t group = found[places[begin]].group;
    for (; end < found.size() && found[places[end]].group == group; ++end) {
      rows.set_index(end - begin, found[places[end]].row);
    }
    each(group, {rows, end - begin, duckdb::SelectionVector(places.data() + begin)});
  }
}

FirstRows::FirstRows(duckdb::Allocator& allocator, const ScanOrder& order,
                     const duckdb::vector<duckdb::LogicalType>& types)
    : order_(order), wanted_(Sum(order.offset, order.limit)) {
  columns_.Initialize(allocator, types);
}

idx_t FirstRows::MakeRoom(idx_t count) {
  if (waiting_.size() + count > kVector) TakeWaiting();
  return waiting_.size();
}

void FirstRows::Add(uint32_t group, const duckdb::SelectionVector& rows, idx_t count) {
  for (idx_t i = 0; i < count; ++i) {
    waiting_.push_back({group, static_cast<duckdb::sel_t>(rows.get_index(i))});
  }
}

void FirstRows::TakeWaiting() {
  if (waiting_.empty()) return;
  columns_.SetCardinality(waiting_.size());
  duckdb::Vector keys(duckdb::LogicalType::BLOB);
  duckdb::CreateSortKeyHelpers::CreateSortKey(columns_, order_.modifiers, keys);
  const auto* key = duckdb::FlatVector::GetData<duckdb::string_t>(keys);
  for (size_t i = 0; i < waiting_.size(); ++i) {
    if (has_worst_ && !(key[i] < worst_)) continue;
    rows_.push_back({key[i].IsInlined() ? key[i] : keys_.AddBlob(key[i]), waiting_[i]});
  }
  waiting_.clear();
  columns_.Reset();
  if (rows_.size() / 2 >= wanted_ && wanted_ > 0) LeaveOutTheRest();
}

void FirstRows::LeaveOutTheRest() {
  const auto by_key = [](const Row& a, const Row& b) { return a.key < b.key; };
  const auto last = rows_.begin() + static_cast<int64_t>(wanted_) - 1;
  std::nth_element(rows_.begin(), last, rows_.end(), by_key);
  rows_.resize(wanted_);
  duckdb::StringHeap kept;
  for (Row& row : rows_) {
    if (!row.key.IsInlined()) row.key = kept.AddBlob(row.key);
  }
  keys_.Destroy();
  keys_.Move(kept);
  worst_ = rows_.back().key;
  has_worst_ = true;
  if (!order_.bound) return;
  duckdb::Vector value(columns_.data[0].GetType());
  duckdb::CreateSortKeyHelpers::DecodeSortKey(worst_, value, 0, order_.modifiers[0]);
  order_.bound->SetValue(value.GetValue(0));
}

std::vector<RowReference> FirstRows::Take() {
  TakeWaiting();
  std::ranges::sort(rows_, [](const Row& a, const Row& b) { return a.key < b.key; });
  const auto begin = std::min<size_t>(order_.offset, rows_.size());
  const auto end = std::min<size_t>(wanted_, rows_.size());
  std::vector<RowReference> references;
  for (size_t i = begin; i < end; ++i) references.push_back(rows_[i].reference);
  return references;
}

}  // namespace shoestring
