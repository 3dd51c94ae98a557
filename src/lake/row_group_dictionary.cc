#include "lake/row_group_dictionary.h"

#include <arrow/api.h>
#include <arrow/compute/api.h>

#include <algorithm>
#include <vector>

#include "base/error.h"

namespace shoestring {

namespace {

using arrow::DictionaryArray;

void Check(const arrow::Status& status) {
  if (!status.ok()) throw Fail(ErrorKind::kInternal, "Arrow: {}", status.ToString());
}

bool IsDictionary(const std::shared_ptr<arrow::Array>& piece) {
  return piece->type_id() == arrow::Type::DICTIONARY;
}

const DictionaryArray& AsDictionary(const std::shared_ptr<arrow::Array>& piece) {
  return static_cast<const DictionaryArray&>(*piece);
}

std::shared_ptr<arrow::Array> WriteOut(const std::shared_ptr<arrow::Array>& piece) {
  const auto& dictionary = AsDictionary(piece);
  auto values = arrow::compute::Take(*dictionary.dictionary(), *dictionary.indices());
  Check(values.status());
  return *values;
}

/// Numbers what occurs of a dictionary anew, from 0. One at a time a thread.
class Numbering {
 public:
  explicit Numbering(const arrow::Array& dictionary) : new_of_(Unused()) {
    const auto size = static_cast<size_t>(dictionary.length());
    if (new_of_.size() < size) new_of_.resize(size, -1);
  }
  Numbering(const Numbering&) = delete;
  Numbering& operator=(const Numbering&) = delete;
  ~Numbering() {
    for (const int32_t old : used_) new_of_[static_cast<size_t>(old)] = -1;
  }

  std::shared_ptr<arrow::Array> Renumber(const arrow::Int32Array& numbers) {
    const int64_t end = numbers.offset() + numbers.length();
    auto buffer = arrow::AllocateBuffer(end * static_cast<int64_t>(sizeof(int32_t)));
    Check(buffer.status());
    auto* renumbered = (*buffer)->mutable_data_as<int32_t>() + numbers.offset();
    const bool has_nulls = numbers.null_count() > 0;
    for (int64_t i = 0; i < numbers.length(); ++i) {
      renumbered[i] = has_nulls && numbers.IsNull(i) ? 0 : NewOf(numbers.Value(i));
    }
    return arrow::MakeArray(arrow::ArrayData::Make(
        numbers.type(), numbers.length(), {numbers.null_bitmap(), std::move(*buffer)},
        numbers.null_count(), numbers.offset()));
  }

  std::shared_ptr<arrow::Array> Used(const arrow::Array& dictionary) const {
    arrow::Int32Builder used;
    Check(used.AppendValues(used_));
    std::shared_ptr<arrow::Array> numbers;
    Check(used.Finish(&numbers));
    auto values = arrow::compute::Take(dictionary, *numbers);
    Check(values.status());
    return *values;
  }

 private:
  // Kept from dictionary to dictionary: of a large one a small file has few, and to clear
  // all would take longer than to number them.
  static std::vector<int32_t>& Unused() {
    thread_local std::vector<int32_t> new_of;
    return new_of;
  }

  int32_t NewOf(int32_t old) {
    int32_t& number = new_of_[static_cast<size_t>(old)];
    if (number < 0) {
      number = static_cast<int32_t>(used_.size());
      used_.push_back(old);
    }
    return number;
  }

  std::vector<int32_t>& new_of_;  ///< By old number; -1 for what has not occurred.
  std::vector<int32_t> used_;     ///< Old numbers, by new.
};

}  // namespace

std::shared_ptr<arrow::ChunkedArray> CompactDictionary(
    arrow::ArrayVector pieces, const std::shared_ptr<arrow::DataType>& type) {
  if (std::none_of(pieces.begin(), pieces.end(), IsDictionary)) {
    return std::make_shared<arrow::ChunkedArray>(std::move(pieces), type);
  }
  if (!std::all_of(pieces.begin(), pieces.end(), IsDictionary)) {
    for (auto& piece : pieces) {
      if (IsDictionary(piece)) piece = WriteOut(piece);
    }
    return std::make_shared<arrow::ChunkedArray>(std::move(pieces), type);
  }
  const auto all = AsDictionary(pieces[0]).dictionary();
  Numbering numbering(*all);
  arrow::ArrayVector numbers;
  for (const auto& piece : pieces) {
    numbers.push_back(numbering.Renumber(
        static_cast<const arrow::Int32Array&>(*AsDictionary(piece).indices())));
  }
  const auto used = numbering.Used(*all);
  const auto dictionary_type = arrow::dictionary(arrow::int32(), type);
  for (size_t i = 0; i < pieces.size(); ++i) {
    pieces[i] = std::make_shared<DictionaryArray>(dictionary_type, numbers[i], used);
  }
  return std::make_shared<arrow::ChunkedArray>(std::move(pieces), dictionary_type);
}

}  // namespace shoestring
