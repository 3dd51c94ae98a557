#include <fmt/format.h>

#include "correlate/picture.h"

namespace shoestring {

namespace {

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (const char c : text) {
    switch (c) {
      case '&': escaped += "&amp;"; break;
      case '<': escaped += "&lt;"; break;
      case '>': escaped += "&gt;"; break;
      case '"': escaped += "&quot;"; break;
      default:
        // XML has no other control characters, not even escaped.
        if (static_cast<uint8_t>(c) >= 0x20 || c == '\t' || c == '\n') escaped += c;
    }
  }
  return escaped;
}

std::string Hex(const Color& color) {
  return fmt::format("#{:02x}{:02x}{:02x}", color.red, color.green, color.blue);
}

const char* AnchorName(Label::Anchor anchor) {
  switch (anchor) {
    case Label::Anchor::kStart: return "start";
    case Label::Anchor::kMiddle: return "middle";
    case Label::Anchor::kEnd: return "end";
  }
  return "";
}

std::string Element(const Rectangle& of) {
  const std::string begin =
      fmt::format(R"(<rect x="{}" y="{}" width="{}" height="{}" fill="{}")", of.x, of.y,
                  of.width, of.height, Hex(of.color));
  if (of.title.empty()) return begin + "/>\n";
  return fmt::format("{}><title>{}</title></rect>\n", begin, Escaped(of.title));
}

std::string Element(const Label& of) {
  const std::string turned =
      of.upwards ? fmt::format(" transform=\"rotate(-90 {} {})\"", of.x, of.y) : "";
  return fmt::format(
      R"(<text x="{}" y="{}" font-size="{}" text-anchor="{}" fill="{}"{}>{}</text>)"
      "\n",
      of.x, of.y, of.size, AnchorName(of.anchor), Hex(of.color), turned,
      Escaped(of.text));
}

}  // namespace

std::string WriteSvg(const Picture& picture) {
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"{1}\" "
      "viewBox=\"0 0 {0} {1}\" font-family=\"DejaVu Sans, Verdana, sans-serif\">\n"
      "<title>{2}</title>\n<rect width=\"{0}\" height=\"{1}\" fill=\"#ffffff\"/>\n",
      picture.width, picture.height, Escaped(picture.title));
  for (const Rectangle& rectangle : picture.rectangles) svg += Element(rectangle);
  for (const Label& label : picture.labels) svg += Element(label);
  return svg + "</svg>\n";
}

}  // namespace shoestring
