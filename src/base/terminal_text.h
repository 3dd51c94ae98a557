#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoestring {

/// Columns that UTF-8 text takes on a terminal: none for combining marks, two for East
/// Asian wide characters and emoji.
int DisplayWidth(std::string_view text);

/// Escapes what would move a terminal's cursor or change its state, as \x1B; line feeds
/// stay. Whatever comes out of a database goes through this on its way to people.
std::string Printable(std::string_view text);

/// A text in double quotes, whatever its bytes: those that are no UTF-8, or would not be
/// seen, as \x1b. (For some of them fmt's {:?} ends the program.)
std::string InQuotes(std::string_view text);

/// The beginning of a text with an ellipsis, where it is wider than that.
std::string CutToWidth(std::string_view text, int width);

/// Lines of cells as columns, each as wide as its widest cell. The first column and the
/// last `left_at_end` are aligned to the left, the others, numbers, to the right.
std::string AlignColumns(const std::vector<std::vector<std::string>>& lines,
                         size_t left_at_end);

}  // namespace shoestring
