#include "correlate/picture_font.h"

// SHOESTRING_FONT: the file's path, from CMake.
asm(".section .rodata\n"
    "shoestring_font: .incbin \"" SHOESTRING_FONT
    "\"\n"
    "shoestring_font_end: .byte 0\n"
    ".globl shoestring_font\n"
    ".globl shoestring_font_end\n"
    ".previous\n");

extern "C" const char shoestring_font[];
extern "C" const char shoestring_font_end[];

namespace shoestring {

std::string_view PictureFont() {
  return {shoestring_font, static_cast<size_t>(shoestring_font_end - shoestring_font)};
}

}  // namespace shoestring
