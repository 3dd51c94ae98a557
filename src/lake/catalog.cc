#include "lake/catalog.h"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include <algorithm>
#include <chrono>
#include <future>
#include <thread>
#include <tuple>
#include <utility>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"
#include "base/parallel.h"
#include "base/retry.h"
#include "lake/iceberg_manifest.h"
#include "lake/iceberg_metadata.h"
#include "lake/read_cache.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int64_t kStateVersion = 1;
constexpr int kCommitAttempts = 20;
constexpr int kLongestPauseMs = 1000;
// Whose objects are written side by side: a bucket takes its time for each.
constexpr size_t kTablesAtOnce = 16;
// A property of the metadata: the checksums of what it names, by key.
constexpr std::string_view kChecksums = "shoestring.checksums";

// What the names of a version's objects end with, after "catalog/<table>/<run>".
constexpr std::string_view kMetadataEnd = ".metadata.json";
constexpr std::string_view kListEnd = "-snap.avro";

std::string ManifestKey(std::string_view prefix, size_t number) {
  return fmt::format("{}-m{}.avro", prefix, number);
}

struct LoadedState {
  LakeState state;
  std::optional<std::string> etag;  ///< Nothing when there is no lake.json yet.
};

LoadedState LoadState(ObjectStore* store) {
  try {
    Object object = store->Get(kLakeStateKey);
    return {ParseLakeState(object.content), std::move(object.etag)};
  } catch (const Error& error) {
    // Asking first would be a second request for each cold start.
    if (error.kind() == ErrorKind::kNotFound) return {};
    throw;
  }
}

std::string ParseKey(const JsonView& json) {
  if (!IsObjectKey(json.Text())) {
    throw Fail(ErrorKind::kCorrupt, "{} is not a key: {}", json.path(), json.Text());
  }
  return std::string(json.Text());
}

TableEntry ParseEntry(const JsonView& json) {
  return {.metadata = ParseKey(json["metadata"]),
          .metadata_checksum = std::string(json["metadata_xxh3"].Text()),
          .seal = ParseKey(json["seal"]),
          .seal_checksum = std::string(json["seal_xxh3"].Text()),
          .run = std::string(json["run"].Text()),
          .source_lsn = std::string(json["source_lsn"].Text()),
          .source_time_ms = json["source_time_ms"].Integer(),
          .rows = json["rows"].Integer(),
          .bytes = json["bytes"].Integer()};
}

std::string FormatEntry(const TableEntry& entry) {
  return json::serialize(json::object{{"metadata", entry.metadata},
                                      {"metadata_xxh3", entry.metadata_checksum},
                                      {"seal", entry.seal},
                                      {"seal_xxh3", entry.seal_checksum},
                                      {"run", entry.run},
                                      {"source_lsn", entry.source_lsn},
                                      {"source_time_ms", entry.source_time_ms},
                                      {"rows", entry.rows},
                                      {"bytes", entry.bytes}});
}

void CheckChecksum(std::string_view text) {
  if (HasChecksumEnding(text)) return;
  throw Fail(
      ErrorKind::kCorrupt,
      "{} is not as it was written: its checksum is another. Way out: restore it "
      "from a backup; or, as long as the source is there, remove it and migrate all "
      "tables again",
      kLakeStateKey);
}

// --- reading a table

/// Reads immutable objects; of a remote store those that will be needed side by side.
/// One thread.
class ObjectReader {
 public:
  explicit ObjectReader(ObjectStore* store) : store_(store) {}

  /// This one will be asked for soon, most likely.
  void Expect(const std::string& key) {
    if (!IsRemote(*store_)) return;
    coming_[key] =
        std::async(std::launch::async, [this, key] { return store_->Get(key).content; });
  }

  std::string Get(const std::string& key) {
    auto coming = coming_.extract(key);
    return coming ? coming.mapped().get() : store_->Get(key).content;
  }

 private:
  ObjectStore* store_;
  std::map<std::string, std::future<std::string>> coming_;
};

/// An object that must be as it was written.
std::string GetChecked(ObjectReader* reader, const std::string& key,
                       const std::string& checksum) {
  std::string content = reader->Get(key);
  if (ChecksumOf(content) == checksum) return content;
  throw Fail(ErrorKind::kCorrupt,
             "{} is not as it was written: its checksum is another. Way out: shoestring "
             "verify names all that is damaged; restore it from a backup, or migrate the "
             "table again",
             key);
}

using Checksums = std::map<std::string, std::string>;

/// Takes the property out of the table's.
Checksums TakeChecksums(TableMetadata* table, const std::string& what) {
  const auto property = table->properties.extract(std::string(kChecksums));
  const json::value value = ParseJson(property ? property.mapped() : "{}", what);
  Checksums checksums;
  for (const auto& [key, checksum] : JsonView(value, what).Members()) {
    checksums[std::string(key)] = checksum.Text();
  }
  return checksums;
}

struct OpenTable {
  IcebergMetadata metadata;
  Checksums checksums;  ///< Of manifest list and manifests, by key.
  std::vector<ManifestFile> manifests;
};

/// Manifest list and first manifest, which the metadata names, are called like it.
void ExpectVersion(const TableEntry& entry, ObjectReader* reader) {
  const std::string_view metadata = entry.metadata;
  if (!metadata.ends_with(kMetadataEnd)) return;
  const auto prefix = metadata.substr(0, metadata.size() - kMetadataEnd.size());
  reader->Expect(fmt::format("{}{}", prefix, kListEnd));
  if (entry.bytes > 0) reader->Expect(ManifestKey(prefix, 0));
}

OpenTable OpenMetadata(ObjectReader* reader, const TableEntry& entry) {
  ExpectVersion(entry, reader);
  OpenTable open{
      .metadata = ParseIcebergMetadata(
          GetChecked(reader, entry.metadata, entry.metadata_checksum), entry.metadata)};
  open.checksums = TakeChecksums(&open.metadata.table, entry.metadata);
  const std::string& list = open.metadata.manifest_list;
  const std::string content = GetChecked(reader, list, open.checksums[list]);
  open.manifests = DecodeManifestList(AsBytes(content), open.metadata.root, list);
  for (size_t i = 1; i < open.manifests.size(); ++i) {
    reader->Expect(open.manifests[i].key);
  }
  return open;
}

std::vector<DataFile> ReadManifest(ObjectReader* reader, OpenTable* open,
                                   const ManifestFile& manifest) {
  const std::string content =
      GetChecked(reader, manifest.key, open->checksums[manifest.key]);
  auto files = DecodeManifest(AsBytes(content), open->metadata.root, manifest.key);
  if (static_cast<int64_t>(content.size()) != manifest.bytes ||
      static_cast<int64_t>(files.size()) != manifest.files) {
    throw Fail(ErrorKind::kCorrupt,
               "{} holds {} files in {} bytes, its manifest list says {} in {}",
               manifest.key, files.size(), content.size(), manifest.files,
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
  return VersionPrefix(change) + std::string(kMetadataEnd);
}

/// Neighbours in one manifest lets readers skip whole manifests by their summaries.
void SortFiles(std::vector<DataFile>* files) {
  std::ranges::sort(*files, [](const DataFile& a, const DataFile& b) {
    return std::tie(a.partition, a.key) < std::tie(b.partition, b.key);
  });
}

using Objects = std::vector<std::pair<std::string, std::string>>;

/// A version of a table on its way: how lake.json will name it, and the objects that it
/// consists of besides its data, in the order to write them.
struct NewVersion {
  TableEntry entry;
  Objects objects;
};

SealedObject SealObject(const std::pair<std::string, std::string>& object) {
  const auto& [key, content] = object;
  return {key, static_cast<int64_t>(content.size()), ChecksumOf(content)};
}

std::vector<ManifestFile> AppendManifests(const TableMetadata& table,
                                          const std::string& prefix,
                                          const std::string& root, Objects* objects) {
  std::vector<ManifestFile> manifests;
  for (size_t i = 0; i < table.files.size(); i += kFilesPerManifest) {
    const auto files =
        std::span(table.files)
            .subspan(i, std::min(kFilesPerManifest, table.files.size() - i));
    std::string key = ManifestKey(prefix, manifests.size());
    std::string content = EncodeManifest(table, files, root);
    manifests.push_back(
        DescribeManifest(key, static_cast<int64_t>(content.size()), files));
    objects->emplace_back(std::move(key), std::move(content));
  }
  return manifests;
}

TableEntry MakeEntry(const TableChange& change) {
  TableEntry entry{.metadata = MetadataKey(change),
                   .seal = VersionPrefix(change) + "-seal.json",
                   .run = change.run,
                   .source_lsn = change.source_lsn,
                   .source_time_ms = change.source_time_ms};
  for (const DataFile& file : change.table.files) {
    entry.rows += file.rows;
    entry.bytes += file.bytes;
  }
  return entry;
}

NewVersion FormatVersion(const TableChange& change, const std::string& root) {
  TableMetadata table = change.table;
  SortFiles(&table.files);
  NewVersion version{.entry = MakeEntry(change)};
  Objects& objects = version.objects;
  const std::string prefix = VersionPrefix(change);
  const auto manifests = AppendManifests(table, prefix, root, &objects);
  const std::string list = prefix + std::string(kListEnd);
  objects.emplace_back(list, EncodeManifestList(table, manifests, root));

  Seal seal = change.seal;
  seal.table = table.name;
  seal.run = change.run;
  json::object checksums;
  for (const auto& object : objects) {
    seal.metadata.push_back(SealObject(object));
    checksums[object.first] = seal.metadata.back().checksum;
  }
  table.properties[std::string(kChecksums)] = json::serialize(checksums);
  objects.emplace_back(version.entry.metadata, FormatIcebergMetadata(table, root, list));
  seal.metadata.push_back(SealObject(objects.back()));
  version.entry.metadata_checksum = seal.metadata.back().checksum;
  objects.emplace_back(version.entry.seal, FormatSeal(seal));
  version.entry.seal_checksum = ChecksumOf(objects.back().second);
  return version;
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

LakeState Apply(LakeState state, const std::vector<TableChange>& changes,
                const std::vector<NewVersion>& versions) {
  ++state.sequence;
  for (size_t i = 0; i < changes.size(); ++i) {
    state.tables[changes[i].table.name] = versions[i].entry;
  }
  return state;
}

void DeleteObjects(ObjectStore* store, const std::vector<NewVersion>& versions) {
  std::vector<std::string> keys;
  for (const auto& version : versions) {
    for (const auto& object : version.objects) keys.push_back(object.first);
  }
  store->DeleteAll(keys);
}

/// Pauses longer each time, by chance, so that many writers get out of each other's way.
void Pause(int attempt) {
  const int longest = std::min(kLongestPauseMs, 4 << std::min(attempt, 8));
  std::this_thread::sleep_for(RandomUpTo(std::chrono::milliseconds(longest)));
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
  const json::value value = ParseJson(text, kLakeStateKey);
  const JsonView document(value, std::string(kLakeStateKey));
  if (const int64_t version = document["version"].Integer(); version != kStateVersion) {
    throw Fail(ErrorKind::kCorrupt,
               "{} is of version {}, this program knows {}: use a newer one",
               kLakeStateKey, version, kStateVersion);
  }
  CheckChecksum(text);
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
  text += state.tables.empty() ? "},\n" : "\n  },\n";
  return text + ChecksumEnding(text);
}

LakeState Catalog::Load() const { return LoadState(store_).state; }

TableMetadata Catalog::LoadTable(const LakeState& state, const std::string& name) const {
  const TableEntry* entry = FindEntry(state, name);
  if (!entry) throw Fail(ErrorKind::kNotFound, "No such table in the lake: {}", name);
  ObjectReader reader(store_);
  OpenTable open = OpenMetadata(&reader, *entry);
  TableMetadata table = std::move(open.metadata.table);
  for (const ManifestFile& manifest : open.manifests) {
    auto files = ReadManifest(&reader, &open, manifest);
    table.files.insert(table.files.end(), std::make_move_iterator(files.begin()),
                       std::make_move_iterator(files.end()));
  }
  CheckPartitions(table, entry->metadata);
  return table;
}

Seal Catalog::LoadSeal(const TableEntry& entry) const {
  ObjectReader reader(store_);
  return ParseSeal(GetChecked(&reader, entry.seal, entry.seal_checksum), entry.seal);
}

std::vector<std::string> Catalog::ReferencedKeys(const TableEntry& entry) const {
  ObjectReader reader(store_);
  OpenTable open = OpenMetadata(&reader, entry);
  std::vector<std::string> keys = {entry.metadata, open.metadata.manifest_list,
                                   entry.seal};
  for (const ManifestFile& manifest : open.manifests) {
    keys.push_back(manifest.key);
    for (DataFile& file : ReadManifest(&reader, &open, manifest)) {
      keys.push_back(std::move(file.key));
    }
  }
  return keys;
}

void Catalog::Fence() {
  LoadedState current = LoadState(store_);
  ++current.state.sequence;
  // When somebody else was first, their change does the same.
  store_->PutIf(kLakeStateKey, FormatLakeState(current.state), current.etag);
}

LakeState Catalog::Commit(const std::vector<TableChange>& changes,
                          const std::function<void()>& check) {
  CheckDistinct(changes);
  std::vector<NewVersion> versions;
  for (int attempt = 0; attempt < kCommitAttempts; ++attempt) {
    const LoadedState current = LoadState(store_);
    // Our own commit may be there: of a run that goes on after it was killed, or of an
    // attempt whose answer got lost.
    if (AllCommitted(current.state, changes)) return current.state;
    try {
      check();
      CheckExpected(current.state, changes);
    } catch (const Error&) {
      DeleteObjects(store_, versions);
      throw;
    }
    if (attempt == 0) {
      versions.resize(changes.size());
      InParallel(kTablesAtOnce, changes.size(), [&](size_t i) {
        versions[i] = FormatVersion(changes[i], store_->Uri());
        for (const auto& [key, content] : versions[i].objects) store_->Put(key, content);
      });
    }
    LakeState next = Apply(current.state, changes, versions);
    if (store_->PutIf(kLakeStateKey, FormatLakeState(next), current.etag)) return next;
    Pause(attempt);
  }
  throw Fail(ErrorKind::kConflict, "Other runs kept changing the lake, try again: {}",
             kLakeStateKey);
}

}  // namespace shoestring
