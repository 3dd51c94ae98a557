#include "cli/source_option.h"

#include <cstdlib>
#include <cstring>
#include <string_view>

#include "base/error.h"

namespace shoestring {

namespace {

// The value of "password = value", 'value' or "…&password=value…".
std::pair<size_t, size_t> FindKeyedPassword(std::string_view text) {
  constexpr std::string_view kKey = "password";
  size_t at = text.find(kKey);
  if (at == std::string_view::npos) return {0, 0};
  at = text.find_first_not_of(" \t", at + kKey.size());
  if (at == std::string_view::npos || text[at] != '=') return {0, 0};
  at = text.find_first_not_of(" \t", at + 1);
  if (at == std::string_view::npos) return {0, 0};
  const bool quoted = text[at] == '\'';
  // Inside of quotes all to the last one: more may be hidden than need be, never less.
  const size_t end = quoted ? text.rfind('\'') : text.find_first_of(" &", at);
  return {at, (end == std::string_view::npos || end == at ? text.size() : end) - at};
}

// The password of "scheme://user:password@host…" or of "… password=… …" within a text.
std::pair<size_t, size_t> FindPassword(std::string_view text) {
  const size_t scheme = text.find("://");
  if (scheme != std::string_view::npos) {
    const size_t begin = scheme + 3;
    const size_t end = text.find_first_of("/?", begin);
    const std::string_view authority = text.substr(begin, end - begin);
    const size_t at = authority.rfind('@');
    const size_t colon = authority.find(':');
    if (at != std::string_view::npos && colon < at) {
      return {begin + colon + 1, at - colon - 1};
    }
  }
  return FindKeyedPassword(text);
}

}  // namespace

void AddSourceOption(CLI::App& command, std::string* source) {
  command
      .add_option("--source", *source,
                  "Postgres URL, such as postgresql://user@host:5432/db. Better in the "
                  "environment, with its password: DATABASE_URL")
      ->envname("DATABASE_URL")
      ->type_name("URL")
      ->required();
}

OptionalSource::OptionalSource(CLI::App& command)
    : option_(command
                  .add_option("--source", url_,
                              "Compare with the source, too: a Postgres URL; alone, the "
                              "one in DATABASE_URL")
                  ->expected(0, 1)
                  ->type_name("[URL]")) {}

std::optional<std::string> OptionalSource::url() const {
  if (option_->count() == 0) return std::nullopt;
  if (!url_.empty()) return url_;
  const char* environment = std::getenv("DATABASE_URL");
  if (environment != nullptr && *environment != '\0') return environment;
  throw Fail(ErrorKind::kInvalidArgument,
             "--source without a URL takes the one in DATABASE_URL, which is not set");
}

bool HidePasswordInArguments(int argc, char** argv) {
  bool found = false;
  for (int i = 1; i < argc; ++i) {
    const auto [begin, length] = FindPassword(argv[i]);
    if (length == 0) continue;
    std::memset(argv[i] + begin, 'x', length);
    found = true;
  }
  return found;
}

}  // namespace shoestring
