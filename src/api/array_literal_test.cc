#include "api/array_literal.h"

#include <gmock/gmock.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::Optional;

TEST(ArrayLiteral, IsReadAndWritten) {
  EXPECT_THAT(ArrayElements(" { a , \"b \\\"c\" ,NULL, {x,y} } "),
              ElementsAre(Optional(std::string("a")), Optional(std::string("b \"c")),
                          std::nullopt, Optional(std::string("{x,y}"))));
  EXPECT_TRUE(ArrayElements("{}").empty());
  EXPECT_THAT(ArrayElements("[0:1][-2:+3]={a,b}"),
              ElementsAre(Optional(std::string("a")), Optional(std::string("b"))));
  EXPECT_EQ(ArrayLiteral({"a", "", "null", "b,c", std::nullopt}),
            R"({a,"","null","b,c",NULL})");
  for (const char* wrong : {"", "a", "{", "{a", "{a}b", "{a,}", "{\"a}", "{a\"b}",
                            "[0:1]", "[0:1]{a}", "[x]={a}"}) {
    EXPECT_THROW(ArrayElements(wrong), ApiError) << wrong;
  }
}

}  // namespace
}  // namespace shoestring
