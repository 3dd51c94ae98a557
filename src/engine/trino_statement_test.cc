#include "engine/trino_statement.h"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.h"

namespace shoestring {
namespace {

TEST(TrinoStatement, WhatReadsPasses) {
  for (const char* sql :
       {"SELECT 1", "  select 1", "-- a\n/* b */ WITH a AS (SELECT 1) SELECT * FROM a",
        "VALUES 1", "TABLE t", "SHOW TABLES", "DESCRIBE t", "desc t", "(SELECT 1)",
        "EXPLAIN SELECT 1", "EXPLAIN ANALYZE VERBOSE SELECT 1",
        "EXPLAIN (TYPE LOGICAL, FORMAT JSON) SELECT 1", "EXPLAIN (SELECT 1)"}) {
    EXPECT_NO_THROW(CheckTrinoReads(sql)) << sql;
  }
}

TEST(TrinoStatement, AllElseIsRefused) {
  for (const char* sql :
       {"", "  -- only a comment", "/* open", "INSERT INTO t VALUES 1", "DROP TABLE t",
        "CREATE TABLE t AS SELECT 1", "EXPLAIN ANALYZE INSERT INTO t VALUES 1",
        "EXPLAIN (TYPE IO) DELETE FROM t", "EXPLAIN", "EXPLAIN (TYPE", "EXPLAIN (TYPE)",
        "CALL system.flush()", "SET SESSION a = 1", "EXECUTE IMMEDIATE 'DROP TABLE t'",
        "SELECTED", "PREPARE p FROM SELECT 1", "; SELECT 1",
        "MERGE INTO t USING s ON 1=1"}) {
    EXPECT_THROW(CheckTrinoReads(sql), Error) << sql;
  }
}

TEST(TrinoStatement, LiteralsAreReadAsNothingElse) {
  EXPECT_EQ(TrinoLiteral(std::monostate()), "NULL");
  EXPECT_EQ(TrinoLiteral(true), "TRUE");
  EXPECT_EQ(TrinoLiteral(int64_t{-5}), "BIGINT '-5'");
  EXPECT_EQ(TrinoLiteral(0.1), "DOUBLE '0.1'");
  EXPECT_EQ(TrinoLiteral(-std::numeric_limits<double>::infinity()), "DOUBLE '-Infinity'");
  EXPECT_EQ(TrinoLiteral(std::string("it's now()")), "'it''s now()'");
}

TEST(TrinoStatement, ParametersAreExecutedAtOnce) {
  EXPECT_EQ(TrinoStatementText({"SELECT 'a'", {}}), "SELECT 'a'");
  EXPECT_EQ(TrinoStatementText({"SELECT 'a', ?, ?", {int64_t{1}, std::string("x'")}}),
            "EXECUTE IMMEDIATE 'SELECT ''a'', ?, ?' USING BIGINT '1', 'x'''");
}

}  // namespace
}  // namespace shoestring
