#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace shoestring {

/// shoestring.toml as it stands, for those who read more of it than keys of sections.
struct SettingsFile {
  std::string name;
  std::string text;
};

/// The file named by SHOESTRING_CONFIG, else shoestring.toml of the current folder if
/// there is one.
std::optional<SettingsFile> ReadSettingsFile();

/// What is set outside of the command line. A key of a section is looked for in the
/// environment, then in shoestring.toml: "server" of "trino" in SHOESTRING_TRINO_SERVER,
/// then under [trino]; "engine" of "" in SHOESTRING_ENGINE, then before all sections.
class Settings {
 public:
  /// From ReadSettingsFile().
  static Settings Load();
  /// `name` is the file's, for errors. Throws kInvalidArgument for what is no TOML, or
  /// deeper than sections of texts, numbers and booleans; [roles] is, and left to
  /// api/roles.
  static Settings Parse(std::string_view text, std::string_view name);

  /// Nothing when it is not set, or set to "".
  std::optional<std::string> Find(std::string_view section, std::string_view key) const;
  std::string Get(std::string_view section, std::string_view key,
                  std::string_view otherwise) const;
  /// Throws kInvalidArgument, naming both ways to set it, when it is not set.
  std::string Require(std::string_view section, std::string_view key) const;
  /// A secret: the value itself, or the first line of the file that `key`_file names.
  std::optional<std::string> FindSecret(std::string_view section,
                                        std::string_view key) const;

 private:
  std::map<std::string, std::string> values_;  ///< By "section.key", ".key" without one.
};

}  // namespace shoestring
