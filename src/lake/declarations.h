#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "lake/object_store.h"
#include "lake/table_declaration.h"

namespace shoestring {

/// Key of the record of what is declared where. docs/formats.md describes it.
inline constexpr std::string_view kDeclarationsKey = "catalog/declared.json";

/// A table that stands in a Glue catalog, so that every later commit moves it along.
struct DeclaredTable {
  std::string table;  ///< In the lake.
  DeclarationStyle style = DeclarationStyle::kIceberg;
  std::string region;
  std::string database;
  std::string name;  ///< In Glue.
  std::string lake;  ///< The URI that readers reach the lake by.
  bool operator==(const DeclaredTable&) const = default;
};

/// Pure; throws kCorrupt on bytes that are no such record, or not as they were written.
std::vector<DeclaredTable> ParseDeclarations(std::string_view json);
std::string FormatDeclarations(const std::vector<DeclaredTable>& tables);

/// Empty when nothing was ever declared.
std::vector<DeclaredTable> LoadDeclarations(ObjectStore* store);
/// Adds tables, in place of those of the same region, database and name.
void RecordDeclarations(ObjectStore* store, const std::vector<DeclaredTable>& tables);
/// Takes out all tables for which `gone` says so.
void ForgetDeclarations(ObjectStore* store,
                        const std::function<bool(const DeclaredTable&)>& gone);

}  // namespace shoestring
