#include "lake/declarations.h"

#include <algorithm>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <optional>
#include <tuple>

#include "base/checksum.h"
#include "base/error.h"
#include "base/json.h"

namespace shoestring {

namespace {

namespace json = boost::json;

constexpr int64_t kVersion = 1;
constexpr int kAttempts = 10;

DeclaredTable ParseTable(const JsonView& json) {
  const auto style = ParseDeclarationStyle(json["style"].Text());
  if (!style) {
    throw Fail(ErrorKind::kCorrupt, "{} is no style: {}", json.path(),
               json["style"].Text());
  }
  return {.table = std::string(json["table"].Text()),
          .style = *style,
          .region = std::string(json["region"].Text()),
          .database = std::string(json["database"].Text()),
          .name = std::string(json["name"].Text()),
          .lake = std::string(json["lake"].Text())};
}

std::string FormatTable(const DeclaredTable& table) {
  return json::serialize(json::object{{"table", table.table},
                                      {"style", ToString(table.style)},
                                      {"region", table.region},
                                      {"database", table.database},
                                      {"name", table.name},
                                      {"lake", table.lake}});
}

struct Loaded {
  std::vector<DeclaredTable> tables;
  std::optional<std::string> etag;
};

Loaded Load(ObjectStore* store) {
  try {
    Object object = store->Get(kDeclarationsKey);
    return {ParseDeclarations(object.content), std::move(object.etag)};
  } catch (const Error& error) {
    if (error.kind() == ErrorKind::kNotFound) return {};
    throw;
  }
}

using Tables = std::vector<DeclaredTable>;

/// Replaces the record by what `edit` makes of it, looking again when others were first.
void Change(ObjectStore* store, const std::function<void(Tables*)>& edit) {
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    const Loaded loaded = Load(store);
    Tables tables = loaded.tables;
    edit(&tables);
    if (tables == loaded.tables) return;
    if (store->PutIf(kDeclarationsKey, FormatDeclarations(tables), loaded.etag)) return;
  }
  throw Fail(ErrorKind::kConflict, "Others keep changing {}, try again",
             kDeclarationsKey);
}

auto PlaceOf(const DeclaredTable& table) {
  return std::tie(table.region, table.database, table.name);
}

}  // namespace

std::vector<DeclaredTable> ParseDeclarations(std::string_view text) {
  const json::value value = ParseJson(text, kDeclarationsKey);
  const JsonView document(value, std::string(kDeclarationsKey));
  if (document["version"].Integer() != kVersion) {
    throw Fail(ErrorKind::kCorrupt, "{} is of a version that this program does not know",
               kDeclarationsKey);
  }
  if (!HasChecksumEnding(text)) {
    throw Fail(ErrorKind::kCorrupt,
               "{} is not as it was written. Way out: remove it, and declare the tables "
               "again with shoestring ddl --apply",
               kDeclarationsKey);
  }
  std::vector<DeclaredTable> tables;
  for (const JsonView& table : document["tables"].Items()) {
    tables.push_back(ParseTable(table));
  }
  return tables;
}

std::string FormatDeclarations(const std::vector<DeclaredTable>& tables) {
  std::string text = fmt::format("{{\n  \"version\": {},\n  \"tables\": [", kVersion);
  std::string_view separator = "\n";
  for (const DeclaredTable& table : tables) {
    text += fmt::format("{}    {}", separator, FormatTable(table));
    separator = ",\n";
  }
  text += tables.empty() ? "],\n" : "\n  ],\n";
  return text + ChecksumEnding(text);
}

std::vector<DeclaredTable> LoadDeclarations(ObjectStore* store) {
  return Load(store).tables;
}

void RecordDeclarations(ObjectStore* store, const std::vector<DeclaredTable>& tables) {
  Change(store, [&](Tables* all) {
    for (const DeclaredTable& table : tables) {
      std::erase_if(*all, [&](const DeclaredTable& other) {
        return PlaceOf(other) == PlaceOf(table);
      });
      all->push_back(table);
    }
    std::ranges::sort(*all, {}, PlaceOf);
  });
}

void ForgetDeclarations(ObjectStore* store,
                        const std::function<bool(const DeclaredTable&)>& gone) {
  Change(store, [&](Tables* all) { std::erase_if(*all, gone); });
}

}  // namespace shoestring
