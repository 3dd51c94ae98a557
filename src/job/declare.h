#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "lake/declarations.h"
#include "lake/object_store.h"
#include "lake/table_declaration.h"

namespace shoestring {

/// What `ddl` is asked for.
struct DeclareOptions {
  DeclarationStyle style = DeclarationStyle::kIceberg;
  std::string database;
  std::vector<std::string> tables;  ///< Of the lake; empty: all.
  std::string root;                 ///< By which readers reach the lake; empty: its URI.
  std::string region;               ///< Of Glue; empty: as AWS' tools have it.
  bool replace = false;             ///< A table of the name that is not this lake's, too.
};

/// What became of a table in Glue, or would.
struct DeclarationOutcome {
  enum class Kind { kUnchanged, kCreated, kUpdated, kFailed };
  Kind kind = Kind::kUnchanged;
  std::string database;
  std::string name;
  std::vector<std::string> differences;  ///< Lines, as Differences() has them.
  std::string failure;                   ///< kFailed only: what and why.
  bool foreign = false;  ///< Glue has one that is not this lake's in its place.
};
/// "example.companies: updated", and the differences below it.
std::string Describe(const DeclarationOutcome& outcome);
/// What to throw for a foreign one.
Error NotOurs(const DeclarationOutcome& outcome);

/// The declarations that the lake's current version asks for; throws kNotFound for a
/// table that it does not have.
std::vector<TableDeclaration> PlanDeclarations(ObjectStore* store,
                                               const DeclareOptions& options);

/// What DeclareInGlue() would do.
std::vector<DeclarationOutcome> CompareWithGlue(ObjectStore* store,
                                                const DeclareOptions& options);

/// Creates or updates the tables in Glue, and records them so that later commits follow.
/// Throws kConflict for a table that is not this lake's, unless `replace`, and for one
/// that somebody else changed meanwhile.
std::vector<DeclarationOutcome> DeclareInGlue(ObjectStore* store,
                                              const DeclareOptions& options);

/// Records tables that were declared otherwise, by Athena's statements.
void RecordDeclared(ObjectStore* store, const DeclareOptions& options);

/// Tables of this database follow no longer; Glue is not asked.
void StopFollowing(ObjectStore* store, const DeclareOptions& options);

/// Moves every table that was ever declared to the lake's current version; those that are
/// there already are no outcome. Never throws: what Glue refuses, or a Glue that cannot
/// be reached, is a failed outcome, caught up by the next run.
std::vector<DeclarationOutcome> FollowDeclarations(ObjectStore* store) noexcept;

}  // namespace shoestring
