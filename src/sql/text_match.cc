#include "sql/text_match.h"

#include <algorithm>

namespace shoestring {

namespace {

using Kind = TextQuery::Kind;

/// Where something was found: its first and its last position.
struct Span {
  int first = 0;
  int last = 0;
};

class Matcher {
 public:
  explicit Matcher(const TextVector& vector) : vector_(vector) {}

  bool Has(const TextQuery& query) const {
    const auto has = [&](const TextQuery& part) { return Has(part); };
    switch (query.kind) {
      case Kind::kNothing: return false;
      case Kind::kLexeme: return HasLexeme(query);
      case Kind::kNot: return !Has(query.parts[0]);
      case Kind::kAnd: return std::ranges::all_of(query.parts, has);
      case Kind::kOr: return std::ranges::any_of(query.parts, has);
      case Kind::kPhrase: return !Spans(query).empty();
    }
    return false;
  }

 private:
  bool HasLexeme(const TextQuery& query) const {
    const auto found = vector_.lower_bound(query.lexeme);
    if (found == vector_.end()) return false;
    return query.prefix ? found->first.starts_with(query.lexeme)
                        : found->first == query.lexeme;
  }

  std::vector<Span> Spans(const TextQuery& query) const {
    switch (query.kind) {
      case Kind::kLexeme: return LexemeSpans(query);
      case Kind::kOr: return AnySpans(query);
      case Kind::kAnd: return CommonSpans(query);
      case Kind::kPhrase: return PhraseSpans(query);
      default: return {};
    }
  }

  std::vector<Span> LexemeSpans(const TextQuery& query) const {
    std::vector<Span> spans;
    for (auto at = vector_.lower_bound(query.lexeme); at != vector_.end(); ++at) {
      const bool same = at->first == query.lexeme;
      if (!same && !(query.prefix && at->first.starts_with(query.lexeme))) break;
      for (const int position : at->second) spans.push_back({position, position});
    }
    return spans;
  }

  std::vector<Span> AnySpans(const TextQuery& query) const {
    std::vector<Span> spans;
    for (const TextQuery& part : query.parts) {
      const std::vector<Span> more = Spans(part);
      spans.insert(spans.end(), more.begin(), more.end());
    }
    return spans;
  }

  std::vector<Span> CommonSpans(const TextQuery& query) const {
    std::vector<Span> spans = Spans(query.parts[0]);
    for (size_t i = 1; i < query.parts.size(); ++i) {
      const std::vector<Span> others = Spans(query.parts[i]);
      std::erase_if(spans, [&](const Span& span) {
        return std::ranges::none_of(
            others, [&](const Span& other) { return other.last == span.last; });
      });
    }
    return spans;
  }

  std::vector<Span> PhraseSpans(const TextQuery& query) const {
    std::vector<Span> spans = Spans(query.parts[0]);
    for (size_t i = 1; i < query.parts.size() && !spans.empty(); ++i) {
      std::vector<Span> longer;
      for (const Span& next : Spans(query.parts[i])) {
        const auto before = std::ranges::find(spans, next.first - query.distances[i],
                                              [](const Span& s) { return s.last; });
        if (before != spans.end()) longer.push_back({before->first, next.last});
      }
      spans = std::move(longer);
    }
    return spans;
  }

  const TextVector& vector_;
};

}  // namespace

bool Matches(const TextVector& vector, const TextQuery& query) {
  return Matcher(vector).Has(query);
}

}  // namespace shoestring
