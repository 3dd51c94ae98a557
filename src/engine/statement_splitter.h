#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

struct SplitSql {
  std::vector<std::string>
      statements;    ///< Those that ended with a semicolon, without it.
  std::string rest;  ///< What comes after the last of them.
};

/// Cuts a text at the semicolons outside of quotes, comments and dollar quotes.
/// Statements of nothing but space and comments are left out, a rest of that kind is
/// empty. Pure; only for telling statements apart: what they do is the engine's to judge.
SplitSql SplitStatements(std::string_view sql);

/// A statement to be looked at: its literals are ?, comments are gone, each stretch of
/// space is one. Pure.
std::string WithoutValues(std::string_view sql);

}  // namespace shoestring
