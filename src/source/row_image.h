#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "source/copy_stream.h"
#include "source/type_mapping.h"

namespace shoestring {

// The image of a row: for each column the length (int32, big-endian, -1 for null) and the
// bytes of its type's binary send form, where equal values have equal bytes: numerics
// without superfluous zeros and display scale, arrays as a count and their elements.
// docs/formats.md has it byte by byte. The image of a row in the lake is made by
// arrow_row_image.h, which shares no code with the decoder between the two.

/// The form in which a column stands in the image.
struct ImageForm {
  Wire wire = Wire::kText;
  Wire element = Wire::kText;  ///< Of kArray.
  bool operator==(const ImageForm&) const = default;
};

ImageForm ImageFormOf(const ColumnMapping& column);
/// "int4", "numeric[]": as a seal names it.
std::string ToString(const ImageForm& form);
/// Throws kCorrupt, with `what`, for a name of no form.
ImageForm ParseImageForm(std::string_view name, std::string_view what);

/// Makes the images of rows as COPY sends them. Pure. Not thread-safe.
class RowImage {
 public:
  explicit RowImage(const std::vector<ColumnMapping>& columns);

  /// The image of a tuple with these fields, valid until the next call or as long as the
  /// tuple. A malformed value is left as it is, for the decoder to refuse.
  Bytes Of(std::span<const TupleField> fields, Bytes tuple);

 private:
  struct Column {
    size_t index;
    ImageForm form;
  };
  void ClearDisplayScales(std::span<const TupleField> fields, Bytes tuple);
  void Append(std::span<const TupleField> fields, Bytes tuple);

  std::vector<Column> columns_;  ///< Those whose bytes can differ from what is sent.
  std::string image_;
};

}  // namespace shoestring
