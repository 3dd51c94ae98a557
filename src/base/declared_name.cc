#include "base/declared_name.h"

#include <algorithm>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr size_t kLongestName = 255;

}  // namespace

std::string DeclaredName(std::string_view table) {
  std::string name(table);
  std::ranges::transform(name, name.begin(), [](char c) {
    if (c == '.') return '_';
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  if (name.size() <= kLongestName) return name;
  throw Fail(ErrorKind::kUnsupported,
             "Glue takes names of up to {} bytes, not this table's: {}", kLongestName,
             table);
}

}  // namespace shoestring
