#include "correlate/picture.h"

#include <gmock/gmock.h>
#include <png.h>

#include "correlate/matrix_picture.h"

namespace shoestring {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::StartsWith;

constexpr Color kRed = {255, 0, 0};
constexpr Color kBlack = {0, 0, 0};
constexpr Color kWhite = {255, 255, 255};

/// A PNG's pixels, as libpng reads them.
class Decoded {
 public:
  explicit Decoded(const std::string& png) {
    image_.version = PNG_IMAGE_VERSION;
    EXPECT_NE(png_image_begin_read_from_memory(&image_, png.data(), png.size()), 0);
    image_.format = PNG_FORMAT_RGB;
    pixels_.resize(PNG_IMAGE_SIZE(image_));
    EXPECT_NE(png_image_finish_read(&image_, nullptr, pixels_.data(), 0, nullptr), 0);
  }

  int width() const { return static_cast<int>(image_.width); }
  int height() const { return static_cast<int>(image_.height); }

  Color At(int x, int y) const {
    const uint8_t* pixel = &pixels_[(static_cast<size_t>(y) * image_.width + x) * 3];
    return {pixel[0], pixel[1], pixel[2]};
  }

  /// How many pixels of the area are not white.
  int Inked(int x, int y, int width, int height) const {
    int inked = 0;
    for (int row = y; row < y + height; ++row) {
      for (int column = x; column < x + width; ++column) {
        if (At(column, row) != kWhite) ++inked;
      }
    }
    return inked;
  }

 private:
  png_image image_{};
  std::vector<uint8_t> pixels_;
};

Picture Drawn() {
  Picture picture{.width = 100, .height = 80, .title = "a < b"};
  picture.rectangles = {{10, 20, 30, 5, kRed, "R&D"}};
  picture.labels = {{.x = 50,
                     .y = 60,
                     .size = 12,
                     .text = "<Fünd>",
                     .anchor = Label::Anchor::kEnd,
                     .color = kBlack},
                    {.x = 70, .y = 60, .size = 12, .text = "up", .upwards = true}};
  return picture;
}

TEST(Svg, HasItAllEscaped) {
  const std::string svg = WriteSvg(Drawn());
  EXPECT_THAT(svg, StartsWith("<svg xmlns="));
  EXPECT_THAT(svg, EndsWith("</svg>\n"));
  EXPECT_THAT(svg, HasSubstr("<title>a &lt; b</title>"));
  EXPECT_THAT(svg, HasSubstr("<rect x=\"10\" y=\"20\" width=\"30\" height=\"5\" "
                             "fill=\"#ff0000\"><title>R&amp;D</title></rect>"));
  EXPECT_THAT(svg, HasSubstr("text-anchor=\"end\" fill=\"#000000\">&lt;Fünd&gt;</text>"));
  EXPECT_THAT(svg, HasSubstr("transform=\"rotate(-90 70 60)\""));
}

TEST(Png, HasTheRectangles) {
  const Decoded png(WritePng(Drawn(), 2));
  EXPECT_EQ(png.width(), 200);
  EXPECT_EQ(png.height(), 160);
  EXPECT_EQ(png.At(20, 40), kRed);
  EXPECT_EQ(png.At(79, 49), kRed);
  EXPECT_EQ(png.At(80, 49), kWhite);
  EXPECT_EQ(png.At(19, 40), kWhite);
}

TEST(Png, HasTheLabelsWhereTheyBelong) {
  const Decoded png(WritePng(Drawn(), 1));
  EXPECT_GT(png.Inked(5, 48, 45, 12), 60);   // ends at 50
  EXPECT_EQ(png.Inked(51, 30, 8, 40), 0);    // a gap between the two
  EXPECT_GT(png.Inked(60, 44, 12, 16), 20);  // upwards from 60, left of 70
}

TEST(Png, TakesTextsThatAreNoUtf8AndRectanglesBeyondTheEdge) {
  Picture picture{.width = 10, .height = 10};
  picture.rectangles = {{-5, -5, 100, 100, kRed, ""}};
  picture.labels = {{.x = 0, .y = 9, .size = 8, .text = "\xff\xc3"}};
  EXPECT_EQ(Decoded(WritePng(picture, 1)).At(9, 0), kRed);
}

TEST(ScoreColor, GoesFromBlueOverWhiteToRed) {
  EXPECT_EQ(ScoreColor(-1), (Color{33, 102, 172}));
  EXPECT_EQ(ScoreColor(0), kWhite);
  EXPECT_EQ(ScoreColor(1), (Color{178, 24, 43}));
}

TEST(MatrixPicture, CanBeReadWith139Funds) {
  constexpr size_t kFunds = 139;
  Matrix matrix{.funds = std::vector<std::string>(kFunds, "Some Investment Fund")};
  matrix.cells.resize(kFunds * kFunds);
  const Picture picture = DrawMatrix(matrix, Cluster(matrix));
  EXPECT_LT(picture.width, 2500);
  EXPECT_EQ(picture.labels.size(), 2 * kFunds + 5);
  for (const Label& label : picture.labels) EXPECT_GE(label.size, 10);
  for (const Rectangle& of : picture.rectangles) {
    EXPECT_LE(of.x + of.width, picture.width);
    EXPECT_LE(of.y + of.height, picture.height);
  }
}

TEST(MatrixPicture, HasASquareForEachPairAndEachNameTwice) {
  Matrix matrix{.quarter = {2024, 3}, .funds = {"first", "second", "third"}};
  for (int i = 0; i < 9; ++i) matrix.cells.push_back({.score = i % 4 == 0 ? 1 : 0.25});
  const std::string svg = WriteSvg(DrawMatrix(matrix, Cluster(matrix)));
  EXPECT_THAT(svg, HasSubstr("How alike 3 funds are, 2024-Q3"));
  EXPECT_THAT(svg,
              HasSubstr("<title>second and third: 0.25, 0 tickers in common</title>"));
  size_t names = 0;
  for (size_t at = svg.find(">first</text>"); at != svg.npos;
       at = svg.find(">first</text>", at + 1)) {
    ++names;
  }
  EXPECT_EQ(names, 2);
}

}  // namespace
}  // namespace shoestring
