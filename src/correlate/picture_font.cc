#include "correlate/picture_font.h"

// SHOESTRING_FONT: the file's path, from CMake.
asm(".section .rodata\n"
    "kShoestringFont: .incbin \"" SHOESTRING_FONT
    "\"\n"
    "kShoestringFontEnd: .byte 0\n"
    ".globl kShoestringFont\n"
    ".globl kShoestringFontEnd\n"
    ".previous\n");

extern "C" const char kShoestringFont[];
extern "C" const char kShoestringFontEnd[];

namespace shoestring {

std::string_view PictureFont() {
  return {kShoestringFont, static_cast<size_t>(kShoestringFontEnd - kShoestringFont)};
}

}  // namespace shoestring
