#include "base/error.h"

namespace shoestring {

std::string_view ErrorKindName(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return "invalid_argument";
    case ErrorKind::kNotFound: return "not_found";
    case ErrorKind::kConflict: return "conflict";
    case ErrorKind::kPermission: return "permission";
    case ErrorKind::kUnavailable: return "unavailable";
    case ErrorKind::kTimeout: return "timeout";
    case ErrorKind::kCancelled: return "cancelled";
    case ErrorKind::kUnsupported: return "unsupported";
    case ErrorKind::kData: return "data";
    case ErrorKind::kCorrupt: return "corrupt";
    case ErrorKind::kLimit: return "limit";
    case ErrorKind::kInternal: return "internal";
  }
  return "internal";
}

int ExitCode(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::kInvalidArgument: return 2;
    case ErrorKind::kNotFound: return 3;
    case ErrorKind::kConflict: return 4;
    case ErrorKind::kPermission: return 5;
    case ErrorKind::kUnavailable: return 6;
    case ErrorKind::kTimeout: return 7;
    case ErrorKind::kUnsupported: return 8;
    case ErrorKind::kData: return 9;
    case ErrorKind::kCorrupt: return 10;
    case ErrorKind::kLimit: return 11;
    case ErrorKind::kCancelled: return 130;
    case ErrorKind::kInternal: return 1;
  }
  return 1;
}

}  // namespace shoestring
