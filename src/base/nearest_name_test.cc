#include "base/nearest_name.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(NearestName, IsLikeEnough) {
  EXPECT_EQ(NearestName({"films", "roles"}, "film", 0.75), "films");
  EXPECT_EQ(NearestName({"films", "roles"}, "fil", 0.75), "");
  EXPECT_EQ(NearestName({"films", "roles"}, "xyz", 0.33), "");
}

}  // namespace
}  // namespace shoestring
