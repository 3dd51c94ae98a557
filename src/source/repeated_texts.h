#pragma once

#include <arrow/type_fwd.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/packed_tuple.h"
#include "source/type_mapping.h"

namespace shoestring {

/// Texts of a table that occur again and again, each kept once and known by a number:
/// what waits to be sorted, and is encoded later, is the number. Thread-safe.
class RepeatedTexts {
 public:
  /// Takes texts in until they have about `memory` bytes, or are too many: of a small
  /// table give no more than it has, as all of the places for texts are cleared first.
  explicit RepeatedTexts(int64_t memory);
  ~RepeatedTexts();

  /// A text that is looked for. Memory is asked for long before it is there, so look for
  /// several at a time: Begin() for each, then Fetch(), then NumberOf().
  struct Search {
    Bytes text;
    uint64_t hash = 0;
  };
  Search Begin(Bytes text) const;
  void Fetch(const Search& search) const;
  /// The number of the text; nothing for one that was not taken in: it is too long, is no
  /// UTF-8, or there is no room.
  std::optional<uint32_t> NumberOf(const Search& search);

  /// All texts, in the order of their numbers. No thread may be adding any more.
  std::shared_ptr<arrow::Array> Values() const;

 private:
  /// The slot that has the text, or an empty one where it would be, as it was seen:
  /// another thread may have filled that since.
  struct Found {
    size_t at;
    uint64_t slot;
  };
  Found Find(const Search& search) const;
  std::optional<uint32_t> Add(const Search& search);

  size_t FirstSlot(const Search& search) const;

  const size_t capacity_;
  const size_t slot_count_;  ///< A power of two.
  // Records: number, size and bytes of each text, in the order of their numbers.
  const std::unique_ptr<uint8_t[]> records_;
  // The upper half of a text's hash, and where its record is plus 1; 0 when empty.
  const std::unique_ptr<std::atomic<uint64_t>[]> slots_;
  std::atomic<bool> full_ = false;

  std::mutex mutex_;
  // Under mutex_:
  size_t used_ = 0;
  uint32_t count_ = 0;
};

/// Makes rows shorter: numbers take the place of texts that occur again and again. One
/// thread.
class RowPacker {
 public:
  RowPacker(const std::vector<ColumnMapping>& columns, RepeatedTexts* texts);

  /// To be called some time before Pack(), as it asks for memory that is far away.
  void Begin(std::span<const TupleField> fields);
  /// The fields, for PackTuple(). Valid until the next call, and as long as those given.
  std::span<const TupleField> Pack(std::span<const TupleField> fields);

 private:
  struct Column {
    size_t index;
    RepeatedTexts::Search search = {};
    int64_t asked = 0;  ///< Values, of the last few thousand.
    int64_t known = 0;  ///< Those that had, or got, a number.
  };
  void DropColumnsThatDoNotRepeat();

  RepeatedTexts* const texts_;
  std::vector<Column> columns_;
  std::vector<TupleField> packed_;
  int64_t rows_ = 0;
};

}  // namespace shoestring
