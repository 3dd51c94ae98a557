#include "sql/text_words.h"

#include <clocale>
#include <cwctype>

#include "base/error.h"
#include "base/utf8.h"

namespace shoestring {

namespace {

/// Of all languages: the classes of letters that glibc has within itself.
locale_t Letters() {
  static const locale_t kLetters = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  if (kLetters == nullptr) {
    throw Fail(ErrorKind::kInternal, "This libc is without the locale C.UTF-8");
  }
  return kLetters;
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class WordReader {
 public:
  explicit WordReader(std::string_view text) : text_(text) {}

  std::vector<TextWord> Read() {
    while (at_ < text_.size()) {
      TextWord word = Word();
      if (word.text.empty()) {
        at_ += std::max<size_t>(FirstCharacter(text_.substr(at_)).bytes, 1);
      } else {
        Place(&word);
        words_.push_back(std::move(word));
      }
    }
    return std::move(words_);
  }

 private:
  TextWord Word() {
    TextWord word;
    begin_ = at_;
    while (at_ < text_.size()) {
      const auto [point, bytes] = FirstCharacter(text_.substr(at_));
      const auto wide = static_cast<wint_t>(point);
      if (bytes == 0 || !iswalnum_l(wide, Letters())) break;
      AppendUtf8(towlower_l(wide, Letters()), &word.text);
      word.has_digit |= bytes == 1 && IsDigit(text_[at_]);
      word.is_ascii &= bytes == 1;
      at_ += bytes;
    }
    return word;
  }

  static bool IsNumber(const std::string& word) {
    return word.find_first_not_of("0123456789") == word.npos;
  }

  /// A sign before it, and what follows points.
  void Number(TextWord* word) {
    const char before = begin_ > 0 ? text_[begin_ - 1] : ' ';
    if (before == '-' || before == '+') word->text.insert(0, 1, before);
    while (at_ + 1 < text_.size() && text_[at_] == '.' && IsDigit(text_[at_ + 1])) {
      word->text += text_[at_++];
      while (at_ < text_.size() && IsDigit(text_[at_])) word->text += text_[at_++];
    }
  }

  bool IsLetterAt(size_t at) const {
    if (at >= text_.size()) return false;
    const auto [point, bytes] = FirstCharacter(text_.substr(at));
    return bytes > 0 && iswalpha_l(static_cast<wint_t>(point), Letters());
  }

  void Place(TextWord* word) {
    const bool number = IsNumber(word->text);
    if (number) Number(word);
    const bool goes_on = !number && text_.substr(at_, 1) == "-" && IsLetterAt(at_ + 1);
    if (goes_on && !in_compound_) ++position_;
    in_compound_ = goes_on;
    word->position = ++position_;
  }

  std::string_view text_;
  size_t at_ = 0;
  size_t begin_ = 0;  ///< Of the word that was read.
  bool in_compound_ = false;
  int position_ = 0;
  std::vector<TextWord> words_;
};

}  // namespace

std::vector<TextWord> WordsOf(std::string_view text) { return WordReader(text).Read(); }

}  // namespace shoestring
