#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace shoestring {

struct Color {
  uint8_t red = 0;
  uint8_t green = 0;
  uint8_t blue = 0;
  bool operator==(const Color&) const = default;
};

struct Rectangle {
  int x = 0;
  int y = 0;
  int width = 0;
  int height = 0;
  Color color;
  std::string title;  ///< What a viewer of SVG shows when it is pointed at.
};

struct Label {
  enum class Anchor { kStart, kMiddle, kEnd };
  int x = 0;
  int y = 0;  ///< Of the line that letters stand on, at the anchor.
  int size = 0;
  std::string text;
  Anchor anchor = Anchor::kStart;
  bool upwards = false;  ///< Written from below to above.
  Color color;
};

/// Rectangles and labels on white, in pixels from the upper left corner: all that it
/// takes to draw a matrix.
struct Picture {
  int width = 0;
  int height = 0;
  std::string title;
  std::vector<Rectangle> rectangles;
  std::vector<Label> labels;
};

std::string WriteSvg(const Picture& picture);

/// Each pixel becomes `scale` by `scale` of them.
std::string WritePng(const Picture& picture, int scale);

}  // namespace shoestring
