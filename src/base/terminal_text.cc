#include "base/terminal_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <iterator>

#include "base/utf8.h"

namespace shoestring {

namespace {

// One UTF-8 character off the front; a byte that starts none counts as itself.
char32_t TakeCharacter(std::string_view* text) {
  const auto first = static_cast<uint8_t>(text->front());
  const size_t length = first < 0xC0 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
  if (length == 1 || length > text->size()) {
    text->remove_prefix(1);
    return first;
  }
  char32_t character = first & (0xFF >> (length + 1));
  for (size_t i = 1; i < length; ++i) {
    character = character << 6 | (static_cast<uint8_t>((*text)[i]) & 0x3F);
  }
  text->remove_prefix(length);
  return character;
}

bool IsControl(char32_t character) {
  return character < 0x20 || (character >= 0x7F && character < 0xA0);
}

// Columns that terminals give a character: none to combining marks, two to East Asian
// wide ones and emoji.
int CharacterWidth(char32_t character) {
  struct Range {
    char32_t first;
    char32_t last;
  };
  constexpr std::array<Range, 9> kNone = {{{0x300, 0x36F},
                                           {0x483, 0x489},
                                           {0x591, 0x5BD},
                                           {0x610, 0x61A},
                                           {0x64B, 0x65F},
                                           {0x200B, 0x200F},
                                           {0x20D0, 0x20FF},
                                           {0xFE00, 0xFE0F},
                                           {0xFE20, 0xFE2F}}};
  constexpr std::array<Range, 10> kWide = {{{0x1100, 0x115F},
                                            {0x2E80, 0x303E},
                                            {0x3041, 0xA4CF},
                                            {0xAC00, 0xD7A3},
                                            {0xF900, 0xFAFF},
                                            {0xFE30, 0xFE6F},
                                            {0xFF00, 0xFF60},
                                            {0xFFE0, 0xFFE6},
                                            {0x1F300, 0x1FAFF},
                                            {0x20000, 0x3FFFD}}};
  const auto within = [character](const Range& range) {
    return character >= range.first && character <= range.last;
  };
  if (std::any_of(kNone.begin(), kNone.end(), within)) return 0;
  return std::any_of(kWide.begin(), kWide.end(), within) ? 2 : 1;
}

}  // namespace

int DisplayWidth(std::string_view text) {
  int width = 0;
  while (!text.empty()) width += CharacterWidth(TakeCharacter(&text));
  return width;
}

std::string Printable(std::string_view text) {
  std::string printable;
  while (!text.empty()) {
    const std::string_view before = text;
    const char32_t character = TakeCharacter(&text);
    if (!IsControl(character) || character == '\n') {
      printable.append(before.substr(0, before.size() - text.size()));
    } else if (character == '\t') {
      printable.append("\\t");
    } else if (character == '\r') {
      printable.append("\\r");
    } else {
      fmt::format_to(std::back_inserter(printable), "\\x{:02X}",
                     static_cast<uint32_t>(character));
    }
  }
  return printable;
}

std::string InQuotes(std::string_view text) {
  std::string quoted = "\"";
  while (!text.empty()) {
    const Utf8Character first = FirstCharacter(text);
    const std::string_view bytes = text.substr(0, std::max<size_t>(first.bytes, 1));
    text.remove_prefix(bytes.size());
    if (first.bytes > 0 && !IsControl(first.point)) {
      if (bytes == "\"" || bytes == "\\") quoted += '\\';
      quoted += bytes;
      continue;
    }
    for (const char byte : bytes) {
      fmt::format_to(std::back_inserter(quoted), "\\x{:02x}", static_cast<uint8_t>(byte));
    }
  }
  return quoted + '"';
}

std::string CutToWidth(std::string_view text, int width) {
  if (DisplayWidth(text) <= width) return std::string(text);
  std::string cut;
  int used = 0;
  while (!text.empty()) {
    const std::string_view before = text;
    used += CharacterWidth(TakeCharacter(&text));
    if (used > width - 1) break;
    cut.append(before.substr(0, before.size() - text.size()));
  }
  return cut + "…";
}

std::string AlignColumns(const std::vector<std::vector<std::string>>& lines,
                         size_t left_at_end) {
  std::vector<int> widths;
  for (const auto& line : lines) {
    widths.resize(std::max(widths.size(), line.size()));
    for (size_t i = 0; i < line.size(); ++i) {
      widths[i] = std::max(widths[i], DisplayWidth(line[i]));
    }
  }
  std::string text;
  for (const auto& line : lines) {
    std::string row;
    for (size_t i = 0; i < line.size(); ++i) {
      const std::string blanks(static_cast<size_t>(widths[i] - DisplayWidth(line[i])),
                               ' ');
      const bool right = i > 0 && i + left_at_end < line.size();
      row += (i > 0 ? "  " : "") + (right ? blanks + line[i] : line[i] + blanks);
    }
    text += row.substr(0, row.find_last_not_of(' ') + 1) + "\n";
  }
  return text;
}

}  // namespace shoestring
