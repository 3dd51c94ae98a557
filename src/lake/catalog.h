#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lake/object_store.h"
#include "lake/seal.h"
#include "lake/table_metadata.h"

namespace shoestring {

/// A table as lake.json names it.
struct TableEntry {
  std::string metadata;           ///< Key of the current metadata.json.
  std::string metadata_checksum;  ///< Of its bytes, as ChecksumOf() writes it.
  std::string seal;               ///< Key of the proof of this version.
  std::string seal_checksum;
  std::string run;  ///< The run that committed it.
  std::string source_lsn;
  int64_t source_time_ms = 0;  ///< Time of the source's snapshot.
  int64_t rows = 0;
  int64_t bytes = 0;
  bool operator==(const TableEntry&) const = default;
};

/// catalog/lake.json: the one object that changes. docs/formats.md describes it.
struct LakeState {
  int64_t sequence = 0;  ///< Grows by one with each commit.
  std::map<std::string, TableEntry> tables;
  bool operator==(const LakeState&) const = default;
};

/// Key of the one object that changes.
inline constexpr std::string_view kLakeStateKey = "catalog/lake.json";

/// Pure; throws kCorrupt on bytes that are no lake.json of a version we know, or that are
/// not as they were written.
LakeState ParseLakeState(std::string_view json);
std::string FormatLakeState(const LakeState& state);

/// A table version of one run on its way into the catalog.
struct TableChange {
  TableMetadata table;
  Seal seal;  ///< Columns, partitions and files; the commit adds the rest, and writes it.
  std::string run;
  std::string source_lsn;
  int64_t source_time_ms = 0;
  /// What the run saw when it began; nothing when the table did not exist. A commit that
  /// finds another one throws kConflict.
  std::optional<std::string> expected_metadata;
};

/// Reads and commits the lake's tables. Thread-safe as far as its store is.
class Catalog {
 public:
  explicit Catalog(ObjectStore* store) : store_(store) {}

  /// The current state; an empty one when nothing was ever committed.
  LakeState Load() const;
  /// Throws kNotFound for a table that is not in the state, kCorrupt for damaged
  /// metadata: every object that is read is checked against its checksum.
  TableMetadata LoadTable(const LakeState& state, const std::string& name) const;
  /// The proof of a table's version; checked like its metadata.
  Seal LoadSeal(const TableEntry& entry) const;
  /// All keys that this version of a table needs: metadata, manifest list, manifests,
  /// seal, data.
  std::vector<std::string> ReferencedKeys(const TableEntry& entry) const;

  /// Writes the metadata of all changes, then makes them visible in one step with a
  /// conditional put of lake.json. When another writer was first, looks again and
  /// retries, unless it changed one of the same tables. `check` is called between each
  /// look and the put that depends on it, and may throw.
  LakeState Commit(
      const std::vector<TableChange>& changes,
      const std::function<void()>& check = [] {});

  /// Makes every commit that has already looked at the state look again, by raising its
  /// sequence: what its `check` then finds, it heeds.
  void Fence();

 private:
  ObjectStore* store_;
};

}  // namespace shoestring
