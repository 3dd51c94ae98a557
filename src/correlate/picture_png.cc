#include <ft2build.h>
#include FT_FREETYPE_H
#include <png.h>

#include <algorithm>
#include <memory>

#include "base/error.h"
#include "correlate/picture.h"
#include "correlate/picture_font.h"

namespace shoestring {

namespace {

constexpr int kChannels = 3;

/// FreeType counts in 64ths of a pixel.
constexpr int kPixel = 64;

void Check(FT_Error error, const char* what) {
  if (error != 0) throw Fail(ErrorKind::kInternal, "FreeType cannot {}: {}", what, error);
}

class Canvas {
 public:
  Canvas(int width, int height)
      : width_(width),
        height_(height),
        pixels_(static_cast<size_t>(width) * height * kChannels, UINT8_MAX) {}

  void Fill(int x, int y, int width, int height, const Color& color) {
    for (int row = std::max(y, 0); row < std::min(y + height, height_); ++row) {
      for (int column = std::max(x, 0); column < std::min(x + width, width_); ++column) {
        Blend(column, row, color, UINT8_MAX);
      }
    }
  }

  /// `coverage`: how much of the pixel the color has, of 255.
  void Blend(int x, int y, const Color& color, int coverage) {
    if (x < 0 || y < 0 || x >= width_ || y >= height_) return;
    uint8_t* pixel = &pixels_[(static_cast<size_t>(y) * width_ + x) * kChannels];
    const auto mix = [&](uint8_t* channel, uint8_t with) {
      *channel = static_cast<uint8_t>(
          (*channel * (UINT8_MAX - coverage) + with * coverage) / UINT8_MAX);
    };
    mix(pixel, color.red);
    mix(pixel + 1, color.green);
    mix(pixel + 2, color.blue);
  }

  std::string Encode() const {
    png_image image{};
    image.version = PNG_IMAGE_VERSION;
    image.width = static_cast<png_uint_32>(width_);
    image.height = static_cast<png_uint_32>(height_);
    image.format = PNG_FORMAT_RGB;
    image.flags = PNG_IMAGE_FLAG_FAST;
    size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
    std::string png(size, '\0');
    if (png_image_write_to_memory(&image, png.data(), &size, 0, pixels_.data(), 0,
                                  nullptr) == 0) {
      throw Fail(ErrorKind::kInternal, "libpng cannot write: {}", image.message);
    }
    png.resize(size);
    return png;
  }

 private:
  const int width_;
  const int height_;
  std::vector<uint8_t> pixels_;
};

/// The code points of UTF-8; '?' for what is none.
std::u32string Decode(const std::string& text) {
  std::u32string decoded;
  for (size_t i = 0; i < text.size();) {
    const auto first = static_cast<uint8_t>(text[i++]);
    const int more = first < 0x80 ? 0 : first < 0xE0 ? 1 : first < 0xF0 ? 2 : 3;
    char32_t point = more == 0 ? first : first & (0x3F >> more);
    bool good = first < 0x80 || (first >= 0xC2 && first < 0xF5);
    for (int k = 0; good && k < more; ++k) {
      good = i < text.size() && (static_cast<uint8_t>(text[i]) & 0xC0) == 0x80;
      if (good) point = point << 6 | (static_cast<uint8_t>(text[i++]) & 0x3F);
    }
    decoded.push_back(good ? point : U'?');
  }
  return decoded;
}

class TextPainter {
 public:
  explicit TextPainter(Canvas* canvas) : canvas_(*canvas) {
    FT_Library library = nullptr;
    Check(FT_Init_FreeType(&library), "begin");
    library_.reset(library);
    const std::string_view font = PictureFont();
    FT_Face face = nullptr;
    Check(FT_New_Memory_Face(library, reinterpret_cast<const FT_Byte*>(font.data()),
                             static_cast<FT_Long>(font.size()), 0, &face),
          "read the font");
    face_.reset(face);
  }

  void Paint(const Label& label, int scale) {
    Check(FT_Set_Pixel_Sizes(face_.get(), 0, static_cast<FT_UInt>(label.size * scale)),
          "set a size");
    const std::u32string text = Decode(label.text);
    const FT_Pos before = label.anchor == Label::Anchor::kStart    ? 0
                          : label.anchor == Label::Anchor::kMiddle ? Width(text) / 2
                                                                   : Width(text);
    FT_Vector pen{label.x * scale * kPixel, -label.y * scale * kPixel};
    (label.upwards ? pen.y : pen.x) -= before;
    FT_Matrix upwards{0, -0x10000, 0x10000, 0};
    for (const char32_t point : text) {
      FT_Set_Transform(face_.get(), label.upwards ? &upwards : nullptr, &pen);
      Load(point);
      Paint(*face_->glyph, label.color);
      pen.x += face_->glyph->advance.x;
      pen.y += face_->glyph->advance.y;
    }
  }

 private:
  void Load(char32_t point) {
    Check(FT_Load_Char(face_.get(), point, FT_LOAD_RENDER | FT_LOAD_NO_HINTING),
          "draw a letter");
  }

  FT_Pos Width(const std::u32string& text) {
    FT_Set_Transform(face_.get(), nullptr, nullptr);
    FT_Pos width = 0;
    for (const char32_t point : text) {
      Load(point);
      width += face_->glyph->advance.x;
    }
    return width;
  }

  void Paint(const FT_GlyphSlotRec& glyph, const Color& color) {
    const FT_Bitmap& bitmap = glyph.bitmap;
    for (unsigned row = 0; row < bitmap.rows; ++row) {
      const uint8_t* line = bitmap.buffer + static_cast<ptrdiff_t>(row) * bitmap.pitch;
      for (unsigned column = 0; column < bitmap.width; ++column) {
        canvas_.Blend(glyph.bitmap_left + static_cast<int>(column),
                      -glyph.bitmap_top + static_cast<int>(row), color, line[column]);
      }
    }
  }

  struct Closer {
    void operator()(FT_Library library) const { FT_Done_FreeType(library); }
    void operator()(FT_Face face) const { FT_Done_Face(face); }
  };

  Canvas& canvas_;
  std::unique_ptr<FT_LibraryRec_, Closer> library_;
  std::unique_ptr<FT_FaceRec_, Closer> face_;
};

}  // namespace

std::string WritePng(const Picture& picture, int scale) {
  Canvas canvas(picture.width * scale, picture.height * scale);
  for (const Rectangle& of : picture.rectangles) {
    canvas.Fill(of.x * scale, of.y * scale, of.width * scale, of.height * scale,
                of.color);
  }
  TextPainter painter(&canvas);
  for (const Label& label : picture.labels) painter.Paint(label, scale);
  return canvas.Encode();
}

}  // namespace shoestring
