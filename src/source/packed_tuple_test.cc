#include "source/packed_tuple.h"

#include <gtest/gtest.h>

#include <limits>
#include <vector>

#include "base/error.h"

namespace shoestring {
namespace {

std::string Pack(const std::vector<TupleField>& fields) {
  size_t bytes = 0;
  for (const TupleField& field : fields) bytes += field.bytes().size();
  std::string packed(MostPackedBytes(fields.size(), bytes), '\0');
  auto* begin = reinterpret_cast<uint8_t*>(packed.data());
  packed.resize(static_cast<size_t>(PackTuple(fields, begin) - begin));
  return packed;
}

TupleField Value(std::string_view bytes) {
  return {AsBytes(bytes).data(), static_cast<int32_t>(bytes.size())};
}

TEST(PackedTupleTest, GivesBackEveryKindOfField) {
  const std::string long_value(300'000, 'x');
  std::vector<TupleField> fields = {{},
                                    {nullptr, kFirstNumber},
                                    {nullptr, kFirstNumber - 100'000},
                                    {nullptr, std::numeric_limits<int32_t>::min()}};
  // Each size that is copied in its own way.
  for (size_t size = 0; size < 40; ++size) {
    fields.push_back(Value(
        std::string_view("0123456789abcdefghijklmnopqrstuvwxyzABCD").substr(0, size)));
  }
  fields.push_back(Value(long_value));
  const std::string packed = Pack(fields);
  std::vector<TupleField> again(fields.size());
  UnpackTuple(AsBytes(packed), again);
  for (size_t i = 0; i < fields.size(); ++i) {
    EXPECT_EQ(again[i].size, fields[i].size) << i;
    EXPECT_EQ(AsText(again[i].bytes()), AsText(fields[i].bytes())) << i;
  }
}

TEST(PackedTupleTest, TakesOneByteForANullAndAFewForANumber) {
  EXPECT_EQ(Pack({{}}).size(), 1u);
  EXPECT_EQ(Pack({{nullptr, kFirstNumber}}).size(), 1u);
  EXPECT_EQ(Pack({{nullptr, kFirstNumber - 8000}}).size(), 2u);
  EXPECT_EQ(Pack({Value("abcd")}).size(), 5u);
}

TEST(PackedTupleTest, RefusesWhatIsNoWholeTuple) {
  const std::string packed = Pack({Value("abcd"), {}, {nullptr, kFirstNumber - 8000}});
  std::vector<TupleField> fields(3);
  for (size_t size = 0; size < packed.size(); ++size) {
    EXPECT_THROW(UnpackTuple(AsBytes(packed).first(size), fields), Error) << size;
  }
  EXPECT_THROW(UnpackTuple(AsBytes(packed + '\0'), fields), Error);
  EXPECT_THROW(UnpackTuple(AsBytes("\xFF\xFF\xFF\xFF\x7F\x00\x00"), fields), Error);
}

}  // namespace
}  // namespace shoestring
