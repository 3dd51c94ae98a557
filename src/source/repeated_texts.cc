#include "source/repeated_texts.h"

#include <arrow/api.h>
#include <arrow/util/utf8.h>

#include <algorithm>
#include <bit>
#include <cstring>

#include "base/checksum.h"
#include "base/error.h"

namespace shoestring {

namespace {

constexpr size_t kMostSlots = 1 << 16;
// A search begins at the first slot of a line of memory.
constexpr size_t kSlotsInLine = 8;
constexpr size_t kLongestText = 256;
constexpr size_t kHeaderBytes = 2 * sizeof(uint32_t);
constexpr uint64_t kUpperHalf = ~uint64_t{0xFFFFFFFF};
// After so many rows, a column of which less than half has numbers is left as it is.
constexpr int64_t kTrialRows = 1 << 15;

// One for each of the shortest texts that there is room for.
size_t SlotsFor(size_t memory) {
  return std::bit_ceil(std::clamp(memory / kHeaderBytes, kSlotsInLine, kMostSlots));
}

size_t PlaceIn(uint64_t slot) { return static_cast<uint32_t>(slot) - size_t{1}; }

uint32_t Load(const uint8_t* from) {
  uint32_t value;
  std::memcpy(&value, from, sizeof(value));
  return value;
}

Bytes TextAt(const uint8_t* record) {
  return {record + kHeaderBytes, Load(record + sizeof(uint32_t))};
}

void Check(const arrow::Status& status) {
  if (!status.ok()) throw Fail(ErrorKind::kLimit, "Arrow: {}", status.ToString());
}

}  // namespace

RepeatedTexts::RepeatedTexts(int64_t memory)
    : capacity_(static_cast<size_t>(memory)),
      slot_count_(SlotsFor(capacity_)),
      records_(std::make_unique_for_overwrite<uint8_t[]>(capacity_)),
      slots_(std::make_unique<std::atomic<uint64_t>[]>(slot_count_)) {
  arrow::util::InitializeUTF8();
}

RepeatedTexts::~RepeatedTexts() = default;

// The upper half of the hash tells texts apart.
size_t RepeatedTexts::FirstSlot(const Search& search) const {
  return (search.hash * kSlotsInLine) & (slot_count_ - 1);
}

RepeatedTexts::Search RepeatedTexts::Begin(Bytes text) const {
  // Of what is too long, no number is ever found.
  const Search search{text, text.size() > kLongestText ? 0 : ShortChecksumOf(text)};
  __builtin_prefetch(&slots_[FirstSlot(search)]);
  return search;
}

void RepeatedTexts::Fetch(const Search& search) const {
  const uint64_t slot = slots_[FirstSlot(search)].load(std::memory_order_relaxed);
  if (slot != 0) __builtin_prefetch(records_.get() + PlaceIn(slot));
}

std::optional<uint32_t> RepeatedTexts::NumberOf(const Search& search) {
  const uint64_t slot = Find(search).slot;
  if (slot != 0) return Load(records_.get() + PlaceIn(slot));
  return full_.load(std::memory_order_relaxed) ? std::nullopt : Add(search);
}

RepeatedTexts::Found RepeatedTexts::Find(const Search& search) const {
  for (size_t at = FirstSlot(search);; at = (at + 1) & (slot_count_ - 1)) {
    const uint64_t slot = slots_[at].load(std::memory_order_acquire);
    if (slot == 0) return {at, slot};
    if ((slot & kUpperHalf) != (search.hash & kUpperHalf)) continue;
    const Bytes text = TextAt(records_.get() + PlaceIn(slot));
    if (AsText(text) == AsText(search.text)) return {at, slot};
  }
}

std::optional<uint32_t> RepeatedTexts::Add(const Search& search) {
  const Bytes text = search.text;
  if (text.size() > kLongestText) return std::nullopt;
  // What is no text is left for the decoder to refuse, with its row's key.
  if (!arrow::util::ValidateUTF8(text.data(), static_cast<int64_t>(text.size()))) {
    return std::nullopt;
  }
  const std::lock_guard lock(mutex_);
  const auto [at, slot] = Find(search);
  if (slot != 0) return Load(records_.get() + PlaceIn(slot));  // Another was quicker.
  if (count_ == slot_count_ / 4 * 3 || capacity_ - used_ < kHeaderBytes + text.size()) {
    full_ = true;
    return std::nullopt;
  }
  const uint32_t header[] = {count_, static_cast<uint32_t>(text.size())};
  std::memcpy(records_.get() + used_, header, kHeaderBytes);
  std::ranges::copy(text, records_.get() + used_ + kHeaderBytes);
  slots_[at].store((search.hash & kUpperHalf) | (used_ + 1), std::memory_order_release);
  used_ += kHeaderBytes + text.size();
  return count_++;
}

std::shared_ptr<arrow::Array> RepeatedTexts::Values() const {
  arrow::StringBuilder builder;
  Check(builder.Reserve(count_));
  for (size_t at = 0; at < used_;) {
    const Bytes text = TextAt(records_.get() + at);
    Check(builder.Append(AsText(text)));
    at += kHeaderBytes + text.size();
  }
  std::shared_ptr<arrow::Array> values;
  Check(builder.Finish(&values));
  return values;
}

RowPacker::RowPacker(const std::vector<ColumnMapping>& columns, RepeatedTexts* texts)
    : texts_(texts) {
  for (size_t i = 0; i < columns.size(); ++i) {
    if (columns[i].wire == Wire::kText) columns_.push_back({i});
  }
}

void RowPacker::Begin(std::span<const TupleField> fields) {
  for (Column& column : columns_) {
    column.search = texts_->Begin(fields[column.index].bytes());
  }
}

std::span<const TupleField> RowPacker::Pack(std::span<const TupleField> fields) {
  if (columns_.empty()) return fields;
  for (const Column& column : columns_) texts_->Fetch(column.search);
  packed_.assign(fields.begin(), fields.end());
  for (Column& column : columns_) {
    TupleField& field = packed_[column.index];
    if (field.null()) continue;
    const auto number = texts_->NumberOf(column.search);
    ++column.asked;
    if (!number) continue;
    ++column.known;
    field.size = kFirstNumber - static_cast<int32_t>(*number);
  }
  if (++rows_ % kTrialRows == 0) DropColumnsThatDoNotRepeat();
  return packed_;
}

void RowPacker::DropColumnsThatDoNotRepeat() {
  std::erase_if(columns_,
                [](const Column& column) { return 2 * column.known < column.asked; });
  for (Column& column : columns_) column.asked = column.known = 0;
}

}  // namespace shoestring
