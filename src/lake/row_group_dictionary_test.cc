#include "lake/row_group_dictionary.h"

#include <arrow/api.h>
#include <gtest/gtest.h>

namespace shoestring {
namespace {

std::shared_ptr<arrow::Array> Texts(const std::vector<std::string>& values) {
  arrow::StringBuilder builder;
  EXPECT_TRUE(builder.AppendValues(values).ok());
  return builder.Finish().ValueOrDie();
}

const auto kAll = Texts({"a", "b", "c", "d"});

// -1 is null.
std::shared_ptr<arrow::Array> Numbers(const std::vector<int32_t>& numbers) {
  arrow::Int32Builder builder;
  for (const int32_t number : numbers) {
    EXPECT_TRUE((number < 0 ? builder.AppendNull() : builder.Append(number)).ok());
  }
  return std::make_shared<arrow::DictionaryArray>(
      arrow::dictionary(arrow::int32(), arrow::utf8()), builder.Finish().ValueOrDie(),
      kAll);
}

TEST(RowGroupDictionaryTest, KeepsOnlyWhatOccurs) {
  const auto column =
      CompactDictionary({Numbers({3, -1, 3}), Numbers({0, 3})}, arrow::utf8());
  ASSERT_TRUE(column->ValidateFull().ok());
  ASSERT_EQ(column->num_chunks(), 2);
  const auto& first = static_cast<const arrow::DictionaryArray&>(*column->chunk(0));
  const auto& second = static_cast<const arrow::DictionaryArray&>(*column->chunk(1));
  EXPECT_TRUE(first.dictionary()->Equals(*Texts({"d", "a"})));
  EXPECT_TRUE(second.dictionary()->Equals(*Texts({"d", "a"})));
  EXPECT_EQ(first.null_count(), 1);
  EXPECT_EQ(second.GetValueIndex(0), 1);
  EXPECT_EQ(second.GetValueIndex(1), 0);
}

TEST(RowGroupDictionaryTest, BeginsAnewEachTime) {
  for (const int32_t number : {3, 1, 3, 0}) {
    const auto column = CompactDictionary({Numbers({2, number})}, arrow::utf8());
    const auto& only = static_cast<const arrow::DictionaryArray&>(*column->chunk(0));
    EXPECT_EQ(only.GetValueIndex(0), 0);
    EXPECT_EQ(only.GetValueIndex(1), 1);
    EXPECT_EQ(only.dictionary()->length(), 2);
  }
}

TEST(RowGroupDictionaryTest, WritesAllOutWhenSomeAreValues) {
  const auto column = CompactDictionary({Numbers({1, -1}), Texts({"z"})}, arrow::utf8());
  ASSERT_TRUE(column->ValidateFull().ok());
  EXPECT_TRUE(column->chunk(0)->Slice(0, 1)->Equals(*Texts({"b"})));
  EXPECT_TRUE(column->chunk(0)->IsNull(1));
  EXPECT_TRUE(column->chunk(1)->Equals(*Texts({"z"})));
}

TEST(RowGroupDictionaryTest, LeavesOtherColumnsAlone) {
  const auto texts = Texts({"z"});
  EXPECT_EQ(CompactDictionary({texts}, arrow::utf8())->chunk(0), texts);
  EXPECT_EQ(CompactDictionary({}, arrow::utf8())->length(), 0);
}

}  // namespace
}  // namespace shoestring
