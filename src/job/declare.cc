#include "job/declare.h"

#include <algorithm>
#include <chrono>
#include <map>
#include <memory>
#include <set>

#include "base/declared_name.h"
#include "base/error.h"
#include "job/glue_catalog.h"
#include "lake/catalog.h"

namespace shoestring {

namespace {

using Kind = DeclarationOutcome::Kind;

/// Looks again when somebody else was first.
constexpr int kAttempts = 3;

int ThisYear() {
  const auto today =
      std::chrono::floor<std::chrono::days>(std::chrono::system_clock::now());
  return static_cast<int>(std::chrono::year_month_day(today).year());
}

/// The declaration of a table's version that is current now.
TableDeclaration CurrentDeclaration(ObjectStore* store, const DeclaredTable& table) {
  const Catalog catalog(store);
  const LakeState state = catalog.Load();
  const TableMetadata metadata = catalog.LoadTable(state, table.table);
  return Declare(metadata, state.tables.at(table.table).metadata,
                 {.style = table.style,
                  .database = table.database,
                  .lake = table.lake,
                  .this_year = ThisYear()});
}

std::string RootOf(ObjectStore* store, const DeclareOptions& options) {
  std::string root = options.root.empty() ? store->Uri() : options.root;
  while (root.ends_with('/')) root.pop_back();
  return root;
}

void CheckDistinctNames(const std::vector<DeclaredTable>& tables) {
  std::set<std::string> names;
  for (const DeclaredTable& table : tables) {
    if (names.insert(table.name).second) continue;
    throw Fail(
        ErrorKind::kUnsupported,
        "Two tables of the lake would have one name in Glue, declare them one at a "
        "time into different databases (--table, --database): {}",
        table.name);
  }
}

std::vector<DeclaredTable> Wanted(ObjectStore* store, const DeclareOptions& options,
                                  const std::string& region) {
  std::vector<DeclaredTable> wanted;
  const LakeState state = Catalog(store).Load();
  for (const auto& [name, entry] : state.tables) {
    if (!options.tables.empty() &&
        std::ranges::find(options.tables, name) == options.tables.end()) {
      continue;
    }
    wanted.push_back({.table = name,
                      .style = options.style,
                      .region = region,
                      .database = options.database,
                      .name = DeclaredName(name),
                      .lake = RootOf(store, options)});
  }
  for (const std::string& name : options.tables) {
    if (state.tables.contains(name)) continue;
    throw Fail(ErrorKind::kNotFound, "No such table in the lake: {}", name);
  }
  if (wanted.empty()) throw Fail(ErrorKind::kNotFound, "There are no tables in the lake");
  CheckDistinctNames(wanted);
  return wanted;
}

/// A table in Glue that is this lake's: it says so, and its metadata is one that a commit
/// of ours has written, not that of another writer.
bool IsOurs(const GlueTable& there, const TableDeclaration& wanted) {
  if (there.Property("shoestring.lake") != wanted.lake) return false;
  const std::string metadata = there.Property("metadata_location");
  if (metadata.empty() || wanted.style != DeclarationStyle::kIceberg) return true;
  const std::string folder = wanted.location + "/";
  return metadata.starts_with(folder) &&
         metadata.find('/', folder.size()) == std::string::npos;
}

/// What has to happen to the partitions that Glue has registered.
struct PartitionChanges {
  std::vector<PartitionValues> missing;
  std::vector<PartitionValues> extra;

  std::vector<std::string> Lines() const {
    std::vector<std::string> lines;
    for (const auto& values : extra)
      lines.push_back("- partition " + PartitionPath(values));
    for (const auto& values : missing) {
      lines.push_back("+ partition " + PartitionPath(values));
    }
    return lines;
  }
};

/// A partition keeps the columns and the place that its table had when it was registered.
bool ConcernsPartitions(const std::vector<std::string>& differences) {
  return std::ranges::any_of(differences, [](std::string_view line) {
    line.remove_prefix(2);
    return line.starts_with("column") || line.starts_with("location");
  });
}

PartitionChanges ComparePartitions(GlueCatalog* glue, const TableDeclaration& wanted,
                                   bool exists, bool anew) {
  PartitionChanges changes;
  if (wanted.style != DeclarationStyle::kPartitions) return changes;
  std::vector<PartitionValues> there;
  if (exists) there = glue->Partitions(wanted);
  if (anew) return {.missing = wanted.partitions, .extra = std::move(there)};
  std::ranges::sort(there);
  std::ranges::set_difference(wanted.partitions, there,
                              std::back_inserter(changes.missing));
  std::ranges::set_difference(there, wanted.partitions,
                              std::back_inserter(changes.extra));
  return changes;
}

/// One table, and what Glue has in its place.
class OneTable {
 public:
  /// Looks at Glue first: of two that follow two commits, the one whose look is older
  /// then finds another version there when it updates.
  OneTable(GlueCatalog* glue, ObjectStore* store, const DeclaredTable& table)
      : glue_(glue),
        there_(glue->Find(table.database, table.name)),
        wanted_(CurrentDeclaration(store, table)),
        differences_(there_ ? Differences(*there_, wanted_) : std::vector<std::string>()),
        partitions_(ComparePartitions(glue, wanted_, there_.has_value(),
                                      ConcernsPartitions(differences_))) {}

  DeclarationOutcome Outcome() const {
    DeclarationOutcome outcome{.database = wanted_.database, .name = wanted_.name};
    if (!there_) {
      outcome.kind = Kind::kCreated;
      return outcome;
    }
    outcome.foreign = !IsOurs(*there_, wanted_);
    outcome.differences = differences_;
    std::ranges::move(partitions_.Lines(), std::back_inserter(outcome.differences));
    if (!outcome.differences.empty()) outcome.kind = Kind::kUpdated;
    return outcome;
  }

  void Apply() const {
    if (!there_) {
      glue_->Create(wanted_);
    } else if (!differences_.empty()) {
      glue_->Update(wanted_, *there_);
    }
    glue_->RemovePartitions(wanted_, partitions_.extra);
    glue_->AddPartitions(wanted_, partitions_.missing);
  }

 private:
  GlueCatalog* glue_;
  const std::optional<GlueTable> there_;
  const TableDeclaration wanted_;
  const std::vector<std::string> differences_;
  const PartitionChanges partitions_;
};

DeclarationOutcome ApplyOne(GlueCatalog* glue, ObjectStore* store,
                            const DeclaredTable& table, bool replace) {
  for (int attempt = 1;; ++attempt) {
    const OneTable one(glue, store, table);
    DeclarationOutcome outcome = one.Outcome();
    if (outcome.foreign && !replace) throw NotOurs(outcome);
    try {
      if (outcome.kind != Kind::kUnchanged) one.Apply();
      return outcome;
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kConflict || attempt == kAttempts) throw;
    }
  }
}

constexpr const char* kDropped =
    "it is not in Glue any more. Way out: shoestring ddl --apply declares it again, "
    "shoestring ddl --forget ends it";

DeclarationOutcome FailedOutcome(const DeclaredTable& table, const std::string& why) {
  return {.kind = Kind::kFailed,
          .database = table.database,
          .name = table.name,
          .failure = why};
}

/// One run of FollowDeclarations().
class Follower {
 public:
  explicit Follower(ObjectStore* store) : store_(store) {}

  DeclarationOutcome Follow(const DeclaredTable& table) {
    // A catalog that gave no answer is not waited for once a table.
    const auto known = silent_.find(table.region);
    if (known != silent_.end()) return FailedOutcome(table, known->second);
    try {
      GlueCatalog* glue = Glue(table.region);
      // Who dropped it may have meant it.
      if (!glue->Find(table.database, table.name)) return FailedOutcome(table, kDropped);
      return ApplyOne(glue, store_, table, /*replace=*/false);
    } catch (const Error& error) {
      const bool silent =
          error.kind() == ErrorKind::kUnavailable || error.kind() == ErrorKind::kTimeout;
      if (silent) silent_[table.region] = error.what();
      return FailedOutcome(table, error.what());
    }
  }

 private:
  GlueCatalog* Glue(const std::string& region) {
    auto& glue = catalogs_[region];
    if (!glue) glue = std::make_unique<GlueCatalog>(region);
    return glue.get();
  }

  ObjectStore* store_;
  std::map<std::string, std::unique_ptr<GlueCatalog>> catalogs_;
  std::map<std::string, std::string> silent_;
};

}  // namespace

std::string Describe(const DeclarationOutcome& outcome) {
  const std::string name = fmt::format("{}.{}", outcome.database, outcome.name);
  std::string text;
  switch (outcome.kind) {
    case Kind::kUnchanged: return name + ": as it should be";
    case Kind::kCreated: return name + ": created";
    case Kind::kUpdated: text = name + ": updated"; break;
    case Kind::kFailed: return fmt::format("{}: {}", name, outcome.failure);
  }
  for (const std::string& line : outcome.differences) text += "\n  " + line;
  return text;
}

Error NotOurs(const DeclarationOutcome& outcome) {
  return Fail(
      ErrorKind::kConflict,
      "Glue has a table of this name that is not this lake's, or that somebody else "
      "has written to; it was left as it is. Way out: another --database, or "
      "shoestring ddl --apply --replace: {}.{}",
      outcome.database, outcome.name);
}

std::vector<TableDeclaration> PlanDeclarations(ObjectStore* store,
                                               const DeclareOptions& options) {
  std::vector<TableDeclaration> declarations;
  for (const DeclaredTable& table : Wanted(store, options, "")) {
    declarations.push_back(CurrentDeclaration(store, table));
  }
  return declarations;
}

std::vector<DeclarationOutcome> CompareWithGlue(ObjectStore* store,
                                                const DeclareOptions& options) {
  GlueCatalog glue(options.region);
  std::vector<DeclarationOutcome> outcomes;
  for (const DeclaredTable& table : Wanted(store, options, glue.region())) {
    outcomes.push_back(OneTable(&glue, store, table).Outcome());
  }
  return outcomes;
}

std::vector<DeclarationOutcome> DeclareInGlue(ObjectStore* store,
                                              const DeclareOptions& options) {
  GlueCatalog glue(options.region);
  glue.CreateDatabase(options.database);
  std::vector<DeclarationOutcome> outcomes;
  for (const DeclaredTable& table : Wanted(store, options, glue.region())) {
    outcomes.push_back(ApplyOne(&glue, store, table, options.replace));
    RecordDeclarations(store, {table});
  }
  return outcomes;
}

void RecordDeclared(ObjectStore* store, const DeclareOptions& options) {
  const GlueCatalog glue(options.region);
  RecordDeclarations(store, Wanted(store, options, glue.region()));
}

void StopFollowing(ObjectStore* store, const DeclareOptions& options) {
  ForgetDeclarations(store, [&](const DeclaredTable& table) {
    return table.database == options.database &&
           (options.tables.empty() ||
            std::ranges::find(options.tables, table.table) != options.tables.end());
  });
}

std::vector<DeclarationOutcome> FollowDeclarations(ObjectStore* store) noexcept {
  std::vector<DeclarationOutcome> outcomes;
  try {
    Follower follower(store);
    for (const DeclaredTable& table : LoadDeclarations(store)) {
      DeclarationOutcome outcome = follower.Follow(table);
      if (outcome.kind != Kind::kUnchanged) outcomes.push_back(std::move(outcome));
    }
  } catch (const std::exception& error) {
    outcomes.push_back({.kind = Kind::kFailed, .failure = error.what()});
  }
  return outcomes;
}

}  // namespace shoestring
