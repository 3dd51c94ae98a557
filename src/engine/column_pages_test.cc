#include "engine/column_pages.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <parquet/exception.h>
#include <parquet/index_location.h>
#include <parquet/metadata.h>
#include <parquet/page_index.h>

#include <cstring>

#include "engine/test_lake.h"

namespace shoestring {
namespace {

using testing::ElementsAre;

using Pieces = std::vector<bool>;

/// Pages of a hundred bytes each from byte 40 on, which begin at these rows, behind a
/// dictionary from byte 10 on.
ColumnPages Column(int64_t rows, const std::vector<int64_t>& first_rows) {
  ColumnPages column{.rows = rows};
  int64_t at = 40;
  for (const int64_t row : first_rows) {
    column.pages.push_back({{at, at + 100}, row});
    at += 100;
  }
  column.chunk = {10, at};
  return column;
}

Pieces Only(size_t count, const std::vector<size_t>& which) {
  Pieces pieces(count, false);
  for (const size_t piece : which) pieces[piece] = true;
  return pieces;
}

TEST(ColumnPagesTest, PagesThatArePieces) {
  const auto column = Column(5 * 2048 + 7, {0, 2048, 4096, 6144, 8192, 10240});
  ASSERT_EQ(column.pieces(), 6);
  auto part = PartOf(column, Only(6, {2}));
  EXPECT_THAT(part.ranges, ElementsAre(ByteRange{10, 40}, ByteRange{240, 340}));
  EXPECT_EQ(part.pieces, Only(6, {2}));
  EXPECT_EQ(part.rows, 2048);
  part = PartOf(column, Only(6, {0, 4, 5}));
  EXPECT_THAT(part.ranges, ElementsAre(ByteRange{10, 140}, ByteRange{440, 640}));
  EXPECT_EQ(part.rows, 2 * 2048 + 7);
  EXPECT_FALSE(part.whole());
}

TEST(ColumnPagesTest, NothingIsNothing) {
  const auto part = PartOf(Column(4096, {0, 2048}), Only(2, {}));
  EXPECT_THAT(part.ranges, ElementsAre());
  EXPECT_EQ(part.rows, 0);
}

TEST(ColumnPagesTest, MostIsAll) {
  const auto column = Column(4 * 2048, {0, 2048, 4096, 6144});
  EXPECT_FALSE(PartOf(column, Only(4, {1, 2})).whole());
  const auto part = PartOf(column, Only(4, {1, 2, 3}));
  EXPECT_TRUE(part.whole());
  EXPECT_THAT(part.ranges, ElementsAre(ByteRange{10, 440}));
  EXPECT_EQ(part.rows, 4 * 2048);
}

TEST(ColumnPagesTest, WithoutPagesItIsAll) {
  const auto part = PartOf(Column(9000, {}), Only(5, {1}));
  EXPECT_TRUE(part.whole());
  EXPECT_EQ(part.rows, 9000);
}

TEST(ColumnPagesTest, PagesThatSharePiecesStayTogether) {
  // Pieces 0 and 1 are three pages, 2 to 4 are one.
  const auto column = Column(7 * 2048, {0, 1000, 3000, 4096, 5 * 2048, 6 * 2048});
  auto part = PartOf(column, Only(7, {1}));
  EXPECT_EQ(part.pieces, Only(7, {0, 1}));
  EXPECT_THAT(part.ranges, ElementsAre(ByteRange{10, 340}));
  EXPECT_EQ(part.rows, 4096);
  part = PartOf(column, Only(7, {3, 6}));
  EXPECT_EQ(part.pieces, Only(7, {2, 3, 4, 6}));
  EXPECT_THAT(part.ranges,
              ElementsAre(ByteRange{10, 40}, ByteRange{340, 440}, ByteRange{540, 640}));
  EXPECT_EQ(part.rows, 4 * 2048);
}

/// A file of one column of numbers, 0 to 9,999, those from 4,096 to 6,143 being null.
class PagesOfTest : public testing::Test {
 protected:
  PagesOfTest() {
    auto table = TestLake::Table("t", {{.name = "n", .type = type_}});
    arrow::Int64Builder numbers;
    for (int64_t row = 0; row < 10'000; ++row) {
      EXPECT_TRUE((row / 2048 == 2 ? numbers.AppendNull() : numbers.Append(row)).ok());
    }
    lake_.AddFile(&table, {}, {numbers.Finish().ValueOrDie()});
    bytes_ = lake_.store()->Get(table.files.at(0).key).content;
    uint32_t size = 0;
    std::memcpy(&size, bytes_.data() + bytes_.size() - 8, sizeof(size));
    footer_ = parquet::FileMetaData::Make(bytes_.data() + bytes_.size() - 8 - size, size);
  }

  ColumnPages Read(const ReadIndex& read) { return PagesOf(*footer_, 0, 0, type_, read); }

  std::string Part(const ByteRange& range) const {
    return bytes_.substr(static_cast<size_t>(range.begin),
                         static_cast<size_t>(range.end - range.begin));
  }

  const LakeType type_{LakeType::Kind::kLong};
  TestLake lake_;
  std::string bytes_;
  std::shared_ptr<parquet::FileMetaData> footer_;
};

std::string Number(int64_t value) {
  return {reinterpret_cast<const char*>(&value), sizeof(value)};
}

TEST_F(PagesOfTest, APageIsAPiece) {
  const auto column = Read([&](const ByteRange& range) { return Part(range); });
  ASSERT_EQ(column.pages.size(), 5u);
  EXPECT_EQ(column.pages[3].first_row, 3 * 2048);
  EXPECT_EQ(column.pages.back().bytes.end, column.chunk.end);
  ASSERT_EQ(column.known.size(), 5u);
  EXPECT_EQ(column.known[3].lower, Number(6144));
  EXPECT_EQ(column.known[3].upper, Number(8191));
  EXPECT_EQ(column.known[3].null_count, 0);
  EXPECT_EQ(column.known[2].null_count, 2048);
  EXPECT_EQ(column.known[2].value_count, 2048);
  EXPECT_FALSE(column.known[2].lower);
}

TEST_F(PagesOfTest, DamageIsNoCrash) {
  for (size_t at = 0; at < 200; ++at) {
    try {
      Read([&](const ByteRange& range) {
        std::string index = Part(range);
        index[at % index.size()] = static_cast<char>(index[at % index.size()] ^ (1 + at));
        return index;
      });
    } catch (const parquet::ParquetException&) {
      continue;  // What can be told, is.
    }
  }
}

TEST_F(PagesOfTest, AnIndexOfOtherPagesIsSeen) {
  const auto read = [&](const ByteRange& range) { return Part(range); };
  const auto location = *footer_->RowGroup(0)->ColumnChunk(0)->GetOffsetIndexLocation();
  const auto pages = Read(read).pages;
  EXPECT_THROW(Read([&](const ByteRange& range) {
                 return range.begin == location.offset ? std::string(1, '\0')
                                                       : Part(range);
               }),
               parquet::ParquetException);
  EXPECT_FALSE(pages.empty());
}

}  // namespace
}  // namespace shoestring
