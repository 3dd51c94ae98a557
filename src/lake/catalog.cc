#include "lake/catalog.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <random>
#include <thread>
#include <tuple>
#include <utility>

#include "base/error.h"
#include "base/json.h"
#include "lake/iceberg_manifest.h"
#include "lake/iceberg_metadata.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr std::string_view kStateKey = "catalog/lake.json";
constexpr int64_t kStateVersion = 1;
constexpr int kCommitAttempts = 20;
constexpr int kLongestPauseMs = 1000;

struct LoadedState {
  LakeState state;
  std::optional<std::string> etag;  ///< Nothing when there is no lake.json yet.
};

LoadedState LoadState(ObjectStore* store) {
  try {
    Object object = store->Get(kStateKey);
    return {ParseLakeState(object.content), std::move(object.etag)};
  } catch (const Error& error) {
    // Asking first would be a second request for each cold start.
    if (error.kind() == ErrorKind::kNotFound) return {};
    throw;
  }
}

TableEntry ParseEntry(const JsonView& json) {
  TableEntry entry{.metadata = std::string(json["metadata"].Text()),
                   .run = std::string(json["run"].Text()),
                   .source_lsn = std::string(json["source_lsn"].Text()),
                   .source_time_ms = json["source_time_ms"].Integer(),
                   .rows = json["rows"].Integer(),
                   .bytes = json["bytes"].Integer()};
  if (!IsObjectKey(entry.metadata)) {
    throw Fail(ErrorKind::kCorrupt, "{}.metadata is not a key: {}", json.path(),
               entry.metadata);
  }
  return entry;
}

std::string FormatEntry(const TableEntry& entry) {
  return json::serialize(json::object{{"metadata", entry.metadata},
                                      {"run", entry.run},
                                      {"source_lsn", entry.source_lsn},
                                      {"source_time_ms", entry.source_time_ms},
                                      {"rows", entry.rows},
                                      {"bytes", entry.bytes}});
}

// --- reading a table

struct OpenTable {
  IcebergMetadata metadata;
  std::vector<ManifestFile> manifests;
};

OpenTable OpenMetadata(ObjectStore* store, const std::string& key) {
  OpenTable open{.metadata = ParseIcebergMetadata(store->Get(key).content, key)};
  const std::string& list = open.metadata.manifest_list;
  const Object object = store->Get(list);
  open.manifests = DecodeManifestList(AsBytes(object.content), open.metadata.root, list);
  return open;
}

/// Reads a manifest; what was cut off at the end of a block shows in the two counts only.
std::vector<DataFile> ReadManifest(ObjectStore* store, const OpenTable& open,
                                   const ManifestFile& manifest) {
  const Object object = store->Get(manifest.key);
  auto files = DecodeManifest(AsBytes(object.content), open.metadata.root, manifest.key);
  if (static_cast<int64_t>(object.content.size()) != manifest.bytes ||
      static_cast<int64_t>(files.size()) != manifest.files) {
    throw Fail(ErrorKind::kCorrupt,
               "{} holds {} files in {} bytes, its manifest list says {} in {}",
               manifest.key, files.size(), object.content.size(), manifest.files,
               manifest.bytes);
  }
  return files;
}

void CheckPartitions(const TableMetadata& table, const std::string& key) {
  const size_t columns = PartitionColumns(table.partitioning.granularity).size();
  for (const DataFile& file : table.files) {
    if (file.partition.size() != columns) {
      throw Fail(ErrorKind::kCorrupt,
                 "{}: file has another partitioning than its table: {}", key, file.key);
    }
  }
}

// --- committing

/// "catalog/<table>/<run>", which the names of all objects of a version begin with.
std::string VersionPrefix(const TableChange& change) {
  std::string prefix = fmt::format("catalog/{}/{}", change.table.name, change.run);
  if (!IsObjectKey(prefix) || change.run.empty() ||
      change.run.find('/') != std::string::npos) {
    throw Fail(ErrorKind::kInvalidArgument, "Not a name of a table and of a run: {}",
               prefix);
  }
  return prefix;
}

std::string MetadataKey(const TableChange& change) {
  return VersionPrefix(change) + ".metadata.json";
}

/// Neighbours in one manifest lets readers skip whole manifests by their summaries.
void SortFiles(std::vector<DataFile>* files) {
  std::ranges::sort(*files, [](const DataFile& a, const DataFile& b) {
    return std::tie(a.partition, a.key) < std::tie(b.partition, b.key);
  });
}

using Objects = std::vector<std::pair<std::string, std::string>>;

/// Everything that a new version consists of besides its data, in the order to write it.
Objects FormatVersion(const TableChange& change, const std::string& root) {
  TableMetadata table = change.table;
  SortFiles(&table.files);
  const std::string prefix = VersionPrefix(change);
  Objects objects;
  std::vector<ManifestFile> manifests;
  for (size_t i = 0; i < table.files.size(); i += kFilesPerManifest) {
    const auto files =
        std::span(table.files)
            .subspan(i, std::min(kFilesPerManifest, table.files.size() - i));
    std::string key = fmt::format("{}-m{}.avro", prefix, manifests.size());
    std::string content = EncodeManifest(table, files, root);
    manifests.push_back(
        DescribeManifest(key, static_cast<int64_t>(content.size()), files));
    objects.emplace_back(std::move(key), std::move(content));
  }
  const std::string list = prefix + "-snap.avro";
  objects.emplace_back(list, EncodeManifestList(table, manifests, root));
  objects.emplace_back(MetadataKey(change), FormatIcebergMetadata(table, root, list));
  return objects;
}

const TableEntry* FindEntry(const LakeState& state, const std::string& table) {
  const auto found = state.tables.find(table);
  return found == state.tables.end() ? nullptr : &found->second;
}

/// True when a commit of these changes is in the state: a run commits a table once.
bool AllCommitted(const LakeState& state, const std::vector<TableChange>& changes) {
  return std::ranges::all_of(changes, [&](const TableChange& change) {
    const TableEntry* entry = FindEntry(state, change.table.name);
    return entry && entry->metadata == MetadataKey(change);
  });
}

void CheckExpected(const LakeState& state, const std::vector<TableChange>& changes) {
  for (const TableChange& change : changes) {
    const TableEntry* entry = FindEntry(state, change.table.name);
    if (entry ? change.expected_metadata == entry->metadata : !change.expected_metadata) {
      continue;
    }
    throw Fail(ErrorKind::kConflict, "Table was {} meanwhile by {}, look again: {}",
               entry ? "changed" : "removed", entry ? "run " + entry->run : "another run",
               change.table.name);
  }
}

TableEntry MakeEntry(const TableChange& change) {
  TableEntry entry{.metadata = MetadataKey(change),
                   .run = change.run,
                   .source_lsn = change.source_lsn,
                   .source_time_ms = change.source_time_ms};
  for (const DataFile& file : change.table.files) {
    entry.rows += file.rows;
    entry.bytes += file.bytes;
  }
  return entry;
}

LakeState Apply(LakeState state, const std::vector<TableChange>& changes) {
  ++state.sequence;
  for (const TableChange& change : changes) {
    state.tables[change.table.name] = MakeEntry(change);
  }
  return state;
}

/// Pauses longer each time, by chance, so that many writers get out of each other's way.
void Pause(int attempt) {
  thread_local std::minstd_rand random{std::random_device()()};
  const int longest = std::min(kLongestPauseMs, 4 << std::min(attempt, 8));
  std::this_thread::sleep_for(
      std::chrono::milliseconds(std::uniform_int_distribution(0, longest)(random)));
}

void CheckDistinct(const std::vector<TableChange>& changes) {
  std::map<std::string, int> count;
  for (const TableChange& change : changes) {
    if (++count[change.table.name] > 1) {
      throw Fail(ErrorKind::kInvalidArgument, "Table is twice in one commit: {}",
                 change.table.name);
    }
  }
}

}  // namespace

LakeState ParseLakeState(std::string_view text) {
  const json::value value = ParseJson(text, kStateKey);
  const JsonView document(value, std::string(kStateKey));
  if (const int64_t version = document["version"].Integer(); version != kStateVersion) {
    throw Fail(ErrorKind::kCorrupt,
               "{} is of version {}, this program knows {}: use a newer one", kStateKey,
               version, kStateVersion);
  }
  LakeState state{.sequence = document["sequence"].Integer()};
  for (const auto& [name, entry] : document["tables"].Members()) {
    state.tables[std::string(name)] = ParseEntry(entry);
  }
  return state;
}

std::string FormatLakeState(const LakeState& state) {
  std::string text =
      fmt::format("{{\n  \"version\": {},\n  \"sequence\": {},\n  \"tables\": {{",
                  kStateVersion, state.sequence);
  std::string_view separator = "\n";
  for (const auto& [name, entry] : state.tables) {
    text += fmt::format("{}    {}: {}", separator, json::serialize(json::value(name)),
                        FormatEntry(entry));
    separator = ",\n";
  }
  return text + (state.tables.empty() ? "}\n}\n" : "\n  }\n}\n");
}

LakeState Catalog::Load() const { return LoadState(store_).state; }

TableMetadata Catalog::LoadTable(const LakeState& state, const std::string& name) const {
  const TableEntry* entry = FindEntry(state, name);
  if (!entry) throw Fail(ErrorKind::kNotFound, "No such table in the lake: {}", name);
  OpenTable open = OpenMetadata(store_, entry->metadata);
  TableMetadata table = std::move(open.metadata.table);
  for (const ManifestFile& manifest : open.manifests) {
    auto files = ReadManifest(store_, open, manifest);
    table.files.insert(table.files.end(), std::make_move_iterator(files.begin()),
                       std::make_move_iterator(files.end()));
  }
  CheckPartitions(table, entry->metadata);
  return table;
}

std::vector<std::string> Catalog::ReferencedKeys(const std::string& metadata_key) const {
  const OpenTable open = OpenMetadata(store_, metadata_key);
  std::vector<std::string> keys = {metadata_key, open.metadata.manifest_list};
  for (const ManifestFile& manifest : open.manifests) {
    keys.push_back(manifest.key);
    for (DataFile& file : ReadManifest(store_, open, manifest)) {
      keys.push_back(std::move(file.key));
    }
  }
  return keys;
}

LakeState Catalog::Commit(const std::vector<TableChange>& changes) {
  CheckDistinct(changes);
  Objects objects;
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    const LoadedState current = LoadState(store_);
    // Our own commit may be there: of a run that goes on after it was killed, or of an
    // attempt whose answer got lost.
    if (AllCommitted(current.state, changes)) return current.state;
    try {
      CheckExpected(current.state, changes);
    } catch (const Error&) {
      for (const auto& [key, content] : objects) store_->Delete(key);
      throw;
    }
    if (attempt == 0) {
      for (const TableChange& change : changes) {
        Objects version = FormatVersion(change, store_->Uri());
        for (auto& [key, content] : version) store_->Put(key, content);
        std::ranges::move(version, std::back_inserter(objects));
      }
    }
    LakeState next = Apply(current.state, changes);
    if (store_->PutIf(kStateKey, FormatLakeState(next), current.etag)) return next;
    Pause(attempt);
  }
  throw Fail(ErrorKind::kConflict, "Other runs kept changing the lake, try again: {}",
             kStateKey);
}

}  // namespace shoestring
