#include "source/repeated_texts.h"

#include <arrow/api.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <thread>

#include "base/checksum.h"
#include "base/error.h"
#include "source/row_decoder.h"

namespace shoestring {
namespace {

constexpr int64_t kMemory = 1 << 20;

const std::vector<ColumnMapping> kColumns = {
    {"id", Wire::kInt32, Wire::kText, arrow::int32(), ""},
    {"name", Wire::kText, Wire::kText, arrow::utf8(), ""},
    {"code", Wire::kText, Wire::kText, arrow::utf8(), ""},
};

std::string Tuple(int32_t id, const std::vector<std::optional<std::string>>& texts) {
  std::string bytes;
  AppendBigEndian(&bytes, static_cast<int32_t>(sizeof(id)));
  AppendBigEndian(&bytes, id);
  for (const auto& text : texts) {
    AppendBigEndian(&bytes, text ? static_cast<int32_t>(text->size()) : -1);
    if (text) bytes += *text;
  }
  return bytes;
}

std::optional<uint32_t> NumberOf(RepeatedTexts* texts, std::string_view text) {
  const auto search = texts->Begin(AsBytes(text));
  texts->Fetch(search);
  return texts->NumberOf(search);
}

std::string Pack(RowPacker* packer, const std::string& tuple) {
  std::vector<TupleField> fields(kColumns.size());
  SplitTuple(AsBytes(tuple), fields);
  packer->Begin(fields);
  std::string packed(MostPackedBytes(fields.size(), tuple.size()), '\0');
  auto* begin = reinterpret_cast<uint8_t*>(packed.data());
  packed.resize(static_cast<size_t>(PackTuple(packer->Pack(fields), begin) - begin));
  return packed;
}

TEST(RepeatedTextsTest, NumbersEachTextOnce) {
  RepeatedTexts texts(kMemory);
  EXPECT_EQ(NumberOf(&texts, "b"), 0u);
  EXPECT_EQ(NumberOf(&texts, ""), 1u);
  EXPECT_EQ(NumberOf(&texts, "b"), 0u);
  EXPECT_EQ(texts.Values()->ToString(), "[\n  \"b\",\n  \"\"\n]");
}

TEST(RepeatedTextsTest, LeavesOutWhatIsLongOrNoTextAndWhatHasNoRoom) {
  RepeatedTexts texts(14);
  EXPECT_EQ(NumberOf(&texts, std::string(1000, 'x')), std::nullopt);
  EXPECT_EQ(NumberOf(&texts, "\xFF"), std::nullopt);
  EXPECT_EQ(NumberOf(&texts, "abcd"), 0u);
  EXPECT_EQ(NumberOf(&texts, "efgh"), std::nullopt);
  EXPECT_EQ(NumberOf(&texts, "abcd"), 0u);
}

TEST(RepeatedTextsTest, StopsAtAsManyAsItHasPlacesFor) {
  RepeatedTexts texts(100 * kMemory);
  uint32_t taken = 0;
  for (int i = 0; i < 100'000; ++i) {
    if (NumberOf(&texts, std::to_string(i))) ++taken;
  }
  EXPECT_EQ(taken, 49'152u);
  EXPECT_EQ(texts.Values()->length(), 49'152);
}

TEST(RepeatedTextsTest, HasFewerPlacesForASmallTable) {
  RepeatedTexts texts(8 << 10);
  for (uint32_t i = 0; i < 500; ++i) EXPECT_EQ(NumberOf(&texts, std::to_string(i)), i);
  for (uint32_t i = 0; i < 500; ++i) EXPECT_EQ(NumberOf(&texts, std::to_string(i)), i);
  for (int i = 500; i < 5000; ++i) NumberOf(&texts, std::to_string(i));
  EXPECT_LT(texts.Values()->length(), 1024);
}

TEST(RepeatedTextsTest, GivesTwoThreadsTheSameNumbers) {
  RepeatedTexts texts(kMemory);
  constexpr int kTexts = 5000;
  std::vector<std::optional<uint32_t>> numbers[2];
  std::vector<std::jthread> threads;
  for (auto& mine : numbers) {
    threads.emplace_back([&mine, &texts] {
      for (int i = 0; i < kTexts; ++i) {
        mine.push_back(NumberOf(&texts, std::to_string(i)));
      }
    });
  }
  threads.clear();
  EXPECT_EQ(numbers[0], numbers[1]);
  EXPECT_EQ(texts.Values()->length(), kTexts);
}

/// Texts of which each is looked for where the others are.
std::vector<std::string> CollidingTexts(size_t count) {
  constexpr uint64_t kPlaces = (1 << 16) / 8;
  std::vector<std::string> texts;
  for (int i = 0; texts.size() < count; ++i) {
    std::string text = std::to_string(i);
    if (ShortChecksumOf(AsBytes(text)) % kPlaces == 0) texts.push_back(std::move(text));
  }
  return texts;
}

TEST(RepeatedTextsTest, TellsTextsApartThatThreadsAddInOnePlace) {
  const std::vector<std::string> wanted = CollidingTexts(1000);
  for (int round = 0; round < 3; ++round) {
    RepeatedTexts texts(1 << 16);
    std::vector<uint32_t> numbers[2];
    const auto ask = [&](std::vector<uint32_t>* mine, const auto& order) {
      for (const auto& text : order) mine->push_back(*NumberOf(&texts, text));
    };
    const std::vector<std::string> reversed(wanted.rbegin(), wanted.rend());
    std::thread other([&] { ask(&numbers[1], reversed); });
    ask(&numbers[0], wanted);
    other.join();
    std::ranges::reverse(numbers[1]);
    ASSERT_EQ(numbers[0], numbers[1]);
    ASSERT_EQ(std::set(numbers[0].begin(), numbers[0].end()).size(), wanted.size());
  }
}

TEST(RowPackerTest, PacksWhatTheDecoderUnpacks) {
  RepeatedTexts texts(kMemory);
  RowPacker packer(kColumns, &texts);
  const std::string first = Pack(&packer, Tuple(1, {"Berkshire", std::nullopt}));
  const std::string second = Pack(&packer, Tuple(2, {"Berkshire", "A"}));
  EXPECT_EQ(second.size(), sizeof(int32_t) + 3);
  RowDecoder decoder("t", kColumns, {0}, texts.Values());
  decoder.AppendPacked(AsBytes(first));
  decoder.AppendPacked(AsBytes(second));
  const auto batch = decoder.Finish();
  ASSERT_TRUE(batch->ValidateFull().ok());
  ASSERT_EQ(batch->column(1)->type_id(), arrow::Type::DICTIONARY);
  const auto& names = static_cast<const arrow::DictionaryArray&>(*batch->column(1));
  EXPECT_EQ(names.GetValueIndex(0), names.GetValueIndex(1));
  EXPECT_EQ(batch->column(2)->null_count(), 1);
}

TEST(RowPackerTest, DecodesNumbersBesideTextsAsTexts) {
  RepeatedTexts texts(8 + sizeof("Berkshire") - 1);
  RowPacker packer(kColumns, &texts);
  const std::string packed[] = {Pack(&packer, Tuple(1, {"Berkshire", std::nullopt})),
                                Pack(&packer, Tuple(2, {"Pershing", std::nullopt})),
                                Pack(&packer, Tuple(3, {"Berkshire", std::nullopt}))};
  RowDecoder decoder("t", kColumns, {0}, texts.Values());
  for (const auto& row : packed) decoder.AppendPacked(AsBytes(row));
  const auto batch = decoder.Finish();
  ASSERT_EQ(batch->column(1)->type_id(), arrow::Type::STRING);
  EXPECT_EQ(batch->column(1)->ToString(),
            "[\n  \"Berkshire\",\n  \"Pershing\",\n  \"Berkshire\"\n]");
  EXPECT_EQ(batch->column(2)->null_count(), 3);
}

TEST(RowPackerTest, NamesARowByItsTextInErrors) {
  RepeatedTexts texts(kMemory);
  RowPacker packer(kColumns, &texts);
  const std::string packed = Pack(&packer, Tuple(1, {"Berkshire", "\xFF"}));
  RowDecoder decoder("t", kColumns, {1}, texts.Values());
  try {
    decoder.AppendPacked(AsBytes(packed));
    FAIL() << "it was taken";
  } catch (const Error& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("row with name = \"Berkshire\""));
  }
}

TEST(RowPackerTest, LeavesColumnsThatDoNotRepeatAsTheyAre) {
  RepeatedTexts texts(kMemory);
  RowPacker packer(kColumns, &texts);
  for (int i = 0; i < 200'000; ++i) {
    Pack(&packer, Tuple(i, {"Berkshire", std::to_string(i)}));
  }
  EXPECT_EQ(Pack(&packer, Tuple(1, {"Berkshire", "0"})).size(), sizeof(int32_t) + 4);
}

}  // namespace
}  // namespace shoestring
