#pragma once

#include <string_view>

namespace shoestring {

/// The file of DejaVu Sans, which is part of the program: a machine may have no font.
std::string_view PictureFont();

}  // namespace shoestring
