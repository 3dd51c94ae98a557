// What the fuzz targets expect; it ends them where it does not hold.
#pragma once

#include <cstdlib>

#include "base/error.h"

namespace shoestring {

inline void Require(bool condition) {
  if (!condition) std::abort();
}

/// Foreign bytes are read, or refused with kCorrupt; nothing else may come of them.
template <typename Read>
void ReadOrRefuse(const Read& read) {
  try {
    read();
  } catch (const Error& error) {
    Require(error.kind() == ErrorKind::kCorrupt);
  }
}

}  // namespace shoestring
