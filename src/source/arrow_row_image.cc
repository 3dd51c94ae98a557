#include "source/arrow_row_image.h"

#include <arrow/api.h>

#include <algorithm>
#include <limits>

#include "base/error.h"

namespace shoestring {

/// The values of one column of a slice. Measure() first, then Write() of the same.
class ArrowRowImage::Column {
 public:
  virtual ~Column() = default;
  /// Takes the values, and adds to each row's size the bytes of its value, without those
  /// of its length.
  virtual void Measure(const std::shared_ptr<arrow::Array>& values, size_t* sizes) = 0;
  /// Writes length and bytes of each value where its row's cursor stands, and moves it.
  virtual void Write(uint8_t** cursors) = 0;
};

namespace {

using Column = ArrowRowImage::Column;

constexpr int64_t kRowsAtOnce = 1024;
constexpr size_t kLengthBytes = sizeof(int32_t);
// Postgres counts from 2000-01-01, the lake from 1970-01-01.
constexpr uint32_t kEpochDays = 10'957;
constexpr uint64_t kEpochMicros = kEpochDays * 86'400'000'000;

template <typename T>
uint8_t* Put(T value, uint8_t* to) {
  if constexpr (sizeof(T) == 2) value = __builtin_bswap16(value);
  if constexpr (sizeof(T) == 4) value = __builtin_bswap32(value);
  if constexpr (sizeof(T) == 8) value = __builtin_bswap64(value);
  std::memcpy(to, &value, sizeof(T));
  return to + sizeof(T);
}

uint8_t* PutLength(size_t length, uint8_t* to) {
  return Put(static_cast<uint32_t>(length), to);
}

uint8_t* PutNull(uint8_t* to) { return Put(std::numeric_limits<uint32_t>::max(), to); }

uint8_t* PutValue(Bytes bytes, uint8_t* to) {
  return std::copy(bytes.begin(), bytes.end(), PutLength(bytes.size(), to));
}

/// Calls `value` with the index of each value, `null` for each null.
template <typename Value, typename Null>
void ForEach(const arrow::Array& values, const Value& value, const Null& null) {
  const bool has_nulls = values.null_count() > 0;
  for (int64_t i = 0; i < values.length(); ++i) {
    if (has_nulls && values.IsNull(i)) {
      null(i);
    } else {
      value(i);
    }
  }
}

/// Values whose bytes are at hand: gives them one by one, and keeps them for Write().
class StoredColumn : public Column {
 public:
  void Measure(const std::shared_ptr<arrow::Array>& values, size_t* sizes) override {
    values_ = values;
    used_ = 0;
    ends_.clear();
    Encode(*values);
    size_t begin = 0;
    for (size_t i = 0; i < ends_.size(); ++i) {
      sizes[i] += ends_[i] - begin;
      begin = ends_[i];
    }
  }

  void Write(uint8_t** cursors) override {
    const auto begin = [this](int64_t i) { return i == 0 ? 0 : ends_[Index(i) - 1]; };
    ForEach(
        *values_,
        [&](int64_t i) {
          const Bytes bytes(bytes_.data() + begin(i), ends_[Index(i)] - begin(i));
          cursors[i] = PutValue(bytes, cursors[i]);
        },
        [&](int64_t i) { cursors[i] = PutNull(cursors[i]); });
  }

 protected:
  /// Grows by each value, and ends it; nothing for a null, which ends all the same.
  virtual void Encode(const arrow::Array& values) = 0;

  static size_t Index(int64_t i) { return static_cast<size_t>(i); }
  /// Room for the next bytes.
  uint8_t* Grow(size_t bytes) {
    used_ += bytes;
    if (bytes_.size() < used_) bytes_.resize(2 * used_);
    return bytes_.data() + used_ - bytes;
  }
  void EndValue() { ends_.push_back(used_); }

 private:
  std::shared_ptr<arrow::Array> values_;
  std::vector<uint8_t> bytes_;
  size_t used_ = 0;  ///< Of them.
  std::vector<size_t> ends_;
};

/// Integers, bits of floats, dates and times, less `kEpoch`; as a `Narrow` where they are
/// one: wider they are no value of their form, and look like none.
template <typename ArrowType, typename Wide, typename Narrow = Wide, Wide kEpoch = 0>
class FixedColumn : public Column {
 public:
  void Measure(const std::shared_ptr<arrow::Array>& values, size_t* sizes) override {
    values_ = values;
    ForEach(
        *values, [&](int64_t i) { sizes[i] += Fits(i) ? sizeof(Narrow) : sizeof(Wide); },
        [](int64_t) {});
  }

  void Write(uint8_t** cursors) override {
    ForEach(
        *values_, [&](int64_t i) { cursors[i] = PutOne(i, cursors[i]); },
        [&](int64_t i) { cursors[i] = PutNull(cursors[i]); });
  }

 private:
  Wide At(int64_t i) const {
    using Array = typename arrow::TypeTraits<ArrowType>::ArrayType;
    return std::bit_cast<Wide>(static_cast<const Array&>(*values_).Value(i)) - kEpoch;
  }
  // int2 is signed, oid is not.
  bool Fits(int64_t i) const {
    if constexpr (std::is_same_v<Narrow, Wide>) return true;
    using Signed = std::make_signed_t<Wide>;
    const auto value = static_cast<Signed>(At(i));
    return value == static_cast<Signed>(static_cast<Narrow>(value));
  }
  uint8_t* PutOne(int64_t i, uint8_t* to) const {
    if (Fits(i)) {
      to = PutLength(sizeof(Narrow), to);
      return Put(static_cast<std::make_unsigned_t<Narrow>>(At(i)), to);
    }
    return Put(At(i), PutLength(sizeof(Wide), to));
  }

  std::shared_ptr<arrow::Array> values_;
};

class BooleanColumn : public StoredColumn {
 protected:
  void Encode(const arrow::Array& values) override {
    const auto& booleans = static_cast<const arrow::BooleanArray&>(values);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) *Grow(1) = booleans.Value(i) ? 1 : 0;
      EndValue();
    }
  }
};

/// Text and bytea.
class BytesColumn : public Column {
 public:
  void Measure(const std::shared_ptr<arrow::Array>& values, size_t* sizes) override {
    values_ = std::static_pointer_cast<arrow::BinaryArray>(values);
    ForEach(
        *values_,
        [&](int64_t i) { sizes[i] += static_cast<size_t>(values_->value_length(i)); },
        [](int64_t) {});
  }
  void Write(uint8_t** cursors) override {
    ForEach(
        *values_,
        [&](int64_t i) { cursors[i] = PutValue(AsBytes(values_->Value(i)), cursors[i]); },
        [&](int64_t i) { cursors[i] = PutNull(cursors[i]); });
  }

 private:
  std::shared_ptr<arrow::BinaryArray> values_;
};

/// The same as a dictionary, and where in it each value stands.
class DictionaryColumn : public Column {
 public:
  void Measure(const std::shared_ptr<arrow::Array>& values, size_t* sizes) override {
    const auto& dictionary = static_cast<const arrow::DictionaryArray&>(*values);
    texts_ = std::static_pointer_cast<arrow::BinaryArray>(dictionary.dictionary());
    places_ = std::static_pointer_cast<arrow::Int32Array>(dictionary.indices());
    ForEach(
        *places_,
        [&](int64_t i) {
          sizes[i] += static_cast<size_t>(texts_->value_length(CheckedPlace(i)));
        },
        [](int64_t) {});
  }
  void Write(uint8_t** cursors) override {
    ForEach(
        *places_,
        [&](int64_t i) {
          cursors[i] = PutValue(AsBytes(texts_->Value(places_->Value(i))), cursors[i]);
        },
        [&](int64_t i) { cursors[i] = PutNull(cursors[i]); });
  }

 private:
  int32_t CheckedPlace(int64_t i) const {
    const int32_t place = places_->Value(i);
    if (place >= 0 && place < texts_->length()) return place;
    throw Fail(ErrorKind::kCorrupt, "Text {} of a dictionary of {}", place,
               texts_->length());
  }

  std::shared_ptr<arrow::BinaryArray> texts_;
  std::shared_ptr<arrow::Int32Array> places_;
};

class UuidColumn : public StoredColumn {
 protected:
  void Encode(const arrow::Array& values) override {
    const auto& texts = static_cast<const arrow::BinaryArray&>(values);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) AppendUuid(texts.Value(i));
      EndValue();
    }
  }

 private:
  static int DigitOf(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
  }

  // What is not written as Postgres does stays text, of another length than any uuid.
  void AppendUuid(std::string_view text) {
    constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
    bool valid = text.size() == kShape.size();
    for (size_t i = 0; valid && i < text.size(); ++i) {
      valid = kShape[i] == '-' ? text[i] == '-' : DigitOf(text[i]) >= 0;
    }
    if (!valid) {
      std::ranges::copy(text, Grow(text.size()));
      // 16 bytes that are no uuid must not look like one.
      if (text.size() == 16) *Grow(1) = 0;
      return;
    }
    int high = -1;
    for (const char c : text) {
      if (c == '-') continue;
      if (high >= 0) *Grow(1) = static_cast<uint8_t>(high << 4 | DigitOf(c));
      high = high >= 0 ? -1 : DigitOf(c);
    }
  }
};

/// numeric_send: groups, weight, sign, display scale, then groups of four digits.
class NumericColumn : public StoredColumn {
 public:
  explicit NumericColumn(int scale)
      : odd_digits_(scale % kGroupDigits),
        fraction_groups_((scale + kGroupDigits - 1) / kGroupDigits) {}

 protected:
  void Encode(const arrow::Array& values) override {
    const auto& decimals = static_cast<const arrow::Decimal128Array&>(values);
    for (int64_t i = 0; i < values.length(); ++i) {
      if (values.IsValid(i)) Append(arrow::Decimal128(decimals.GetValue(i)));
      EndValue();
    }
  }

 private:
  static constexpr int kGroupDigits = 4;
  static constexpr uint32_t kGroupBase = 10'000;
  static constexpr size_t kMostGroups = 11;  // Of 39 digits, wherever the point is.

  struct Groups {
    uint16_t values[kMostGroups];  ///< The least significant first.
    size_t count = 0;
  };

  // The last group of the fraction may have less than four digits, and zeros then.
  template <typename Unsigned>
  void Split(Unsigned magnitude, Groups* groups) const {
    if (odd_digits_ > 0 && magnitude > 0) {
      constexpr uint32_t kPowers[] = {1, 10, 100, 1000, 10'000};
      const uint32_t base = kPowers[odd_digits_];
      groups->values[groups->count++] = static_cast<uint16_t>(
          static_cast<uint32_t>(magnitude % base) * kPowers[kGroupDigits - odd_digits_]);
      magnitude /= base;
    }
    while (magnitude > 0) {
      groups->values[groups->count++] = static_cast<uint16_t>(magnitude % kGroupBase);
      magnitude /= kGroupBase;
    }
  }

  void Append(const arrow::Decimal128& value) {
    const bool negative = value.high_bits() < 0;
    const auto bits = static_cast<Uint128>(static_cast<uint64_t>(value.high_bits()))
                          << 64 |
                      value.low_bits();
    const Uint128 magnitude = negative ? -bits : bits;
    Groups groups;
    if (magnitude <= std::numeric_limits<uint64_t>::max()) {
      Split(static_cast<uint64_t>(magnitude), &groups);
    } else {
      Split(magnitude, &groups);
    }
    size_t zeros = 0;
    while (zeros < groups.count && groups.values[zeros] == 0) ++zeros;
    const size_t count = groups.count - zeros;
    const int weight =
        count == 0 ? 0 : static_cast<int>(groups.count) - fraction_groups_ - 1;
    uint8_t* to = Grow(8 + 2 * count);
    to = Put(static_cast<uint16_t>(count), to);
    to = Put(static_cast<uint16_t>(weight), to);
    to = Put(static_cast<uint16_t>(negative ? 0x4000 : 0), to);
    to = Put(uint16_t{0}, to);
    for (size_t i = groups.count; i > zeros; --i) to = Put(groups.values[i - 1], to);
  }

  const int odd_digits_;
  const int fraction_groups_;
};

/// A count, then each element with its length.
class ArrayColumn : public StoredColumn {
 public:
  explicit ArrayColumn(std::unique_ptr<Column> element) : element_(std::move(element)) {}

 protected:
  void Encode(const arrow::Array& values) override {
    const auto& lists = static_cast<const arrow::ListArray&>(values);
    EncodeElements(lists.values()->Slice(
        lists.value_offset(0),
        lists.value_offset(lists.length()) - lists.value_offset(0)));
    for (int64_t i = 0; i < lists.length(); ++i) {
      if (lists.IsValid(i)) {
        const auto first =
            static_cast<size_t>(lists.value_offset(i) - lists.value_offset(0));
        const auto last = first + static_cast<size_t>(lists.value_length(i));
        const uint8_t* begin = elements_.data() + element_begins_[first];
        const size_t size = element_begins_[last] - element_begins_[first];
        PutLength(last - first, Grow(kLengthBytes));
        std::copy_n(begin, size, Grow(size));
      }
      EndValue();
    }
  }

 private:
  void EncodeElements(const std::shared_ptr<arrow::Array>& elements) {
    const auto count = static_cast<size_t>(elements->length());
    sizes_.assign(count, kLengthBytes);
    element_->Measure(elements, sizes_.data());
    element_begins_.assign(1, 0);
    for (const size_t size : sizes_) {
      element_begins_.push_back(element_begins_.back() + size);
    }
    elements_.resize(element_begins_.back());
    cursors_.clear();
    for (size_t i = 0; i < count; ++i) {
      cursors_.push_back(elements_.data() + element_begins_[i]);
    }
    element_->Write(cursors_.data());
  }

  std::unique_ptr<Column> element_;
  std::vector<size_t> sizes_;
  std::vector<size_t> element_begins_;  ///< One more than there are elements.
  std::vector<uint8_t*> cursors_;
  std::vector<uint8_t> elements_;
};

arrow::Type::type TypeOf(Wire wire) {
  switch (wire) {
    case Wire::kBoolean: return arrow::Type::BOOL;
    case Wire::kInt16:
    case Wire::kInt32: return arrow::Type::INT32;
    case Wire::kInt64:
    case Wire::kOid: return arrow::Type::INT64;
    case Wire::kFloat32: return arrow::Type::FLOAT;
    case Wire::kFloat64: return arrow::Type::DOUBLE;
    case Wire::kNumeric: return arrow::Type::DECIMAL128;
    case Wire::kDate: return arrow::Type::DATE32;
    case Wire::kTimestamp: return arrow::Type::TIMESTAMP;
    case Wire::kText:
    case Wire::kUuid: return arrow::Type::STRING;
    case Wire::kBytes: return arrow::Type::BINARY;
    case Wire::kArray: return arrow::Type::LIST;
  }
  return arrow::Type::NA;
}

bool IsTextDictionary(const arrow::DataType& type) {
  if (type.id() != arrow::Type::DICTIONARY) return false;
  const auto& dictionary = static_cast<const arrow::DictionaryType&>(type);
  return dictionary.index_type()->id() == arrow::Type::INT32 &&
         dictionary.value_type()->id() == arrow::Type::STRING;
}

std::unique_ptr<Column> MakeColumn(const ImageForm& form, const arrow::DataType& type) {
  if (form.wire == Wire::kText && IsTextDictionary(type)) {
    return std::make_unique<DictionaryColumn>();
  }
  if (type.id() != TypeOf(form.wire)) return nullptr;
  switch (form.wire) {
    case Wire::kBoolean: return std::make_unique<BooleanColumn>();
    case Wire::kInt16:
      return std::make_unique<FixedColumn<arrow::Int32Type, uint32_t, int16_t>>();
    case Wire::kInt32: return std::make_unique<FixedColumn<arrow::Int32Type, uint32_t>>();
    case Wire::kInt64: return std::make_unique<FixedColumn<arrow::Int64Type, uint64_t>>();
    case Wire::kOid:
      return std::make_unique<FixedColumn<arrow::Int64Type, uint64_t, uint32_t>>();
    case Wire::kFloat32:
      return std::make_unique<FixedColumn<arrow::FloatType, uint32_t>>();
    case Wire::kFloat64:
      return std::make_unique<FixedColumn<arrow::DoubleType, uint64_t>>();
    case Wire::kNumeric:
      return std::make_unique<NumericColumn>(
          static_cast<const arrow::Decimal128Type&>(type).scale());
    case Wire::kDate:
      return std::make_unique<
          FixedColumn<arrow::Date32Type, uint32_t, uint32_t, kEpochDays>>();
    case Wire::kTimestamp:
      return std::make_unique<
          FixedColumn<arrow::TimestampType, uint64_t, uint64_t, kEpochMicros>>();
    case Wire::kText:
    case Wire::kBytes: return std::make_unique<BytesColumn>();
    case Wire::kUuid: return std::make_unique<UuidColumn>();
    case Wire::kArray: {
      auto element = MakeColumn({form.element},
                                *static_cast<const arrow::ListType&>(type).value_type());
      return element ? std::make_unique<ArrayColumn>(std::move(element)) : nullptr;
    }
  }
  return nullptr;
}

}  // namespace

ArrowRowImage::ArrowRowImage(const std::vector<ImageForm>& forms,
                             const arrow::Schema& schema, const std::string& what) {
  if (static_cast<size_t>(schema.num_fields()) != forms.size()) {
    throw Fail(ErrorKind::kCorrupt, "{}: it has {} columns where {} belong", what,
               schema.num_fields(), forms.size());
  }
  for (size_t i = 0; i < forms.size(); ++i) {
    const auto& field = *schema.field(static_cast<int>(i));
    columns_.push_back(MakeColumn(forms[i], *field.type()));
    if (columns_.back()) continue;
    throw Fail(ErrorKind::kCorrupt, "{}: column {} is {}, which no {} becomes", what,
               field.name(), field.type()->ToString(), ToString(forms[i]));
  }
}

ArrowRowImage::~ArrowRowImage() = default;

int64_t ArrowRowImage::Encode(const arrow::RecordBatch& batch, int64_t first) {
  const int64_t rows = std::min(kRowsAtOnce, batch.num_rows() - first);
  sizes_.assign(static_cast<size_t>(rows), kLengthBytes * columns_.size());
  for (size_t i = 0; i < columns_.size(); ++i) {
    columns_[i]->Measure(batch.column(static_cast<int>(i))->Slice(first, rows),
                         sizes_.data());
  }
  size_t bytes = 0;
  for (const size_t size : sizes_) bytes += size;
  if (images_.size() < bytes) images_.resize(bytes);
  cursors_.clear();
  uint8_t* begin = images_.data();
  for (const size_t size : sizes_) {
    cursors_.push_back(begin);
    begin += size;
  }
  for (const auto& column : columns_) column->Write(cursors_.data());
  return rows;
}

void ArrowRowImage::AddTo(RowSum* sum, const arrow::RecordBatch& batch) {
  for (int64_t row = 0; row < batch.num_rows();) {
    row += Encode(batch, row);
    const uint8_t* begin = images_.data();
    for (const size_t size : sizes_) {
      sum->AddRow({begin, size});
      begin += size;
    }
  }
}

std::vector<std::string> ArrowRowImage::Images(const arrow::RecordBatch& batch) {
  std::vector<std::string> images;
  for (int64_t row = 0; row < batch.num_rows();) {
    row += Encode(batch, row);
    const uint8_t* begin = images_.data();
    for (const size_t size : sizes_) {
      images.emplace_back(AsText({begin, size}));
      begin += size;
    }
  }
  return images;
}

}  // namespace shoestring
