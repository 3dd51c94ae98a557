#include "api/pattern.h"

#include <gmock/gmock.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

std::string CodeOf(const char* pattern) {
  try {
    return PortablePattern(pattern);
  } catch (const ApiError& error) {
    return error.code();
  }
}

TEST(Pattern, WhatTheEnginesShareStays) {
  for (const char* same : {"", "^a.*b$", "[[:alpha:]_]{2,3}", "[]a]", "[^]\\]]x",
                           "(?:a|b)+?", "(?i)abc", "\\d\\.\\(", "a||b", "x\\^*"}) {
    EXPECT_EQ(CodeOf(same), same);
  }
  EXPECT_EQ(PortablePattern("\\yart\\y\\Z"), "\\bart\\b\\z");
}

TEST(Pattern, WhatIsNoneIsRefusedAsPostgresDoes) {
  for (const char* wrong :
       {"(", "a)", "[a", "[]", "[[:alpha", "a\\", "*a", "a|+", "[a\\"}) {
    EXPECT_EQ(CodeOf(wrong), "2201B") << wrong;
  }
}

TEST(Pattern, WhatTheEnginesLackIsRefused) {
  for (const char* lacking : {"(?=a)", "(?<!a)", "(a)\\1", "\\mart", "***=a"}) {
    EXPECT_EQ(CodeOf(lacking), "PGRST127") << lacking;
  }
}

}  // namespace
}  // namespace shoestring
