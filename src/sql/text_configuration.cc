#include "sql/text_configuration.h"

#include <libstemmer.h>

#include <array>
#include <set>

#include "base/error.h"
#include "embedded/stop_words.h"
#include "sql/text_words.h"

namespace shoestring {

namespace {

/// Postgres' languages, and their stop words, where they have any, one a line.
struct KnownLanguage {
  std::string_view name;
  std::string_view stop_words;
};

constexpr auto kLanguages = std::to_array<KnownLanguage>({
    {"arabic", ""},
    {"armenian", ""},
    {"basque", ""},
    {"catalan", ""},
    {"danish", embedded::danish_stop},
    {"dutch", embedded::dutch_stop},
    {"english", embedded::english_stop},
    {"finnish", embedded::finnish_stop},
    {"french", embedded::french_stop},
    {"german", embedded::german_stop},
    {"greek", ""},
    {"hindi", ""},
    {"hungarian", embedded::hungarian_stop},
    {"indonesian", ""},
    {"irish", ""},
    {"italian", embedded::italian_stop},
    {"lithuanian", ""},
    {"nepali", embedded::nepali_stop},
    {"norwegian", embedded::norwegian_stop},
    {"portuguese", embedded::portuguese_stop},
    {"romanian", ""},
    {"russian", embedded::russian_stop},
    {"serbian", ""},
    {"spanish", embedded::spanish_stop},
    {"swedish", embedded::swedish_stop},
    {"tamil", ""},
    {"turkish", embedded::turkish_stop},
    {"yiddish", ""},
});

const KnownLanguage* FindLanguage(std::string_view name) {
  for (const KnownLanguage& each : kLanguages) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

std::string_view WithoutSchema(std::string_view name) {
  constexpr std::string_view kSchema = "pg_catalog.";
  return name.starts_with(kSchema) ? name.substr(kSchema.size()) : name;
}

std::set<std::string_view> Lines(std::string_view text) {
  std::set<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    if (end > 0) lines.insert(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

struct TextConfiguration::Language {
  explicit Language(const KnownLanguage& known)
      : stop_words(Lines(known.stop_words)),
        stemmer(sb_stemmer_new(std::string(known.name).c_str(), "UTF_8")) {
    if (!stemmer) {
      throw Fail(ErrorKind::kUnsupported, "libstemmer here is without a language: {}",
                 known.name);
    }
  }
  ~Language() { sb_stemmer_delete(stemmer); }
  Language(const Language&) = delete;
  Language& operator=(const Language&) = delete;

  /// Nothing of a stop word.
  std::string Stem(const std::string& word) const {
    if (stop_words.contains(word)) return "";
    const sb_symbol* stem =
        sb_stemmer_stem(stemmer, reinterpret_cast<const sb_symbol*>(word.data()),
                        static_cast<int>(word.size()));
    if (stem == nullptr) throw std::bad_alloc();
    return {reinterpret_cast<const char*>(stem),
            static_cast<size_t>(sb_stemmer_length(stemmer))};
  }

  const std::set<std::string_view> stop_words;
  sb_stemmer* const stemmer;
};

bool TextConfiguration::Exists(std::string_view name) {
  name = WithoutSchema(name);
  return name == "simple" || FindLanguage(name) != nullptr;
}

TextConfiguration::TextConfiguration(std::string_view name) {
  if (!Exists(name)) {
    throw Fail(ErrorKind::kInvalidArgument,
               "There is no such text search configuration: {}", name);
  }
  const KnownLanguage* language = FindLanguage(WithoutSchema(name));
  if (language == nullptr) return;
  words_ = std::make_unique<Language>(*language);
  if (language->name == "russian" || language->name == "hindi") {
    ascii_ = std::make_unique<Language>(*FindLanguage("english"));
  }
}

TextConfiguration::~TextConfiguration() = default;

std::vector<Lexeme> TextConfiguration::Lexemes(std::string_view text) const {
  std::vector<Lexeme> lexemes;
  for (const TextWord& word : WordsOf(text)) {
    std::string found = LexemeOf(word);
    if (!found.empty()) lexemes.push_back({std::move(found), word.position});
  }
  return lexemes;
}

std::string TextConfiguration::LexemeOf(const TextWord& word) const {
  if (!words_ || word.has_digit) return word.text;
  return word.is_ascii && ascii_ ? ascii_->Stem(word.text) : words_->Stem(word.text);
}

}  // namespace shoestring
