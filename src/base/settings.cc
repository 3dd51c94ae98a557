#include "base/settings.h"

#include <toml++/toml.h>

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr const char* kFileName = "shoestring.toml";
constexpr std::string_view kRoles = "roles";

std::string VariableName(std::string_view section, std::string_view key) {
  std::string name = "SHOESTRING_";
  if (!section.empty()) name.append(section).push_back('_');
  name.append(key);
  for (char& c : name) c = static_cast<char>(std::toupper(static_cast<uint8_t>(c)));
  return name;
}

std::string AsText(const toml::node& node, std::string_view file, std::string_view key) {
  if (const auto text = node.value<std::string>()) return *text;
  if (const auto* flag = node.as_boolean()) return flag->get() ? "true" : "false";
  if (const auto* integer = node.as_integer()) return fmt::format("{}", integer->get());
  if (const auto* number = node.as_floating_point()) {
    return fmt::format("{}", number->get());
  }
  throw Fail(ErrorKind::kInvalidArgument,
             "{}: only texts, numbers, true and false can be set, not what stands at: {}",
             file, key);
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file) throw Fail(ErrorKind::kNotFound, "Cannot read the file: {}", path);
  return text;
}

std::string FirstLine(const std::string& text) {
  return text.substr(0, text.find_first_of("\r\n"));
}

}  // namespace

std::optional<SettingsFile> ReadSettingsFile() {
  const char* named = std::getenv("SHOESTRING_CONFIG");
  if (named != nullptr && *named != '\0') return SettingsFile{named, ReadFile(named)};
  if (!std::ifstream(kFileName)) return std::nullopt;
  return SettingsFile{kFileName, ReadFile(kFileName)};
}

Settings Settings::Load() {
  const auto file = ReadSettingsFile();
  return file ? Parse(file->text, file->name) : Settings();
}

Settings Settings::Parse(std::string_view text, std::string_view name) {
  Settings settings;
  const auto keep = [&](std::string key, const toml::node& node) {
    settings.values_[key] = AsText(node, name, key);
  };
  try {
    for (const auto& [section, node] : toml::parse(text)) {
      if (section.str() == kRoles) continue;
      const toml::table* table = node.as_table();
      if (table == nullptr) keep(fmt::format(".{}", section.str()), node);
      if (table == nullptr) continue;
      for (const auto& [key, value] : *table) {
        keep(fmt::format("{}.{}", section.str(), key.str()), value);
      }
    }
  } catch (const toml::parse_error& error) {
    throw Fail(ErrorKind::kInvalidArgument, "{}, line {}: {}", name,
               error.source().begin.line, error.description());
  }
  return settings;
}

std::optional<std::string> Settings::Find(std::string_view section,
                                          std::string_view key) const {
  const char* variable = std::getenv(VariableName(section, key).c_str());
  if (variable != nullptr && *variable != '\0') return variable;
  const auto found = values_.find(fmt::format("{}.{}", section, key));
  if (found == values_.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

std::string Settings::Get(std::string_view section, std::string_view key,
                          std::string_view otherwise) const {
  return Find(section, key).value_or(std::string(otherwise));
}

std::string Settings::Require(std::string_view section, std::string_view key) const {
  if (auto found = Find(section, key)) return *std::move(found);
  throw Fail(ErrorKind::kInvalidArgument, "Set {} in the environment, or {}{} in {}",
             VariableName(section, key),
             section.empty() ? "" : fmt::format("[{}] ", section), key, kFileName);
}

std::optional<std::string> Settings::FindSecret(std::string_view section,
                                                std::string_view key) const {
  if (auto found = Find(section, key)) return found;
  const auto file = Find(section, fmt::format("{}_file", key));
  if (!file) return std::nullopt;
  return FirstLine(ReadFile(*file));
}

}  // namespace shoestring
