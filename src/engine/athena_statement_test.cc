#include "engine/athena_statement.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(AthenaStatement, ParametersAreLiterals) {
  const auto made = MakeAthenaStatement(
      {"SELECT ?, ?, ?", {std::string("it's now()"), int64_t{1}, std::monostate()}});
  EXPECT_EQ(made.sql, "SELECT ?, ?, ?");
  EXPECT_THAT(made.parameters, ElementsAre("'it''s now()'", "BIGINT '1'", "NULL"));
}

TEST(AthenaStatement, LongOnesStandInTheText) {
  const std::string longest(1022, 'x');
  const std::string longer(1023, 'y');
  const auto made = MakeAthenaStatement({"SELECT ?, ?, ? AS z", {longest, longer, true}});
  EXPECT_EQ(made.sql, "SELECT ?, '" + longer + "', ? AS z");
  EXPECT_THAT(made.parameters, ElementsAre("'" + longest + "'", "TRUE"));
  // Quotes count twice.
  EXPECT_THAT(MakeAthenaStatement({"SELECT ?", {std::string(512, '\'')}}).parameters,
              IsEmpty());
}

TEST(AthenaStatement, QuestionMarksInTextsNamesAndCommentsAreNone) {
  const std::string sql =
      "SELECT '?''?' AS \"?\", -- ?\n /* ? */ ? FROM t WHERE a - b / c = 1";
  EXPECT_THAT(MakeAthenaStatement({sql, {int64_t{7}}}).parameters,
              ElementsAre("BIGINT '7'"));
  const auto longer = MakeAthenaStatement({sql, {std::string(2000, 'x')}});
  EXPECT_EQ(longer.sql, "SELECT '?''?' AS \"?\", -- ?\n /* ? */ '" +
                            std::string(2000, 'x') + "' FROM t WHERE a - b / c = 1");
}

TEST(AthenaStatement, AsManyValuesAsPlaceholders) {
  EXPECT_THROW(MakeAthenaStatement({"SELECT ?", {}}), Error);
  EXPECT_THROW(MakeAthenaStatement({"SELECT '?", {true}}), Error);
  EXPECT_THROW(MakeAthenaStatement({"SELECT 1 -- ?", {true}}), Error);
  EXPECT_THROW(MakeAthenaStatement({"SELECT 1 /*?", {true}}), Error);
}

TEST(AthenaStatement, TextsTooLongAreRefused) {
  EXPECT_THROW(MakeAthenaStatement({"SELECT ?", {std::string(262'144, 'x')}}), Error);
}

}  // namespace
}  // namespace shoestring
