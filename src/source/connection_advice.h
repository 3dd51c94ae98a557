#pragma once

#include <string>
#include <string_view>

#include "base/error.h"

namespace shoestring {

/// What a failure of Postgres, of a pooler or of the way to them means to a caller.
struct ErrorAdvice {
  ErrorKind kind;
  std::string_view way_out;  ///< A sentence; empty when the server's own words say it.
};

/// `sqlstate` is "" where libpq knows none: while connecting, and when a connection
/// broke.
ErrorAdvice AdviseOn(std::string_view sqlstate, std::string_view message);
/// The same of a user's own statement, where Postgres' words say what is wrong with it.
ErrorAdvice AdviseOnQuery(std::string_view sqlstate, std::string_view message);

/// libpq's message on one line, without the advice it gives to all: the attempts that it
/// made (several addresses, with and without TLS), each reason once.
std::string OneLine(std::string_view message);

}  // namespace shoestring
