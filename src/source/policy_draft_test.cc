#include "source/policy_draft.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "source/policy_expression.h"

namespace shoestring {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

/// As Postgres writes them, by pg_get_expr(); "?" for what is not translated.
std::string Rows(const std::string& text, const std::string& role = "authenticated") {
  const auto condition = ReadPolicyExpression(text, role);
  return condition ? FormatRows(*condition) : "?";
}

TEST(PolicyExpression, ColumnsAreComparedWithClaims) {
  EXPECT_EQ(Rows("(auth.uid() = user_id)"), "user_id=eq.{sub}");
  EXPECT_EQ(Rows("(user_id = auth.uid())"), "user_id=eq.{sub}");
  EXPECT_EQ(Rows("(( SELECT auth.uid() AS uid) = user_id)"), "user_id=eq.{sub}");
  EXPECT_EQ(Rows("((auth.uid())::text = owner)"), "owner=eq.{sub}");
  EXPECT_EQ(Rows("((user_id)::text = (auth.jwt() ->> 'sub'::text))"), "user_id=eq.{sub}");
  EXPECT_EQ(Rows("(((auth.jwt() -> 'app_metadata'::text) ->> 'team'::text) = team)"),
            "team=eq.{app_metadata.team}");
  EXPECT_EQ(Rows("(org = (((current_setting('request.jwt.claims'::text, true))::json ->> "
                 "'org'::text))::bigint)"),
            "org=eq.{org}");
  EXPECT_EQ(Rows("((current_setting('request.jwt.claim.sub'::text, true))::uuid = id)"),
            "id=eq.{sub}");
  EXPECT_EQ(Rows("(email = auth.email())"), "email=eq.{email}");
}

TEST(PolicyExpression, ColumnsAreComparedWithLiterals) {
  EXPECT_EQ(Rows("(state = 'paid'::text)"), "state=eq.paid");
  EXPECT_EQ(Rows("((state)::text = 'to pay'::text)"), "state=eq.to pay");
  EXPECT_EQ(Rows("(amount > (10)::numeric)"), "amount=gt.10");
  EXPECT_EQ(Rows("('10'::numeric >= amount)"), "amount=lte.10");
  EXPECT_EQ(Rows("(amount <> '-1'::integer)"), "amount=neq.-1");
  EXPECT_EQ(Rows("(amount < -1.5)"), "amount=lt.-1.5");
  EXPECT_EQ(Rows("(name = 'a&b+c%'::text)"), "name=eq.a%26b%2Bc%25");
  EXPECT_EQ(Rows("(at < '2024-01-01 00:00:00+00'::timestamp with time zone)"),
            "at=lt.2024-01-01 00:00:00%2B00");
  EXPECT_EQ(Rows("(state = ANY (ARRAY['a'::text, 'b,c'::text]))"),
            "state=in.(a,\"b,c\")");
  EXPECT_EQ(Rows("((state)::text = ANY ((ARRAY['a'::character varying, 'b'::character "
                 "varying])::text[]))"),
            "state=in.(a,b)");
  EXPECT_EQ(Rows("(state <> ALL (ARRAY['a'::text, 'b'::text]))"), "state=not.in.(a,b)");
}

TEST(PolicyExpression, ConditionsAreCombined) {
  EXPECT_EQ(Rows("true"), "all");
  EXPECT_EQ(Rows("false"), "");
  EXPECT_EQ(Rows("is_public"), "is_public=is.true");
  EXPECT_EQ(Rows("(is_public = true)"), "is_public=is.true");
  EXPECT_EQ(Rows("(NOT deleted)"), "deleted=not.is.true");
  EXPECT_EQ(Rows("(deleted_at IS NULL)"), "deleted_at=is.null");
  EXPECT_EQ(Rows("(deleted_at IS NOT NULL)"), "deleted_at=not.is.null");
  EXPECT_EQ(Rows("(deleted IS FALSE)"), "deleted=is.false");
  EXPECT_EQ(Rows("((user_id = auth.uid()) AND (deleted_at IS NULL))"),
            "user_id=eq.{sub}&deleted_at=is.null");
  EXPECT_EQ(Rows("((user_id = auth.uid()) OR is_public)"),
            "or=(user_id.eq.{sub},is_public.is.true)");
  EXPECT_EQ(Rows("((a = 1) AND ((b = 2) OR ((c = 3) AND (d IS NOT NULL))))"),
            "a=eq.1&or=(b.eq.2,and(c.eq.3,d.not.is.null))");
  EXPECT_EQ(Rows("(NOT ((a = 1) OR (b = 'x.y'::text)))"), "not.or=(a.eq.1,b.eq.\"x.y\")");
  EXPECT_EQ(Rows("(is_public OR true)"), "all");
  EXPECT_EQ(Rows("(is_public AND true)"), "is_public=is.true");
  EXPECT_EQ(Rows("(is_public AND false)"), "");
}

TEST(PolicyExpression, TheRoleIsKnown) {
  EXPECT_EQ(Rows("(auth.role() = 'authenticated'::text)"), "all");
  EXPECT_EQ(Rows("(auth.role() = 'authenticated'::text)", "anon"), "");
  EXPECT_EQ(Rows("((auth.jwt() ->> 'role'::text) = 'anon'::text)", "anon"), "all");
  EXPECT_EQ(Rows("(auth.role() = ANY (ARRAY['a'::text, 'authenticated'::text]))"), "all");
  EXPECT_EQ(Rows("(auth.uid() IS NOT NULL)"), "all");
  EXPECT_EQ(Rows("(auth.uid() IS NOT NULL)", "anon"), "");
  EXPECT_EQ(Rows("((auth.role() = 'authenticated'::text) AND (user_id = auth.uid()))"),
            "user_id=eq.{sub}");
}

TEST(PolicyExpression, WhatItDoesNotKnowItLeaves) {
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += '(';
  for (const std::string& text :
       {std::string("(EXISTS ( SELECT 1 FROM members m WHERE (m.team = notes.team)))"),
        std::string("(team IN ( SELECT my_teams() AS my_teams))"),
        std::string("is_admin(auth.uid())"),
        std::string("(auth.uid() = ANY (members))"),
        std::string("(lower(name) = 'a'::text)"),
        std::string("(a = b)"),
        std::string("((a + 1) = 2)"),
        std::string("(name ~~ 'a%'::text)"),
        std::string("(name = E'a\\\\b'::text)"),
        std::string("(name = 'a{sub}'::text)"),
        std::string("(name = 'a\nb'::text)"),
        std::string("(a = NULL::integer)"),
        std::string("((auth.jwt() ->> 'a.b'::text) = a)"),
        std::string("((auth.jwt() ->> 'a}'::text) = a)"),
        std::string("((auth.jwt() -> 'a'::text) = a)"),
        std::string("((auth.jwt() ->> 'admin'::text) = 'true'::text)"),
        std::string("((amount)::text > '5'::text)"),
        std::string("(\"or\" = 1)"),
        std::string("(\"a b\" = 1)"),
        std::string("(notes.a = 1)"),
        std::string(""),
        std::string("("),
        std::string("(a = 1"),
        std::string("a = 1)"),
        std::string("a = 'x"),
        std::string("a AND"),
        std::string("a; DROP TABLE t"),
        std::string("(a = ANY (ARRAY[]))"),
        std::string("a IS"),
        std::string("5"),
        std::string("current_setting('search_path'::text)"),
        std::string("\xFF\x01"),
        deep,
        deep + "a",
        std::string(100000, 'a')}) {
    EXPECT_EQ(Rows(text), "?") << text.substr(0, 200);
  }
}

Policy MakePolicy(std::string name, std::string text, std::vector<std::string> roles,
                  bool permissive = true, std::string command = "SELECT") {
  Policy policy;
  policy.name = std::move(name);
  policy.using_text = std::move(text);
  policy.roles = std::move(roles);
  policy.permissive = permissive;
  policy.command = std::move(command);
  return policy;
}

std::vector<std::string> Draft(const std::vector<Policy>& policies) {
  return FormatDrafts({{"notes", DraftRows(policies)}});
}

TEST(PolicyDraft, PermissivePoliciesAddAndRestrictiveOnesTakeAway) {
  EXPECT_THAT(Draft({MakePolicy("own", "(auth.uid() = user_id)", {"authenticated"}),
                     MakePolicy("public", "is_public", {"public"}, true, "ALL"),
                     MakePolicy("live", "(deleted_at IS NULL)", {"public"}, false),
                     MakePolicy("writes", "true", {"public"}, true, "INSERT")}),
              ElementsAre("[roles.anon]",
                          R"(notes = { rows = "deleted_at=is.null&is_public=is.true" })",
                          "[roles.authenticated]",
                          R"x(notes = { rows = "deleted_at=is.null&)x"
                          R"x(or=(user_id.eq.{sub},is_public.is.true)" })x"));
}

TEST(PolicyDraft, WhatIsNotTranslatedShowsNothingMore) {
  EXPECT_THAT(
      Draft({MakePolicy("own", "(auth.uid() = user_id)", {"authenticated"}),
             MakePolicy("team", "is_member(team)", {"authenticated"})}),
      ElementsAre("[roles.authenticated]", "notes = { rows = \"user_id=eq.{sub}\" }",
                  HasSubstr("policy \"team\" could not be translated, so what it "
                            "shows is not shown: is_member(team)")));
  EXPECT_THAT(
      Draft({MakePolicy("all", "true", {"analyst"}),
             MakePolicy("hours", "at_work()", {"public"}, false)}),
      ElementsAre("# notes: closed to all", HasSubstr("so the table stays closed"),
                  HasSubstr("closed"), HasSubstr("closed")));
}

TEST(PolicyDraft, NoPolicyIsClosed) {
  EXPECT_THAT(DraftRows({}).roles, IsEmpty());
  EXPECT_THAT(Draft({}), ElementsAre("# notes: closed to all"));
  EXPECT_THAT(Draft({MakePolicy("s", "true", {"service_role"})}),
              ElementsAre("# notes: closed to all"));
}

TEST(PolicyDraft, NamesAreQuotedForToml) {
  const auto lines = FormatDrafts(
      {{"sales.orders",
        DraftRows({MakePolicy("p", "(a = ANY (ARRAY['x\"y'::text]))", {"my\nrole"})})}});
  EXPECT_THAT(lines, ElementsAre(R"x([roles."my\u000arole"])x",
                                 R"x("sales.orders" = { rows = "a=in.(\"x\\\"y\")" })x"));
}

}  // namespace
}  // namespace shoestring
