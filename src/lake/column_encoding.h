#pragma once

#include <arrow/type_fwd.h>

#include "lake/table_metadata.h"

namespace shoestring {

/// How the values of a column are written.
enum class ColumnEncoding {
  kDictionary,  ///< Each value once a row group, and where it stands.
  kDelta,       ///< Integers, and what is stored as one: by the difference to the last.
  kPlain,
};

/// The encoding that makes values like these smallest. A dictionary of values that hardly
/// repeat is larger than the values, and takes longer to make. `values` are a part of the
/// first row group, of one type without lists; or all of it, as a
/// dictionary of what occurs.
ColumnEncoding ChooseEncoding(const arrow::ChunkedArray& values, const LakeType& type);

}  // namespace shoestring
