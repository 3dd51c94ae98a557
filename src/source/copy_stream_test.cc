#include "source/copy_stream.h"

#include <gtest/gtest.h>

#include <random>

#include "base/error.h"

namespace shoestring {
namespace {

std::string Header() {
  std::string bytes("PGCOPY\n\xFF\r\n\0", 11);
  bytes.append(8, '\0');
  return bytes;
}

std::string Tuple(const std::vector<std::optional<std::string>>& fields) {
  std::string bytes;
  AppendBigEndian(&bytes, static_cast<int16_t>(fields.size()));
  for (const auto& field : fields) {
    AppendBigEndian(&bytes, field ? static_cast<int32_t>(field->size()) : -1);
    if (field) bytes += *field;
  }
  return bytes;
}

const std::string kTrailer = "\xFF\xFF";

// All fields of all tuples as one text.
std::string Read(std::string_view data, size_t columns, std::vector<size_t> cuts = {}) {
  std::string seen;
  CopyStream stream(columns, [&](std::span<const TupleField> fields, Bytes tuple) {
    std::vector<TupleField> again(columns);
    SplitTuple(tuple, again);
    for (size_t i = 0; i < columns; ++i) {
      EXPECT_EQ(fields[i].null(), again[i].null());
      seen += fields[i].null() ? "NULL" : std::string(AsText(fields[i].bytes()));
      seen += '|';
    }
    seen += '\n';
  });
  size_t from = 0;
  for (const size_t cut : cuts) {
    stream.Feed(AsBytes(data.substr(from, cut - from)));
    from = cut;
  }
  stream.Feed(AsBytes(data.substr(from)));
  if (!stream.finished()) seen += "unfinished";
  return seen;
}

TEST(CopyStreamTest, ReadsTuplesHoweverTheyAreCut) {
  const std::string data =
      Header() + Tuple({"a", std::nullopt}) + Tuple({"", "long one"}) + kTrailer;
  const std::string expected = "a|NULL|\n|long one|\n";
  EXPECT_EQ(Read(data, 2), expected);
  for (size_t cut = 1; cut < data.size(); ++cut) {
    EXPECT_EQ(Read(data, 2, {cut}), expected) << cut;
  }
  std::vector<size_t> every_byte;
  for (size_t i = 1; i < data.size(); ++i) every_byte.push_back(i);
  EXPECT_EQ(Read(data, 2, every_byte), expected);
}

TEST(CopyStreamTest, KnowsWhenTheTrailerIsMissing) {
  EXPECT_EQ(Read(Header() + Tuple({"a"}), 1), "a|\nunfinished");
}

TEST(CopyStreamTest, RefusesWhatIsNoCopyData) {
  const std::string cases[] = {
      "PGCOPY but not quite, and long enough",
      Header() + Tuple({"a", "b"}),
      Header() + Tuple({"a"}) + kTrailer + "more",
      Header() + std::string("\0\1\xFF\xFF\xFF\xF0", 6),
      std::string("PGCOPY\n\xFF\r\n\0\0\1\0\0\0\0\0\0", 19),
  };
  for (const auto& bytes : cases) EXPECT_THROW(Read(bytes, 1), Error) << bytes;
}

TEST(CopyStreamTest, SurvivesRandomDamage) {
  std::mt19937 random(1);
  const std::string data =
      Header() + Tuple({"abc", "defg"}) + Tuple({std::nullopt, "x"}) + kTrailer;
  for (int i = 0; i < 20000; ++i) {
    std::string damaged = data;
    damaged[random() % damaged.size()] = static_cast<char>(random());
    damaged.resize(damaged.size() - random() % 3);
    try {
      Read(damaged, 2, {damaged.size() / 2});
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kCorrupt);
    }
  }
}

}  // namespace
}  // namespace shoestring
