#include "base/aws_config.h"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "base/error.h"

namespace shoestring {

namespace {

constexpr std::string_view kSpace = " \t\r";

std::string_view Trim(std::string_view text) {
  const size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) - begin + 1);
}

std::string Upper(std::string text) {
  std::ranges::transform(text, text.begin(), [](unsigned char c) {
    return c >= 'a' && c <= 'z' ? c - 32 : c;
  });
  return text;
}

/// "[profile x]" without brackets, comment and more than one space in it.
std::string SectionName(std::string_view line) {
  const std::string_view name = Trim(line.substr(1, line.find(']') - 1));
  constexpr std::string_view kProfile = "profile";
  if (!name.starts_with(kProfile) || name.size() == kProfile.size()) {
    return std::string(name);
  }
  if (kSpace.find(name[kProfile.size()]) == std::string_view::npos) {
    return std::string(name);
  }
  return fmt::format("{} {}", kProfile, Trim(name.substr(kProfile.size())));
}

std::string_view WithoutComment(std::string_view value) {
  for (const std::string_view comment : {" #", " ;", "\t#", "\t;"}) {
    value = value.substr(0, value.find(comment));
  }
  return Trim(value);
}

std::map<std::string, AwsSection> ReadAwsFile(const Environment& environment,
                                              const char* variable, const char* name) {
  std::optional<std::string> path = environment(variable);
  if (!path) {
    const auto home = environment("HOME");
    if (home) path = fmt::format("{}/.aws/{}", *home, name);
  }
  if (path && path->starts_with("~/")) {
    path = environment("HOME").value_or("") + path->substr(1);
  }
  const auto text = path ? ReadTextFile(*path) : std::nullopt;
  return text ? ParseAwsFile(*text) : std::map<std::string, AwsSection>();
}

const std::string* FindSetting(const std::map<std::string, AwsSection>& sections,
                               const std::string& section, const std::string& name) {
  const auto found = sections.find(section);
  if (found == sections.end()) return nullptr;
  const auto setting = found->second.find(name);
  return setting == found->second.end() ? nullptr : &setting->second;
}

/// The section of a profile in the config file.
std::string ConfigSection(const std::string& profile) {
  return profile == "default" ? profile : "profile " + profile;
}

}  // namespace

std::optional<std::string> ProcessEnvironment(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') return std::nullopt;
  return value;
}

std::optional<std::string> ReadTextFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream text;
  text << file.rdbuf();
  return std::move(text).str();
}

std::map<std::string, AwsSection> ParseAwsFile(std::string_view text) {
  std::map<std::string, AwsSection> sections;
  AwsSection* section = nullptr;
  std::string group;  // The setting that has others nested below it.
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view raw = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::string_view line = Trim(raw);
    if (line.empty() || line[0] == '#' || line[0] == ';') continue;
    if (line[0] == '[') {
      section = &sections[SectionName(line)];
      group.clear();
      continue;
    }
    const size_t equals = line.find('=');
    if (section == nullptr || equals == std::string_view::npos) continue;
    std::string name(Trim(line.substr(0, equals)));
    const std::string_view value = WithoutComment(line.substr(equals));
    const bool nested = !group.empty() && kSpace.find(raw[0]) != std::string_view::npos;
    if (!nested) group = value == "=" ? name : "";
    (*section)[nested ? fmt::format("{}.{}", group, name) : name] = Trim(value.substr(1));
  }
  return sections;
}

AwsConfig::AwsConfig(Environment environment)
    : environment_(std::move(environment)),
      config_(ReadAwsFile(environment_, "AWS_CONFIG_FILE", "config")),
      credentials_(
          ReadAwsFile(environment_, "AWS_SHARED_CREDENTIALS_FILE", "credentials")) {
  auto named = environment_("AWS_PROFILE");
  if (!named) named = environment_("AWS_DEFAULT_PROFILE");
  profile_ = named.value_or("default");
  if (named && !HasProfile(*named)) {
    throw Fail(ErrorKind::kNotFound,
               "No such profile in ~/.aws/config or ~/.aws/credentials. Way out: correct "
               "AWS_PROFILE: {}",
               *named);
  }
}

bool AwsConfig::HasProfile(const std::string& profile) const {
  return credentials_.contains(profile) || config_.contains(ConfigSection(profile)) ||
         config_.contains("profile " + profile);
}

std::optional<std::string> AwsConfig::Setting(const std::string& profile,
                                              const std::string& name) const {
  const std::string* found = FindSetting(credentials_, profile, name);
  if (found == nullptr) found = FindSetting(config_, ConfigSection(profile), name);
  if (found == nullptr) found = FindSetting(config_, "profile " + profile, name);
  if (found == nullptr || found->empty()) return std::nullopt;
  return *found;
}

std::optional<std::string> AwsConfig::Region() const {
  for (const char* variable : {"AWS_REGION", "AWS_DEFAULT_REGION"}) {
    if (auto region = environment_(variable)) return region;
  }
  return Setting(profile_, "region");
}

std::optional<std::string> AwsConfig::Endpoint(const std::string& service) const {
  if (environment_("AWS_IGNORE_CONFIGURED_ENDPOINT_URLS") == "true") return std::nullopt;
  const std::string own = "AWS_ENDPOINT_URL_" + Upper(service);
  if (auto endpoint = environment_(own.c_str())) return endpoint;
  if (auto endpoint = environment_("AWS_ENDPOINT_URL")) return endpoint;
  if (const auto services = Setting(profile_, "services")) {
    const std::string* endpoint =
        FindSetting(config_, "services " + *services, service + ".endpoint_url");
    if (endpoint != nullptr && !endpoint->empty()) return *endpoint;
  }
  return Setting(profile_, "endpoint_url");
}

std::string AwsConfig::CaBundle() const {
  if (auto bundle = environment_("AWS_CA_BUNDLE")) return *bundle;
  return Setting(profile_, "ca_bundle").value_or("");
}

}  // namespace shoestring
