#include "engine/duckdb_value_sketch.h"

#include <gtest/gtest.h>
#include <duckdb.hpp>

namespace shoestring {
namespace {

constexpr int64_t kValues = 2000;

duckdb::Vector Numbers() {
  duckdb::Vector values(duckdb::LogicalType::BIGINT, kValues);
  for (int64_t i = 0; i < kValues; ++i)
    duckdb::FlatVector::GetData<int64_t>(values)[i] = 1000 * i;
  duckdb::FlatVector::SetNull(values, 7, true);
  return values;
}

TEST(ValueSketchTest, HoldsWhatIsThereAndLittleElse) {
  const auto values = Numbers();
  const ValueSketch sketch(values, kValues);
  int wrong = 0;
  for (int64_t i = 0; i < kValues; ++i) {
    EXPECT_TRUE(i == 7 || sketch.MayHold(duckdb::Value::BIGINT(1000 * i))) << i;
    if (sketch.MayHold(duckdb::Value::BIGINT(1000 * i + 1))) ++wrong;
  }
  EXPECT_LT(wrong, kValues / 20);
}

TEST(ValueSketchTest, Texts) {
  duckdb::Vector values(duckdb::LogicalType::VARCHAR, 2);
  auto* texts = duckdb::FlatVector::GetData<duckdb::string_t>(values);
  texts[0] = duckdb::StringVector::AddString(values, "");
  texts[1] = duckdb::StringVector::AddString(values, "longer than what stands in place");
  const ValueSketch sketch(values, 2);
  EXPECT_TRUE(sketch.MayHold(duckdb::Value("")));
  EXPECT_TRUE(sketch.MayHold(duckdb::Value("longer than what stands in place")));
  EXPECT_FALSE(sketch.MayHold(duckdb::Value("longer than what stands in its place")));
}

TEST(ValueSketchTest, AByteAValue) {
  EXPECT_LE(ValueSketch::MostBytes(8192), 8192);
  EXPECT_LE(ValueSketch::MostBytes(0), 64);
  EXPECT_FALSE(ValueSketch::Covers(duckdb::LogicalType::DOUBLE));
}

}  // namespace
}  // namespace shoestring
