#include "engine/statement_splitter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(StatementSplitter, CutsAtSemicolons) {
  const SplitSql split = SplitStatements("SELECT 1; SELECT 2 ;\nSELECT 3");
  EXPECT_THAT(split.statements, ElementsAre("SELECT 1", " SELECT 2 "));
  EXPECT_EQ(split.rest, "\nSELECT 3");
}

TEST(StatementSplitter, LeavesQuotesAndCommentsWhole) {
  for (const char* sql :
       {"SELECT ';'", "SELECT 'it''s;'", "SELECT E'\\';'", "SELECT e'\\\\'",
        "SELECT \"a;b\"", "SELECT 1 -- ; not\n + 1", "SELECT /* ; /* ; */ ; */ 1",
        "SELECT $$;$$", "SELECT $a$ ; $$ ; $a$", "SELECT 'a\\'", "SELECT $1, a$b$c"}) {
    const SplitSql split = SplitStatements(std::string(sql) + ";");
    EXPECT_THAT(split.statements, ElementsAre(sql));
    EXPECT_EQ(split.rest, "");
  }
}

TEST(StatementSplitter, UnfinishedTextIsTheRest) {
  for (const char* sql : {"SELECT ';", "SELECT \"a;", "SELECT 1 /* ;", "SELECT $x$ ;",
                          "SELECT E'\\';", "SELECT"}) {
    const SplitSql split = SplitStatements(sql);
    EXPECT_THAT(split.statements, IsEmpty()) << sql;
    EXPECT_EQ(split.rest, sql);
  }
}

TEST(StatementSplitter, NothingIsNoStatement) {
  for (const char* sql : {"", " \n", ";;", "-- only this", "/* and this */ ; -- x\n;"}) {
    const SplitSql split = SplitStatements(sql);
    EXPECT_THAT(split.statements, IsEmpty()) << sql;
    EXPECT_EQ(split.rest, "") << sql;
  }
}

TEST(WithoutValues, LiteralsAreQuestionMarks) {
  EXPECT_EQ(WithoutValues("SELECT a1, 'it''s', 12.5e3, -7 FROM t2 WHERE x = E'a\\'b'"),
            "SELECT a1, ?, ?, -? FROM t2 WHERE x = E?");
  EXPECT_EQ(WithoutValues("SELECT $tag$secret$tag$, $1, ?, \"Name 3\""),
            "SELECT ?, $1, ?, \"Name 3\"");
  EXPECT_EQ(WithoutValues("IN (1,2,3)"), "IN (?,?,?)");
}

TEST(WithoutValues, CommentsAndSpaceAreOneSpace) {
  EXPECT_EQ(WithoutValues("  SELECT -- secret\n\n  /* more */ 1  "), "SELECT ?");
  EXPECT_EQ(WithoutValues(""), "");
  EXPECT_EQ(WithoutValues("'unfinished"), "?");
}

}  // namespace
}  // namespace shoestring
