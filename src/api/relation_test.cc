#include "api/relation.h"

#include <gtest/gtest.h>

#include "api/api_error.h"

namespace shoestring {
namespace {

ApiTable Table(const char* name, std::vector<std::string> primary,
               std::vector<ApiForeignKey> keys) {
  ApiTable table;
  table.lake_name = table.name = name;
  table.schema = "public";
  table.primary_key = std::move(primary);
  table.foreign_keys = std::move(keys);
  return table;
}

class RelationTest : public testing::Test {
 protected:
  RelationTest() {
    Add(Table("person", {"id"}, {{"boss", {"boss_id"}, "person", {"id"}}}));
    Add(Table("card", {"person_id"}, {{"card_person", {"person_id"}, "person", {"id"}}}));
    Add(Table("club", {"id"}, {{"head", {"head_id"}, "person", {"id"}}}));
    Add(Table("member", {"person_id", "club_id"},
              {{"member_person", {"person_id"}, "person", {"id"}},
               {"member_club", {"club_id"}, "club", {"id"}}}));
  }

  void Add(ApiTable table) { schema_.tables.emplace(table.name, std::move(table)); }

  Relation::Kind Find(const char* from, const char* target, const char* hint = nullptr) {
    const RelationIndex index(schema_);
    const std::string text = hint ? hint : "";
    return index.Find(schema_.tables.at(from), target, hint ? &text : nullptr).kind;
  }

  std::string Code(const char* from, const char* target, const char* hint = nullptr) {
    try {
      Find(from, target, hint);
    } catch (const ApiError& error) {
      return error.code();
    }
    return "found";
  }

  LakeSchema schema_;
};

TEST_F(RelationTest, GoAlongForeignKeysBothWays) {
  EXPECT_EQ(Find("member", "club"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Find("club", "member"), Relation::Kind::kOneToMany);
  EXPECT_EQ(Find("card", "person"), Relation::Kind::kOneToOne);
  EXPECT_EQ(Find("person", "card"), Relation::Kind::kOneToOne);
  EXPECT_EQ(Find("club", "head_id"), Relation::Kind::kManyToOne);
}

TEST_F(RelationTest, OneWayOfSeveralNeedsAHint) {
  EXPECT_EQ(Code("club", "person"), "PGRST201");
  EXPECT_EQ(Find("club", "person", "head"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Find("club", "person", "member"), Relation::Kind::kManyToMany);
  EXPECT_EQ(Code("club", "person", "nothing"), "PGRST200");
  EXPECT_EQ(Code("card", "club"), "PGRST200");
}

TEST_F(RelationTest, ATableToItself) {
  EXPECT_EQ(Find("person", "boss_id"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Find("person", "person"), Relation::Kind::kOneToMany);
  EXPECT_EQ(Find("person", "person", "boss_id"), Relation::Kind::kOneToMany);
}

TEST_F(RelationTest, AViewStandsForItsTableWhereItsNameIsGiven) {
  ApiTable view = Table("people", {"number"}, {{"boss", {"above"}, "person", {"id"}}});
  view.view = true;
  view.origins = {{"person", {{"id", {"number"}}, {"boss_id", {"above"}}}}};
  Add(std::move(view));
  EXPECT_EQ(Find("club", "people", "head"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Find("people", "card"), Relation::Kind::kOneToOne);
  EXPECT_EQ(Find("people", "club", "member"), Relation::Kind::kManyToMany);
  EXPECT_EQ(Find("people", "people"), Relation::Kind::kOneToMany);
  EXPECT_EQ(Find("club", "head_id"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Find("member", "member_person"), Relation::Kind::kManyToOne);
}

TEST_F(RelationTest, AColumnThatAViewShowsTwiceIsAWayEach) {
  ApiTable view =
      Table("pairs", {},
            {{"boss", {"his"}, "person", {"id"}}, {"boss", {"hers"}, "person", {"id"}}});
  view.view = true;
  view.origins = {{"person", {{"id", {"he", "she"}}, {"boss_id", {"his", "hers"}}}}};
  Add(std::move(view));
  EXPECT_EQ(Code("pairs", "person"), "PGRST201");
  EXPECT_EQ(Find("pairs", "person", "hers"), Relation::Kind::kManyToOne);
  EXPECT_EQ(Code("club", "pairs", "head"), "PGRST201");
  EXPECT_EQ(Find("club", "pairs", "she"), Relation::Kind::kManyToOne);
}

TEST_F(RelationTest, AViewWithoutTheKeysColumnsIsNone) {
  ApiTable view = Table("names", {}, {});
  view.view = true;
  view.origins = {{"person", {{"name", {"name"}}}}};
  Add(std::move(view));
  EXPECT_EQ(Code("club", "names"), "PGRST200");
  EXPECT_EQ(Code("names", "person"), "PGRST200");
}

}  // namespace
}  // namespace shoestring
