#include "api/field_grammar.h"

#include <charconv>

#include "api/api_error.h"

namespace shoestring {

namespace {

/// One or more of `part`, with dashes between them that begin no arrow.
bool ReadDashed(GrammarReader& in, const std::function<bool(std::string*)>& part,
                std::string* to) {
  std::string piece;
  const auto read = [&] {
    piece.clear();
    if (!part(&piece)) return false;
    to->append(Stripped(piece));
    return true;
  };
  const auto dash = [&] {
    if (!in.Try([&] {
          return in.Char('-') && in.NotFollowedBy([&] { return in.Char('>'); });
        })) {
      return false;
    }
    to->push_back('-');
    return true;
  };
  return in.SeparatedBy(read, dash);
}

bool ReadJsonKey(GrammarReader& in, std::string* to) {
  const auto part = [&](std::string* piece) {
    const auto one = [&] { return in.NoneOf("(-:.,>)", piece); };
    return one() && in.Many(one);
  };
  return in.Named("any non reserved character different from: .,>()", [&] {
    return in.Either(
        {[&] { return ReadQuoted(in, to); }, [&] { return ReadDashed(in, part, to); }});
  });
}

/// Digits that end where a place in an array does.
bool ReadJsonIndex(GrammarReader& in, std::string* to) {
  bool negative = false;
  if (!in.Optional([&] { return in.Char('-'); }, &negative)) return false;
  if (negative) to->push_back('-');
  const auto digit = [&] { return in.Digit(to); };
  if (!digit() || !in.Many(digit)) return false;
  const auto ahead = [&](std::string_view text) {
    return in.Try([&] { return in.LookAhead([&] { return in.String(text); }); });
  };
  return in.Either({[&] { return ahead("->"); }, [&] { return ahead("::"); },
                    [&] { return ahead("."); }, [&] { return ahead(","); },
                    [&] { return in.Try([&] { return in.End(); }); }});
}

JsonStep StepOf(const std::string& index) {
  int64_t place = 0;
  const auto [end, error] =
      std::from_chars(index.data(), index.data() + index.size(), place);
  if (error == std::errc() && place >= INT32_MIN && place <= INT32_MAX) return place;
  throw ApiError(400, "22003",
                 fmt::format("value \"{}\" is out of range for type integer", index));
}

bool ReadJsonStep(GrammarReader& in, Field* field) {
  bool text = false;
  const bool arrow = in.Either({[&] {
                                  text = in.Try([&] { return in.String("->>"); });
                                  return text;
                                },
                                [&] { return in.Try([&] { return in.String("->"); }); }});
  if (!arrow) return false;
  std::string index;
  std::string key;
  const bool is_index = in.Try([&] {
    index.clear();
    return ReadJsonIndex(in, &index);
  });
  if (!is_index && !in.Try([&] { return ReadJsonKey(in, &key); })) return false;
  field->text_early = field->text_early || field->as_text;
  field->as_text = text;
  field->path.push_back(is_index ? StepOf(index) : JsonStep(key));
  return true;
}

}  // namespace

std::string Stripped(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\n\r\f\v");
  if (begin == text.npos) return "";
  return std::string(
      text.substr(begin, text.find_last_not_of(" \t\n\r\f\v") + 1 - begin));
}

bool ReadIdentifier(GrammarReader& in, std::string* to) {
  const auto one = [&] {
    return in.Either({[&] { return in.Letter(to); }, [&] { return in.Digit(to); },
                      [&] { return in.OneOf("_ $", to); }});
  };
  return one() && in.Many(one);
}

bool ReadQuoted(GrammarReader& in, std::string* to) {
  const auto character = [&] {
    return in.Either({[&] { return in.NoneOf("\\\"", to); },
                      [&] { return in.Char('\\') && in.AnyChar(to); }});
  };
  return in.Char('"') && in.Many(character) && in.Char('"');
}

bool ReadFieldName(GrammarReader& in, std::string* to) {
  const auto part = [&](std::string* piece) { return ReadIdentifier(in, piece); };
  return in.Named("field name (* or [a..z0..9_$])", [&] {
    return in.Either(
        {[&] { return ReadQuoted(in, to); }, [&] { return ReadDashed(in, part, to); }});
  });
}

bool ReadJsonPath(GrammarReader& in, Field* field) {
  return in.Many([&] { return ReadJsonStep(in, field); });
}

bool ReadField(GrammarReader& in, Field* field) {
  return in.Lexeme([&] {
    return ReadFieldName(in, &field->name) &&
           in.Optional([&] { return ReadJsonPath(in, field); });
  });
}

bool ReadDot(GrammarReader& in) {
  return in.Named("delimiter (.)", [&] { return in.Char('.'); });
}

}  // namespace shoestring
