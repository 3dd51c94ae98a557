#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "sql/text_configuration.h"

namespace shoestring {

/// What a text is searched for: what Postgres calls a tsquery.
struct TextQuery {
  enum class Kind {
    kNothing,  ///< Nothing but stop words was asked for: no text matches.
    kLexeme,
    kNot,  ///< One part, as the two or more of those that follow.
    kAnd,
    kOr,
    kPhrase,  ///< Parts one after the other.
  };
  Kind kind = Kind::kNothing;
  std::string lexeme;
  bool prefix = false;  ///< kLexeme: and all that begin with it.
  std::vector<TextQuery> parts;
  /// kPhrase: from the part before to each part; 1 is next to it. 0 for the first.
  std::vector<int> distances;
};

/// How a query is read, by the names of Postgres' functions.
enum class TextQueryForm {
  kQuery,      ///< to_tsquery: & | ! <-> <2> ( ) and :*
  kPlain,      ///< plainto_tsquery: all words.
  kPhrase,     ///< phraseto_tsquery: the words one after the other.
  kWebSearch,  ///< websearch_to_tsquery: "phrases", or, -not; never wrong.
};

/// Throws kInvalidArgument, with SQLSTATE 42601, for what is no query, and kUnsupported
/// for weights, and for negations in phrases.
TextQuery ReadTextQuery(TextQueryForm form, std::string_view text,
                        const TextConfiguration& configuration);

/// As Postgres writes it: 'fat' <-> 'cat' & !'dog':*
std::string FormatTextQuery(const TextQuery& query);
/// Reads the same: its words are lexemes already. Throws as ReadTextQuery.
TextQuery ParseTextQuery(std::string_view text);

}  // namespace shoestring
