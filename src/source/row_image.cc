#include "source/row_image.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/terminal_text.h"
#include "source/array_reader.h"

namespace shoestring {

namespace {

struct FormName {
  Wire wire;
  std::string_view name;
};
constexpr std::array kFormNames = {
    FormName{Wire::kBoolean, "bool"},   FormName{Wire::kInt16, "int2"},
    FormName{Wire::kInt32, "int4"},     FormName{Wire::kInt64, "int8"},
    FormName{Wire::kOid, "oid"},        FormName{Wire::kFloat32, "float4"},
    FormName{Wire::kFloat64, "float8"}, FormName{Wire::kNumeric, "numeric"},
    FormName{Wire::kDate, "date"},      FormName{Wire::kTimestamp, "timestamp"},
    FormName{Wire::kText, "text"},      FormName{Wire::kUuid, "uuid"},
    FormName{Wire::kBytes, "bytea"},
};
constexpr std::string_view kArraySuffix = "[]";

void AppendLength(size_t length, std::string* to) {
  AppendBigEndian(to, static_cast<int32_t>(length));
}

void AppendValue(Bytes value, std::string* to) {
  AppendLength(value.size(), to);
  to->append(AsText(value));
}

// numeric_send: groups, weight, sign, display scale, each of two bytes, and then the
// groups of four digits.
constexpr size_t kNumericHeader = 8;
constexpr size_t kDisplayScale = 6;
constexpr size_t kGroup = 2;

bool IsZero(Bytes group) { return group[0] == 0 && group[1] == 0; }

// Without superfluous groups of zeros, and the one zero for all zeros.
std::string NormalizeNumeric(Bytes numeric) {
  auto weight = LoadBigEndian<int16_t>(numeric.data() + 2);
  auto sign = LoadBigEndian<uint16_t>(numeric.data() + 4);
  Bytes groups = numeric.subspan(kNumericHeader);
  while (!groups.empty() && IsZero(groups.last(kGroup))) {
    groups = groups.first(groups.size() - kGroup);
  }
  while (!groups.empty() && IsZero(groups.first(kGroup))) {
    groups = groups.subspan(kGroup);
    --weight;
  }
  constexpr uint16_t kNegative = 0x4000;  // What is greater is NaN or infinite.
  if (groups.empty()) weight = 0;
  if (groups.empty() && sign == kNegative) sign = 0;
  std::string normal;
  AppendBigEndian(&normal, static_cast<uint16_t>(groups.size() / kGroup));
  AppendBigEndian(&normal, weight);
  AppendBigEndian(&normal, sign);
  AppendBigEndian(&normal, uint16_t{0});
  normal.append(AsText(groups));
  return normal;
}

bool IsNumeric(Bytes bytes) {
  return bytes.size() >= kNumericHeader && bytes.size() % kGroup == 0 &&
         (bytes.size() - kNumericHeader) / kGroup ==
             LoadBigEndian<uint16_t>(bytes.data());
}

// As Postgres sends nearly all: only the display scale is not of the value.
bool IsNormal(Bytes numeric) {
  if (!IsNumeric(numeric) || numeric.size() == kNumericHeader) return false;
  const Bytes groups = numeric.subspan(kNumericHeader);
  return !IsZero(groups.first(kGroup)) && !IsZero(groups.last(kGroup));
}

void ClearDisplayScale(char* numeric) {
  numeric[kDisplayScale] = numeric[kDisplayScale + 1] = 0;
}

void AppendNumeric(Bytes numeric, std::string* to) {
  if (!IsNumeric(numeric)) return AppendValue(numeric, to);
  if (!IsNormal(numeric)) return AppendValue(AsBytes(NormalizeNumeric(numeric)), to);
  AppendValue(numeric, to);
  ClearDisplayScale(to->data() + to->size() - numeric.size());
}

void AppendArray(Wire element_form, Bytes array, std::string* to) {
  const size_t begin = to->size();
  AppendLength(0, to);
  ArrayReader reader(array);
  AppendBigEndian(to, reader.size());
  while (const auto element = reader.Next()) {
    if (element_form == Wire::kNumeric && !element->null()) {
      AppendNumeric(element->bytes(), to);
    } else {
      AppendBigEndian(to, element->size);
      to->append(AsText(element->bytes()));
    }
  }
  if (!reader.valid()) {
    to->resize(begin);
    return AppendValue(array, to);
  }
  std::string length;
  AppendLength(to->size() - begin - sizeof(int32_t), &length);
  to->replace(begin, length.size(), length);
}

}  // namespace

ImageForm ImageFormOf(const ColumnMapping& column) {
  return {column.wire, column.wire == Wire::kArray ? column.element : Wire::kText};
}

std::string ToString(const ImageForm& form) {
  const bool array = form.wire == Wire::kArray;
  for (const auto& [wire, name] : kFormNames) {
    if (wire != (array ? form.element : form.wire)) continue;
    return fmt::format("{}{}", name, array ? kArraySuffix : "");
  }
  throw Fail(ErrorKind::kInternal, "No name for wire form {}",
             static_cast<int>(form.wire));
}

ImageForm ParseImageForm(std::string_view text, std::string_view what) {
  const bool array = text.ends_with(kArraySuffix);
  const auto scalar = text.substr(0, text.size() - (array ? kArraySuffix.size() : 0));
  for (const auto& [wire, name] : kFormNames) {
    if (name != scalar) continue;
    return array ? ImageForm{Wire::kArray, wire} : ImageForm{wire};
  }
  throw Fail(ErrorKind::kCorrupt, "{}: no form of a column is called {}", what,
             InQuotes(text));
}

RowImage::RowImage(const std::vector<ColumnMapping>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const ImageForm form = ImageFormOf(columns[i]);
    if (form.wire == Wire::kNumeric || form.wire == Wire::kArray) {
      columns_.push_back({i, form});
    }
  }
}

Bytes RowImage::Of(std::span<const TupleField> fields, Bytes tuple) {
  if (columns_.empty()) return tuple;
  const bool normal = std::ranges::all_of(columns_, [&](const Column& column) {
    const TupleField& field = fields[column.index];
    return field.null() ||
           (column.form.wire == Wire::kNumeric && IsNormal(field.bytes()));
  });
  image_.clear();
  if (normal) {
    image_.append(AsText(tuple));
    ClearDisplayScales(fields, tuple);
  } else {
    Append(fields, tuple);
  }
  return AsBytes(image_);
}

void RowImage::ClearDisplayScales(std::span<const TupleField> fields, Bytes tuple) {
  for (const Column& column : columns_) {
    const TupleField& field = fields[column.index];
    if (field.null()) continue;
    ClearDisplayScale(image_.data() + (field.data - tuple.data()));
  }
}

void RowImage::Append(std::span<const TupleField> fields, Bytes tuple) {
  const uint8_t* copied = tuple.data();
  const auto copy_to = [&](const uint8_t* end) {
    image_.append(reinterpret_cast<const char*>(copied),
                  static_cast<size_t>(end - copied));
  };
  for (const auto& [index, form] : columns_) {
    const TupleField& field = fields[index];
    if (field.null()) continue;
    copy_to(field.data - sizeof(int32_t));
    copied = field.data + field.size;
    if (form.wire == Wire::kNumeric) {
      AppendNumeric(field.bytes(), &image_);
    } else {
      AppendArray(form.element, field.bytes(), &image_);
    }
  }
  copy_to(tuple.data() + tuple.size());
}

}  // namespace shoestring
