#include "sql/lake_scan.h"

namespace shoestring {

std::string LakeScanOf(std::string_view table) {
  std::string scan = std::string(kLakeScan) + "('";
  for (const char c : table) {
    if (c == '\'') scan += '\'';
    scan += c;
  }
  return scan + "')";
}

}  // namespace shoestring
