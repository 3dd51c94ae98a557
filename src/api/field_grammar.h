#pragma once

#include <string>

#include "api/grammar_reader.h"
#include "api/request_query.h"

namespace shoestring {

/// What select=, filters and order= have in common.
bool ReadIdentifier(GrammarReader& in, std::string* to);
bool ReadQuoted(GrammarReader& in, std::string* to);
bool ReadFieldName(GrammarReader& in, std::string* to);
bool ReadJsonPath(GrammarReader& in, Field* field);
/// A name and a path, with spaces around them.
bool ReadField(GrammarReader& in, Field* field);
bool ReadDot(GrammarReader& in);

/// "  a b " as "a b".
std::string Stripped(std::string_view text);

}  // namespace shoestring
