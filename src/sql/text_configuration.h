#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

struct TextWord;

/// A word of a text as it is searched for, and which word of the text it is, from 1.
struct Lexeme {
  std::string text;
  int position = 0;
  bool operator==(const Lexeme&) const = default;
};

/// One of Postgres' text search configurations: "simple", or a language, whose words lose
/// their endings ("rats" is "rat") and whose stop words ("the") are no lexemes. Words are
/// letters and digits, or numbers; what Postgres takes for one word beyond that (hosts,
/// addresses, paths) is several here. One thread.
class TextConfiguration {
 public:
  /// By its name, with or without pg_catalog. before it.
  static bool Exists(std::string_view name);

  /// Throws kInvalidArgument when there is none of the name.
  explicit TextConfiguration(std::string_view name);
  ~TextConfiguration();

  /// In the order of the text. A stop word takes a position, and so does a word with
  /// hyphens beside those of its parts, as in Postgres.
  std::vector<Lexeme> Lexemes(std::string_view text) const;

 private:
  struct Language;

  /// Nothing of a stop word.
  std::string LexemeOf(const TextWord& word) const;

  std::unique_ptr<Language> words_;  ///< nullptr: words stay as they are.
  std::unique_ptr<Language> ascii_;  ///< Of words in ASCII alone, where it is another.
};

}  // namespace shoestring
