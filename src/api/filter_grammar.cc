#include <algorithm>
#include <array>

#include "api/api_error.h"
#include "api/field_grammar.h"
#include "api/request_grammar.h"

namespace shoestring {

namespace {

struct OperatorWord {
  const char* word;
  FilterOperator operation;
};

/// In the order in which they are tried.
constexpr std::array kSimple = {
    OperatorWord{"neq", FilterOperator::kNotEqual},
    OperatorWord{"cs", FilterOperator::kContains},
    OperatorWord{"cd", FilterOperator::kContained},
    OperatorWord{"ov", FilterOperator::kOverlaps},
    OperatorWord{"sl", FilterOperator::kLeftOf},
    OperatorWord{"sr", FilterOperator::kRightOf},
    OperatorWord{"nxr", FilterOperator::kNotRightOf},
    OperatorWord{"nxl", FilterOperator::kNotLeftOf},
    OperatorWord{"adj", FilterOperator::kAdjacent},
};
constexpr std::array kQuantified = {
    OperatorWord{"eq", FilterOperator::kEqual},
    OperatorWord{"gte", FilterOperator::kGreaterEqual},
    OperatorWord{"gt", FilterOperator::kGreater},
    OperatorWord{"lte", FilterOperator::kLessEqual},
    OperatorWord{"lt", FilterOperator::kLess},
    OperatorWord{"like", FilterOperator::kLike},
    OperatorWord{"ilike", FilterOperator::kLikeAnyCase},
    OperatorWord{"match", FilterOperator::kMatches},
    OperatorWord{"imatch", FilterOperator::kMatchesAnyCase},
};
constexpr std::array kSearches = {
    OperatorWord{"fts", FilterOperator::kSearch},
    OperatorWord{"plfts", FilterOperator::kSearchPlain},
    OperatorWord{"phfts", FilterOperator::kSearchPhrase},
    OperatorWord{"wfts", FilterOperator::kSearchWeb},
};
constexpr std::array kIs = {
    OperatorWord{"null", FilterOperator::kIsNull},
    OperatorWord{"not_null", FilterOperator::kIsNotNull},
    OperatorWord{"true", FilterOperator::kIsTrue},
    OperatorWord{"false", FilterOperator::kIsFalse},
    OperatorWord{"unknown", FilterOperator::kIsUnknown},
};

/// The value of an operator: to the end, or, in a logic tree, to a comma.
using ValueRule = bool (*)(GrammarReader& in, std::string* to);

bool ReadWholeValue(GrammarReader& in, std::string* to) {
  return in.Many([&] { return in.AnyChar(to); });
}

/// What stands between quotes, if a comma or ')' follows them, and what is bare else.
bool ReadElement(
    GrammarReader& in, std::string* to,
    const GrammarReader::Rule& other = [] { return false; }) {
  const auto quoted = [&] {
    to->clear();
    return ReadQuoted(in, to) && in.NotFollowedBy([&] { return in.NoneOf(",)"); });
  };
  const auto bare = [&] {
    to->clear();
    return in.Many([&] { return in.NoneOf(",)", to); });
  };
  return in.Either({[&] { return in.Try(quoted); }, other, bare});
}

bool ReadLogicValue(GrammarReader& in, std::string* to) {
  const auto array = [&] {
    *to = "{";
    if (!in.String("{") || !in.Many([&] { return in.NoneOf("{}", to); }) ||
        !in.String("}")) {
      return false;
    }
    to->push_back('}');
    return true;
  };
  return ReadElement(in, to, [&] { return in.Try(array); });
}

class OperationReader {
 public:
  OperationReader(GrammarReader* in, ValueRule value, Filter* filter)
      : in_(*in), value_(value), filter_(*filter) {}

  bool Read() {
    bool negated = false;
    const bool read = in_.Optional(
        [&] { return in_.Try([&] { return in_.String("not") && ReadDot(in_); }); },
        &negated);
    filter_.negated = negated;
    return read && in_.Named("operator (eq, gt, ...)", [&] { return Operation(); });
  }

 private:
  bool Operation() {
    return in_.Either({[&] { return In(); }, [&] { return Is(); },
                       [&] { return Distinct(); },
                       [&] { return in_.Try([&] { return Search(); }); },
                       [&] { return in_.Try([&] { return Simple(); }); },
                       [&] { return in_.Try([&] { return Quantified(); }); }});
  }

  bool WordAndDot(const char* word) {
    return in_.Try([&] { return in_.String(word) && ReadDot(in_); });
  }

  bool In() {
    if (!WordAndDot("in")) return false;
    filter_.operation = FilterOperator::kIn;
    const auto element = [&] {
      std::string value;
      if (!ReadElement(in_, &value)) return false;
      filter_.values.push_back(std::move(value));
      return true;
    };
    return in_.Lexeme([&] { return in_.Char('('); }) &&
           in_.SeparatedBy(element, [&] { return in_.Char(','); }) &&
           in_.Lexeme([&] { return in_.Char(')'); });
  }

  bool AnyCase(std::string_view word) {
    return std::ranges::all_of(word, [&](char c) {
      const char upper = c == '_' ? c : static_cast<char>(c - 'a' + 'A');
      return in_.Either({[&] { return in_.Char(c); }, [&] { return in_.Char(upper); }});
    });
  }

  bool Is() {
    if (!WordAndDot("is")) return false;
    return in_.Named("isVal: (null, not_null, true, false, unknown)", [&] {
      std::vector<GrammarReader::Rule> words;
      for (const OperatorWord& is : kIs) {
        words.emplace_back([this, &is] {
          filter_.operation = is.operation;
          return in_.Try([&] { return AnyCase(is.word); });
        });
      }
      return in_.Either(words);
    });
  }

  bool Distinct() {
    if (!WordAndDot("isdistinct")) return false;
    filter_.operation = FilterOperator::kDistinct;
    return value_(in_, &filter_.value);
  }

  template <typename Words>
  bool OneOf(const Words& words) {
    std::vector<GrammarReader::Rule> rules;
    for (const OperatorWord& each : words) {
      rules.emplace_back([this, &each] {
        filter_.operation = each.operation;
        return in_.Try([&] { return in_.String(each.word); });
      });
    }
    return in_.Either(rules);
  }

  bool Search() {
    if (!OneOf(kSearches)) return false;
    std::string language;
    bool found = false;
    const bool read = in_.Optional(
        [&] {
          return in_.Try([&] {
            return in_.Char('(') && ReadIdentifier(in_, &language) && in_.Char(')');
          });
        },
        &found);
    if (found) filter_.language = Stripped(language);
    return read && ReadDot(in_) && value_(in_, &filter_.value);
  }

  bool Simple() { return OneOf(kSimple) && ReadDot(in_) && value_(in_, &filter_.value); }

  bool Quantified() {
    if (!OneOf(kQuantified)) return false;
    const auto quantifier = [&](const char* word, Quantifier to) {
      if (!in_.Try([&] { return in_.String(word); })) return false;
      filter_.quantifier = to;
      return true;
    };
    bool found = false;
    const bool read = in_.Optional(
        [&] {
          return in_.Try([&] {
            return in_.Char('(') &&
                   in_.Either({[&] { return quantifier("any", Quantifier::kAny); },
                               [&] { return quantifier("all", Quantifier::kAll); }}) &&
                   in_.Char(')');
          });
        },
        &found);
    if (!found) filter_.quantifier = Quantifier::kNone;
    return read && ReadDot(in_) && value_(in_, &filter_.value);
  }

  GrammarReader& in_;
  const ValueRule value_;
  Filter& filter_;
};

class LogicReader {
 public:
  LogicReader(GrammarReader* in, NestingLimit limit) : in_(*in), limit_(limit) {}

  bool Read(LogicTree* tree) {
    return in_.Either({[&] { return in_.Try([&] { return Leaf(tree); }); },
                       [&] { return Branch(tree); }});
  }

 private:
  bool Leaf(LogicTree* tree) {
    Filter filter;
    if (!ReadField(in_, &filter.field) || !ReadDot(in_)) return false;
    if (!OperationReader(&in_, ReadLogicValue, &filter).Read()) return false;
    tree->filter = std::move(filter);
    return true;
  }

  bool Branch(LogicTree* tree) {
    bool negated = false;
    const bool begun = in_.Named("negation operator (not)", [&] {
      return in_.Optional(
          [&] { return in_.Try([&] { return in_.String("not") && ReadDot(in_); }); },
          &negated);
    });
    if (!begun || !Operator(tree)) return false;
    tree->negated = negated;
    if (limit_.left-- <= 0) {
      throw ApiError(400, "PGRST100", "The logic tree is nested too deeply");
    }
    const bool read = Parts(tree);
    ++limit_.left;
    return read;
  }

  bool Operator(LogicTree* tree) {
    return in_.Named("logic operator (and, or)", [&] {
      return in_.Either({[&] { return in_.Try([&] { return in_.String("and"); }); },
                         [&] {
                           tree->any = true;
                           return in_.String("or");
                         }});
    });
  }

  bool Parts(LogicTree* tree) {
    const auto part = [&] {
      LogicTree read;
      if (!Read(&read)) return false;
      tree->parts.push_back(std::move(read));
      return true;
    };
    const auto sign = [&](char c) { return in_.Lexeme([&] { return in_.Char(c); }); };
    return sign('(') && in_.SeparatedBy(part, [&] { return sign(','); }) && sign(')');
  }

  GrammarReader& in_;
  NestingLimit limit_;
};

}  // namespace

std::pair<EmbedPath, Field> ParseTreePath(std::string_view text) {
  GrammarReader in(text, fmt::format("failed to parse tree path ({})", text));
  EmbedPath path;
  Field field;
  const auto name = [&] {
    std::string part;
    if (!ReadFieldName(in, &part)) return false;
    path.push_back(std::move(part));
    return true;
  };
  const bool read = in.SeparatedBy(name, [&] { return ReadDot(in); }) &&
                    in.Optional([&] { return ReadJsonPath(in, &field); });
  if (!read) in.Throw();
  field.name = std::move(path.back());
  path.pop_back();
  return {std::move(path), std::move(field)};
}

Filter ParseFilter(std::string_view text) {
  GrammarReader in(text, fmt::format("failed to parse filter ({})", text));
  Filter filter;
  if (!OperationReader(&in, ReadWholeValue, &filter).Read()) in.Throw();
  return filter;
}

bool IsFilter(std::string_view text) {
  // Its operator ends with one.
  if (text.find('.') == text.npos) return false;
  GrammarReader in(text, "");
  Filter filter;
  try {
    return OperationReader(&in, ReadWholeValue, &filter).Read();
  } catch (const ApiError&) {
    return false;
  }
}

std::pair<EmbedPath, LogicTree> ParseLogic(std::string_view key, std::string_view value,
                                           NestingLimit limit) {
  GrammarReader keys(key, fmt::format("failed to parse logic path ({})", key));
  EmbedPath path;
  bool negated = false;
  const auto name = [&] {
    std::string part;
    if (!ReadFieldName(keys, &part)) return false;
    path.push_back(std::move(part));
    return true;
  };
  if (!keys.SeparatedBy(name, [&] { return ReadDot(keys); })) keys.Throw();
  std::string text = path.back();
  path.pop_back();
  negated = std::erase(path, "not") > 0;
  text = (negated ? "not." : "") + text + std::string(value);
  GrammarReader in(text, fmt::format("failed to parse logic tree ({})", value));
  LogicTree tree;
  if (!LogicReader(&in, limit).Read(&tree)) in.Throw();
  return {std::move(path), std::move(tree)};
}

}  // namespace shoestring
