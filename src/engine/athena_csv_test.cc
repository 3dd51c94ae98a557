#include "engine/athena_csv.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

#include "base/error.h"
#include "engine/value_text.h"

namespace shoestring {
namespace {

std::shared_ptr<arrow::Schema> Schema() {
  return arrow::schema(
      {arrow::field("n", arrow::int64()), arrow::field("t", arrow::utf8())});
}

/// The rows of a file that comes in pieces of so many bytes.
std::string Read(std::string_view file, size_t piece,
                 const std::shared_ptr<arrow::Schema>& schema = Schema()) {
  AthenaCsv csv(schema);
  for (size_t at = 0; at < file.size(); at += piece) csv.Append(file.substr(at, piece));
  csv.Finish();
  std::string text;
  const auto batch = csv.Take();
  for (int64_t row = 0; batch && row < batch->num_rows(); ++row) {
    for (const auto& column : batch->columns()) {
      AppendJson(*column, row, &text);
      text.push_back(column == batch->columns().back() ? '\n' : ' ');
    }
  }
  return text;
}

TEST(AthenaCsv, NullIsNoEmptyTextWhereverItIsCut) {
  constexpr std::string_view kFile =
      "\"n\",\"t\"\n\"1\",\"a\"\n,\n\"2\",\"\"\n\"3\",\"q\"\"u, \no\"\n\"4\",\"\"\"\"\n";
  for (size_t piece = 1; piece <= kFile.size(); ++piece) {
    EXPECT_EQ(Read(kFile, piece),
              "1 \"a\"\nnull null\n2 \"\"\n3 \"q\\\"u, \\no\"\n4 \"\\\"\"\n")
        << piece;
  }
}

TEST(AthenaCsv, OneColumnOfNulls) {
  const auto schema = arrow::schema({arrow::field("t", arrow::utf8())});
  EXPECT_EQ(Read("\"t\"\n\n\"\"\n\n", 1, schema), "null\n\"\"\nnull\n");
  EXPECT_EQ(Read("\"t\"\n", 1, schema), "");
}

TEST(AthenaCsv, WhatIsNoneIsCorrupt) {
  for (const char* file : {"", "\"n\"\n", "n,t\n", "\"n\",\"t\"\n1,\"a\"\n",
                           "\"n\",\"t\"\n\"1\"\n", "\"n\",\"t\"\n\"1\",\"a\"",
                           "\"n\",\"t\"\n\"1\",\"a", "\"n\",\"t\"\n\"x\",\"a\"\n",
                           "\"n\",\"t\"\n\"1\",\"a\",\"b\"\n", "\"n\",\"t\"\r\n"}) {
    EXPECT_THROW(Read(file, 3), Error) << file;
  }
}

}  // namespace
}  // namespace shoestring
