#include "api/pattern.h"

#include "api/api_error.h"

namespace shoestring {

namespace {

[[noreturn]] void Invalid(const char* what) {
  throw ApiError(400, "2201B", fmt::format("invalid regular expression: {}", what));
}

[[noreturn]] void NotInALake(std::string_view what) {
  throw ApiError(400, "PGRST127", "Feature not implemented")
      .WithDetails(fmt::format("A lake's regular expressions have no {}", what));
}

class PatternReader {
 public:
  explicit PatternReader(std::string_view text) : text_(text) {}

  std::string Read() {
    if (text_.starts_with("***")) NotInALake("***");
    while (at_ < text_.size()) Piece();
    if (open_ > 0) Invalid("parentheses () not balanced");
    return std::move(portable_);
  }

 private:
  void Piece() {
    switch (text_[at_]) {
      case '\\': return Escape();
      case '[': return Brackets();
      case '(': return Open();
      case ')':
        if (--open_ < 0) Invalid("parentheses () not balanced");
        return Take(1);
      case '*':
      case '+':
      case '?': return Quantifier();
      default: return Take(1);
    }
  }

  void Take(size_t count) {
    portable_ += text_.substr(at_, count);
    at_ += count;
  }

  void Escape() {
    if (at_ + 1 == text_.size()) Invalid("invalid escape \\ sequence");
    const char escaped = text_[at_ + 1];
    const std::string_view other = escaped == 'y'   ? "\\b"
                                   : escaped == 'Y' ? "\\B"
                                   : escaped == 'Z' ? "\\z"
                                                    : "";
    const bool lacking = escaped == 'm' || escaped == 'M' || escaped == 'b' ||
                         escaped == 'B' || (escaped >= '1' && escaped <= '9');
    if (lacking) NotInALake(text_.substr(at_, 2));
    if (other.empty()) return Take(2);
    portable_ += other;
    at_ += 2;
  }

  /// "[...]", where a bracket that comes first stands for itself.
  void Brackets() {
    size_t end = at_ + 1;
    if (text_.substr(end).starts_with('^')) ++end;
    if (text_.substr(end).starts_with(']')) ++end;
    while (end < text_.size() && text_[end] != ']') {
      const bool named = text_.substr(end).starts_with("[:");
      if (named) end = text_.find(":]", end + 2);
      if (end != text_.npos) end += named || text_[end] == '\\' ? 2 : 1;
    }
    if (end >= text_.size()) Invalid("brackets [] not balanced");
    Take(end + 1 - at_);
  }

  void Open() {
    ++open_;
    const std::string_view rest = text_.substr(at_);
    for (const std::string_view look : {"(?=", "(?!", "(?<"}) {
      if (rest.starts_with(look)) NotInALake(look);
    }
    if (!rest.starts_with("(?")) return Take(1);
    // "(?:" and "(?i)": what is after '?' is no quantifier.
    Take(2);
  }

  void Quantifier() {
    const char before = at_ == 0 ? '|' : text_[at_ - 1];
    const bool escaped = at_ > 1 && text_[at_ - 2] == '\\';
    if (!escaped && (before == '|' || before == '(' || before == '^')) {
      Invalid("quantifier operand invalid");
    }
    Take(1);
  }

  const std::string_view text_;
  size_t at_ = 0;
  int open_ = 0;
  std::string portable_;
};

}  // namespace

std::string PortablePattern(std::string_view pattern) {
  return PatternReader(pattern).Read();
}

}  // namespace shoestring
