#include "job/run_journal.h"

#include <arrow/util/base64.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/error.h"
#include "base/json.h"
#include "job/run_info.h"
#include "lake/iceberg_manifest.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int64_t kJournalVersion = 2;
// Paths in a manifest are absolute, but here nobody else reads them, and the lake may
// move.
constexpr std::string_view kRoot = "lake:";

json::array FormatObjects(const std::vector<StagedObject>& objects) {
  json::array array;
  for (const auto& [key, size, token] : objects) {
    array.push_back({{"key", key}, {"bytes", size}, {"token", token}});
  }
  return array;
}

std::string FormatFiles(const std::vector<DataFile>& files, const TablePlan& plan) {
  TableMetadata table;
  table.name = plan.name;
  table.columns = plan.columns;
  table.partitioning = plan.partitioning;
  return arrow::util::base64_encode(EncodeManifest(table, files, kRoot));
}

int64_t ParseCount(const JsonView& json) {
  if (json.Integer() < 0) throw Fail(ErrorKind::kCorrupt, "{} is negative", json.path());
  return json.Integer();
}

std::vector<StagedObject> ParseObjects(const JsonView& json) {
  std::vector<StagedObject> objects;
  for (const auto& object : json.Items()) {
    objects.push_back({.key = std::string(object["key"].Text()),
                       .size = ParseCount(object["bytes"]),
                       .token = std::string(object["token"].Text())});
  }
  return objects;
}

json::object FormatTable(const FinishedTable& finished, const TablePlan& plan) {
  const CopiedTable& copied = finished.copied;
  return {{"run", finished.run},
          {"table", finished.table},
          {"plan", finished.plan},
          {"source_lsn", finished.source_lsn},
          {"source_time_ms", finished.source_time_ms},
          {"source_xmin", finished.source_xmin},
          {"rows", copied.rows},
          {"partitions", copied.partitions},
          {"replaced", json::array(copied.replaced.begin(), copied.replaced.end())},
          {"objects", FormatObjects(copied.objects)},
          {"seal", FormatSeal(copied.seal)},
          {"files", FormatFiles(copied.files, plan)}};
}

CopiedTable ParseCopied(const JsonView& document, std::string_view what) {
  CopiedTable copied;
  copied.rows = ParseCount(document["rows"]);
  copied.partitions = ParseCount(document["partitions"]);
  for (const auto& count : document["replaced"].Items()) {
    copied.replaced.push_back(ParseCount(count));
  }
  copied.objects = ParseObjects(document["objects"]);
  copied.seal = ParseSeal(document["seal"].Text(), document["seal"].path());
  const auto manifest = arrow::util::base64_decode(document["files"].Text());
  if (!manifest.ok()) throw Fail(ErrorKind::kCorrupt, "{}: files is no base64", what);
  copied.files = DecodeManifest(AsBytes(*manifest), kRoot, what);
  return copied;
}

FinishedTable ParseTable(const JsonView& table, std::string_view what) {
  return {.run = std::string(table["run"].Text()),
          .table = std::string(table["table"].Text()),
          .plan = std::string(table["plan"].Text()),
          .source_lsn = std::string(table["source_lsn"].Text()),
          .source_time_ms = table["source_time_ms"].Integer(),
          .source_xmin = table["source_xmin"].Integer(),
          .copied = ParseCopied(table, what)};
}

template <typename Items>
std::set<std::string> KeysOf(const Items& items) {
  std::set<std::string> keys;
  for (const auto& item : items) keys.insert(item.key);
  return keys;
}

// Files, staged objects and sealed files are the same, all of this run and this table.
void CheckWhole(const FinishedTable& finished, std::string_view what) {
  const auto& [files, objects, rows, partitions, replaced, seal] = finished.copied;
  const std::set<std::string> keys = KeysOf(files);
  const std::string folder = fmt::format("data/{}/", finished.table);
  const bool own = std::ranges::all_of(keys, [&](const std::string& key) {
    return IsObjectKey(key) && key.starts_with(folder) && RunOfKey(key) == finished.run;
  });
  int64_t found = 0;
  for (const auto& file : files) found += file.rows;
  const bool whole = own && !keys.empty() && keys.size() == files.size() &&
                     keys == KeysOf(objects) && keys == KeysOf(seal.files) &&
                     seal.table == finished.table && found == rows;
  if (!whole) throw Fail(ErrorKind::kCorrupt, "{} does not agree with itself", what);
}

}  // namespace

std::string FormatJournal(const std::vector<JournalEntry>& entries) {
  json::array tables;
  for (const auto& [finished, plan] : entries) {
    tables.push_back(FormatTable(finished, *plan));
  }
  const json::object object{{"version", kJournalVersion}, {"tables", std::move(tables)}};
  std::string text = json::serialize(object);
  text.pop_back();  // The brace, which comes after the checksum.
  text += ",\n";
  return text + ChecksumEnding(text);
}

std::vector<FinishedTable> ParseJournal(std::string_view text, std::string_view what) {
  if (!HasChecksumEnding(text)) {
    throw Fail(ErrorKind::kCorrupt, "{} is not as it was written", what);
  }
  const json::value value = ParseJson(text, what);
  const JsonView document(value, std::string(what));
  if (document["version"].Integer() != kJournalVersion) {
    throw Fail(ErrorKind::kCorrupt, "{} is of another version", what);
  }
  std::vector<FinishedTable> tables;
  for (const auto& table : document["tables"].Items()) {
    tables.push_back(ParseTable(table, what));
    CheckWhole(tables.back(), what);
  }
  return tables;
}

std::string JournalPrefix(std::string_view run) {
  return fmt::format("runs/{}/tables/", run);
}

std::string JournalKey(std::string_view run, size_t number) {
  return fmt::format("{}{}.json", JournalPrefix(run), number);
}

std::vector<FinishedTable> ReadJournal(ObjectStore* store,
                                       const std::vector<std::string>& keys) {
  std::vector<FinishedTable> tables;
  for (const std::string& key : keys) {
    try {
      for (FinishedTable& finished : ParseJournal(store->Get(key).content, key)) {
        if (!key.starts_with(JournalPrefix(finished.run))) continue;
        tables.push_back(std::move(finished));
      }
    } catch (const Error& error) {
      if (error.kind() != ErrorKind::kNotFound && error.kind() != ErrorKind::kCorrupt)
        throw;
    }
  }
  return tables;
}

}  // namespace shoestring
