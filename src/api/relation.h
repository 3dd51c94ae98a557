#pragma once

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "api/lake_schema.h"

namespace shoestring {

/// A way from one table to another along foreign keys.
struct Relation {
  /// In the order in which PostgREST lists them.
  enum class Kind { kOneToMany, kManyToOne, kOneToOne, kManyToMany };
  Kind kind = Kind::kManyToOne;
  const ApiTable* from = nullptr;
  const ApiTable* to = nullptr;
  std::string constraint;
  /// Columns of `from` with those of `to`; not for kManyToMany.
  std::vector<std::pair<std::string, std::string>> columns;

  const ApiTable* junction = nullptr;  ///< kManyToMany, as all that follows.
  std::string to_constraint;           ///< `constraint` is the one to `from`.
  std::vector<std::pair<std::string, std::string>> from_columns;  ///< From's, junction's.
  std::vector<std::pair<std::string, std::string>> to_columns;    ///< To's, junction's.

  bool to_one() const { return kind == Kind::kManyToOne || kind == Kind::kOneToOne; }
};

/// All relations of a lake's tables; the schema must outlive it.
class RelationIndex {
 public:
  explicit RelationIndex(const LakeSchema& schema);

  /// What select=target!hint(…) on `origin` means, among tables of the origin's schema.
  /// Throws ApiError PGRST200 when there is no such relation, PGRST201 when there are
  /// several.
  const Relation& Find(const ApiTable& origin, const std::string& target,
                       const std::string* hint) const;

 private:
  const LakeSchema& schema_;
  std::map<const ApiTable*, std::vector<Relation>> relations_;
};

}  // namespace shoestring
