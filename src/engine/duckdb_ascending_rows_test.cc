#include "engine/duckdb_ascending_rows.h"

#include <gtest/gtest.h>
#include <duckdb.hpp>

#include <vector>

namespace shoestring {
namespace {

using duckdb::LogicalType;
using duckdb::Value;
using duckdb::Vector;

Vector Of(const LogicalType& type, const std::vector<Value>& values) {
  Vector vector(type, values.size());
  for (size_t i = 0; i < values.size(); ++i) vector.SetValue(i, values[i]);
  return vector;
}

/// Where each range begins and ends.
std::vector<duckdb::idx_t> Ends(const RowRanges& ranges) {
  std::vector<duckdb::idx_t> ends;
  for (const RowRange& range : ranges) {
    ends.push_back(range.begin);
    ends.push_back(range.end);
  }
  return ends;
}

std::vector<duckdb::idx_t> Found(const ColumnValues& column,
                                 const std::vector<Value>& values) {
  return Ends(RowsEqual(column, values));
}

TEST(AscendingRows, Numbers) {
  const Vector numbers = Of(LogicalType::INTEGER, {-5, 1, 1, 1, 7});
  const ColumnValues column{numbers, nullptr, {0, 5}};
  ASSERT_TRUE(Ascends(column));
  EXPECT_EQ(Found(column, {Value::INTEGER(1)}), std::vector<duckdb::idx_t>({1, 4}));
  EXPECT_EQ(Found(column, {Value::INTEGER(-5)}), std::vector<duckdb::idx_t>({0, 1}));
  EXPECT_EQ(Found(column, {Value::INTEGER(7)}), std::vector<duckdb::idx_t>({4, 5}));
  EXPECT_EQ(Found(column, {Value::INTEGER(-5), Value::INTEGER(0), Value::INTEGER(7)}),
            std::vector<duckdb::idx_t>({0, 1, 4, 5}));
  EXPECT_EQ(Ends(RowsEqual({numbers, nullptr, {2, 4}},
                           {Value::INTEGER(-5), Value::INTEGER(1)})),
            std::vector<duckdb::idx_t>({2, 4}));
  for (const int none : {-6, 2, 8}) {
    EXPECT_TRUE(RowsEqual(column, {Value::INTEGER(none)}).empty()) << none;
  }
}

TEST(AscendingRows, TextsByTheirBytes) {
  const Vector texts = Of(LogicalType::VARCHAR, {"a longer text, 1", "b", "", "\u00e9"});
  const std::vector<duckdb::sel_t> numbers{2, 0, 0, 1, 3, 3};
  const ColumnValues column{texts, numbers.data(), {0, numbers.size()}};
  ASSERT_TRUE(Ascends(column));
  EXPECT_EQ(Found(column, {Value("a longer text, 1")}),
            std::vector<duckdb::idx_t>({1, 3}));
  EXPECT_EQ(Found(column, {Value("\u00e9")}), std::vector<duckdb::idx_t>({4, 6}));
  EXPECT_TRUE(RowsEqual(column, {Value("c")}).empty());
  EXPECT_FALSE(Ascends({texts, nullptr, {0, 4}}));
}

TEST(AscendingRows, NotWithNullsNorOfFloats) {
  const Vector numbers = Of(LogicalType::BIGINT, {Value::BIGINT(1), Value()});
  EXPECT_FALSE(Ascends({numbers, nullptr, {0, 2}}));
  EXPECT_TRUE(Ascends({numbers, nullptr, {0, 1}}));
  const Vector floats = Of(LogicalType::DOUBLE, {1.0, 2.0});
  EXPECT_FALSE(Ascends({floats, nullptr, {0, 2}}));
}

TEST(AscendingRows, InBoth) {
  const RowRanges one{{0, 10}, {20, 30}, {40, 41}};
  EXPECT_EQ(Ends(Common(one, {{5, 25}, {28, 40}})),
            std::vector<duckdb::idx_t>({5, 10, 20, 25, 28, 30}));
  EXPECT_EQ(Ends(Common({{0, 99}}, one)), Ends(one));
  EXPECT_TRUE(Common(one, {{10, 20}, {41, 50}}).empty());
  EXPECT_TRUE(Common(one, {}).empty());
}

}  // namespace
}  // namespace shoestring
