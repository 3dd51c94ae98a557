#include "correlate/holding.h"

#include <gtest/gtest.h>

namespace shoestring {
namespace {

TEST(Cusip, GetsItsLeadingZerosBack) {
  EXPECT_EQ(RestoreCusip("37833100"), "037833100");  // Apple
  EXPECT_EQ(RestoreCusip("360206"), "000360206");    // AAON
  EXPECT_EQ(RestoreCusip("084670702"), "084670702");
  EXPECT_EQ(RestoreCusip(" g0084w101 "), "G0084W101");
}

TEST(Cusip, IsLeftAsItIsWhereTheCheckDigitSaysOtherwise) {
  EXPECT_EQ(RestoreCusip("67066104"), "67066104");  // Nvidia's without its G
  EXPECT_EQ(RestoreCusip("AAPL US"), "AAPL US");
}

TEST(Cusip, IsNoneWhenTooShort) {
  for (const char* text : {"", "   ", "N/A", "12345"}) EXPECT_EQ(RestoreCusip(text), "");
}

TEST(Kind, IsKnownByItsFirstLetter) {
  EXPECT_EQ(ParseKind("Put"), Kind::kPut);
  EXPECT_EQ(ParseKind(" call"), Kind::kCall);
  EXPECT_EQ(ParseKind("C"), Kind::kCall);
  EXPECT_EQ(ParseKind(""), Kind::kShares);
}

TEST(Money, IsWrittenWithoutZerosAtTheEnd) {
  EXPECT_EQ(MoneyText(Money(12345600)), "1234.56");
  EXPECT_EQ(MoneyText(Money(-10000)), "-1");
  EXPECT_EQ(MoneyText(Money(0)), "0");
  EXPECT_EQ(MoneyText(Money("99999999999999999999990000")), "9999999999999999999999");
  EXPECT_EQ(MoneyNumber(Money(12345600)), 1234.56);
  EXPECT_EQ(MoneyNumber(Money(-12345600)), -1234.56);
  EXPECT_EQ(MoneyNumber(Money("123456789012345678901")), 12345678901234567.8901);
}

}  // namespace
}  // namespace shoestring
