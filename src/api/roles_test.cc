#include "api/roles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/api_error.h"
#include "base/error.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::UnorderedElementsAre;

/// companies, sales.orders, and notes that had row-level security.
LakeSchema Schema() {
  LakeSchema schema;
  for (const char* name : {"companies", "notes", "sales.orders"}) {
    schema.tables[name].lake_name = name;
  }
  schema.tables["notes"].row_security = true;
  return schema;
}

std::vector<std::string> Visible(const Roles& roles, const std::string& role) {
  std::vector<std::string> names;
  for (const auto& [name, table] : roles.AccessOf({role, "{}"}, Schema()).tables) {
    names.push_back(name + (table.columns ? "(columns)" : "") + " " + table.rows);
  }
  return names;
}

TEST(Roles, WithoutDeclarationsAllIsSeenThatHadNoRowSecurity) {
  const Roles roles = Roles::Parse("[serve]\nanonymous = true", "test");
  for (const char* role : {"anon", "authenticated"}) {
    EXPECT_THAT(Visible(roles, role), ElementsAre("companies ", "sales.orders "));
    EXPECT_THAT(roles.Closed(role, Schema()), ElementsAre("notes"));
  }
}

TEST(Roles, ARoleSeesWhatItsSectionNames) {
  const Roles roles = Roles::Parse(R"(
      [roles.anon]
      companies = { columns = ["id"], rows = "state=eq.NY" }
      notes = true
      lost = true
      [roles.member]
      "*" = true
      notes = { rows = "user_id=eq.{sub}" }
      "sales.orders" = false
      [roles.auditor]
      "*" = { rows = "all" }
      notes = { rows = "all" })",
                                   "test");
  EXPECT_THAT(Visible(roles, "anon"), ElementsAre("companies(columns) state=eq.NY"));
  EXPECT_THAT(Visible(roles, "member"),
              ElementsAre("companies ", "notes user_id=eq.{sub}"));
  EXPECT_THAT(Visible(roles, "auditor"),
              ElementsAre("companies ", "notes ", "sales.orders "));
  EXPECT_THAT(roles.Unknown(Schema()), ElementsAre("companies.id", "lost"));
  EXPECT_THAT(roles.Closed("anon", Schema()), ElementsAre("notes"));
  EXPECT_THAT(roles.Closed("member", Schema()), ElementsAre());
  EXPECT_THAT(roles.Names(), UnorderedElementsAre("anon", "auditor", "member"));
}

TEST(Roles, EveryTableIsNotATableWithRowSecurity) {
  const Roles roles = Roles::Parse("[roles.anon]\n\"*\" = { rows = \"all\" }", "test");
  EXPECT_THAT(Visible(roles, "anon"), ElementsAre("companies ", "sales.orders "));
}

TEST(Roles, TheServiceSeesEverythingAndStrangersNothing) {
  const Roles roles;
  const Access service = roles.AccessOf({"service_role", "{}"}, Schema());
  EXPECT_TRUE(service.service);
  EXPECT_TRUE(service.signed_in);
  EXPECT_FALSE(roles.AccessOf(Caller(), Schema()).signed_in);
  try {
    roles.AccessOf({"postgres", "{}"}, Schema());
    ADD_FAILURE();
  } catch (const ApiError& error) {
    EXPECT_EQ(error.status(), 401);
    EXPECT_EQ(error.code(), "22023");
  }
}

TEST(Roles, ClaimsComeAlong) {
  EXPECT_EQ(Roles().AccessOf({"anon", R"({"sub":"7"})"}, Schema()).claims,
            R"({"sub":"7"})");
}

TEST(Roles, WhatIsNoDeclarationSaysWhere) {
  for (const char* text : {"roles = 1",
                           "[roles]\nanon = true",
                           "[roles.service_role]\nt = true",
                           "[roles.anon]\nt = 1",
                           "[roles.anon]\nt = { row = 'a' }",
                           "[roles.anon]\nsales.orders = true",
                           "[roles.anon]\nt = { rows = '' }",
                           "[roles.anon]\nt = { rows = 1 }",
                           "[roles.anon]\nt = { columns = [] }",
                           "[roles.anon]\nt = { columns = [1] }",
                           "[roles.anon]\nt = { columns = 'a' }",
                           "[roles.anon",
                           "[roles.anon]\nt = { rows = 'nonsense' }",
                           "[roles.anon]\nt = { rows = 'select=id' }",
                           "[roles.anon]\nt = { rows = 'limit=0' }",
                           "[roles.anon]\nt = { rows = 'a=eq.1&b' }",
                           "[roles.anon]\nt = { rows = 'a=eq.1&' }",
                           "[roles.anon]\nt = { rows = 'u.a=eq.1' }",
                           "[roles.anon]\nt = { rows = 'a=near.1' }",
                           "[roles.anon]\nt = { rows = 'or=(a.eq.1' }",
                           "[roles.anon]\nt = { rows = 'a=neq.{ sub }' }"}) {
    try {
      Roles::Parse(text, "x.toml");
      ADD_FAILURE() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), ErrorKind::kInvalidArgument);
      EXPECT_THAT(error.what(), HasSubstr("x.toml")) << text;
    }
  }
}

}  // namespace
}  // namespace shoestring
