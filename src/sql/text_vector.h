#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sql/text_configuration.h"

namespace shoestring {

/// The lexemes of a text, and where in it each is: what Postgres calls a tsvector.
using TextVector = std::map<std::string, std::vector<int>, std::less<>>;

TextVector VectorOfText(const TextConfiguration& configuration, std::string_view text);
/// Of all strings in a JSON document. Throws kData for what is none.
TextVector VectorOfJson(const TextConfiguration& configuration, std::string_view json);

/// As Postgres writes it: 'cat':3 'fat':2,11
std::string FormatTextVector(const TextVector& vector);
/// Reads the same; the weights of positions are passed over. Throws kData.
TextVector ParseTextVector(std::string_view text);

/// 'cat', with ' and \ doubled.
std::string QuoteLexeme(std::string_view lexeme);

}  // namespace shoestring
