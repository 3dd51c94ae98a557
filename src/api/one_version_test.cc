#include "api/one_version.h"

#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/test_engine.h"

namespace shoestring {
namespace {

TEST(OneVersion, AnotherVersionIsAConflict) {
  TestEngine engine;
  OneVersion of_seven(&engine, 7);
  for (const int64_t read : {0, 7}) {
    engine.statistics.lake_sequence = read;
    EXPECT_TRUE(of_seven.Run({"SELECT 1", {}}, {}, {})->Next());
  }
  engine.statistics.lake_sequence = 8;
  try {
    of_seven.Run({"SELECT 1", {}}, {}, {});
    FAIL();
  } catch (const Error& error) {
    EXPECT_EQ(error.kind(), ErrorKind::kConflict);
  }
}

}  // namespace
}  // namespace shoestring
