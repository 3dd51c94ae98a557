#include "base/checksum.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(ChecksumTest, IsXxh3Of128Bits) {
  // The values that xxhsum -H2 prints.
  EXPECT_EQ(ChecksumOf(""), "99aa06d3014798d86001c324468d497f");
  Checksum pieces;
  std::string whole;
  for (int i = 0; i < 1000; ++i) {
    const std::string piece(static_cast<size_t>(i), static_cast<char>('a' + i % 26));
    pieces.Append(AsBytes(piece));
    whole += piece;
  }
  EXPECT_EQ(pieces.Hex(), ChecksumOf(whole));
}

TEST(ChecksumTest, HexGoesBothWays) {
  const Uint128 value = static_cast<Uint128>(0x0123456789abcdef) << 64 | 0xfedcba98;
  EXPECT_EQ(ToHex(value), "0123456789abcdef00000000fedcba98");
  EXPECT_EQ(ParseHex(ToHex(value)), value);
  for (const char* other : {"", "0123", "0123456789ABCDEF00000000fedcba98",
                            "0123456789abcdef00000000fedcba9g"}) {
    EXPECT_EQ(ParseHex(other), std::nullopt) << other;
  }
}

TEST(ChecksumTest, RowSumsDoNotDependOnOrder) {
  RowSum forward;
  RowSum backward;
  for (int i = 0; i < 100; ++i) {
    forward.AddRow(AsBytes(std::to_string(i)));
    backward.AddRow(AsBytes(std::to_string(99 - i)));
  }
  EXPECT_EQ(forward, backward);
  RowSum doubled = forward;
  doubled += forward;
  EXPECT_EQ(doubled.rows, 200);
  EXPECT_NE(doubled, forward);
}

}  // namespace
}  // namespace shoestring
