#include "correlate/matrix_picture.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>

namespace shoestring {

namespace {

constexpr int kMargin = 24;
constexpr int kGap = 8;
constexpr int kTitleSize = 20;
constexpr int kTextSize = 13;
constexpr int kHeadHeight = 72;
constexpr int kTreeWidth = 120;
/// What all squares of a row take together, as long as each stays between these.
constexpr int kComfortableWidth = 1000;
constexpr int kSmallestSquare = 12;
constexpr int kLargestSquare = 48;
constexpr int kSquareForScore = 34;
/// With more funds the titles of their pairs would be most of the file.
constexpr size_t kTitledFunds = 200;

constexpr Color kInk = {34, 34, 34};
constexpr Color kFaint = {120, 120, 120};
constexpr Color kUndefined = {221, 221, 221};
constexpr Color kSelf = {189, 189, 189};

/// From -1 to 1 in equal steps.
constexpr std::array<Color, 5> kScale = {
    {{33, 102, 172}, {146, 197, 222}, {255, 255, 255}, {244, 165, 130}, {178, 24, 43}}};

uint8_t Between(uint8_t from, uint8_t to, double part) {
  return static_cast<uint8_t>(std::lround(from + (to - from) * part));
}

/// How wide a text will be, near enough to leave room for it.
int TextWidth(const std::string& text, int size) {
  constexpr double kLetter = 0.63;
  const auto letters = std::ranges::count_if(
      text, [](char c) { return (static_cast<uint8_t>(c) & 0xC0) != 0x80; });
  return static_cast<int>(std::ceil(kLetter * size * static_cast<double>(letters)));
}

std::string MethodTitle(Method method) {
  switch (method) {
    case Method::kPearson: return "Pearson correlation of the weights";
    case Method::kCosine: return "Cosine of the weights";
    case Method::kJaccard: return "Positions in common, of all of both";
    case Method::kCommonWeight: return "Common weight";
  }
  return "";
}

class Drawing {
 public:
  Drawing(const Matrix& matrix, const Dendrogram& dendrogram)
      : matrix_(matrix),
        dendrogram_(dendrogram),
        count_(matrix.funds.size()),
        square_(std::clamp(kComfortableWidth / std::max(1, Count()), kSmallestSquare,
                           kLargestSquare)),
        name_size_(std::clamp(square_ - 2, kSmallestSquare - 2, kTextSize)) {
    int longest = 0;
    for (const std::string& fund : matrix.funds) {
      longest = std::max(longest, TextWidth(fund, name_size_));
    }
    left_ = kMargin + longest + kGap;
    top_ = kHeadHeight + longest + kGap;
    // The key to the colours stands at the right of the title.
    picture_.width =
        std::max(left_ + Side() + kGap + kTreeWidth + kMargin, kSmallestWidth);
    picture_.height = top_ + Side() + kMargin;
  }

  Picture Draw() && {
    Title();
    Key();
    for (int place = 0; place < Count(); ++place) Name(place);
    for (int row = 0; row < Count(); ++row) {
      for (int column = 0; column < Count(); ++column) Square(row, column);
    }
    Tree();
    return std::move(picture_);
  }

 private:
  static constexpr int kSmallestWidth = 760;

  int Count() const { return static_cast<int>(count_); }
  int Side() const { return Count() * square_; }
  size_t Fund(int place) const { return dendrogram_.leaves[static_cast<size_t>(place)]; }

  void AddLabel(Label label) { picture_.labels.push_back(std::move(label)); }

  void AddRectangle(int x, int y, int width, int height, const Color& color,
                    std::string title = "") {
    picture_.rectangles.push_back({x, y, width, height, color, std::move(title)});
  }

  void Title() {
    picture_.title =
        fmt::format("How alike {} funds are, {}", count_, QuarterName(matrix_.quarter));
    AddLabel({.x = kMargin,
              .y = kMargin + kTitleSize,
              .size = kTitleSize,
              .text = picture_.title,
              .color = kInk});
    AddLabel({.x = kMargin,
              .y = kMargin + kTitleSize + kTextSize + kGap,
              .size = kTextSize,
              .text = MethodTitle(matrix_.method) + "; those most alike stand together",
              .color = kFaint});
  }

  /// The colours from the lowest score that can be to 1.
  void Key() {
    constexpr int kStep = 4;
    constexpr int kSteps = 50;
    constexpr int kHeight = 14;
    const double lowest = matrix_.method == Method::kPearson ? -1 : 0;
    const int x = picture_.width - kMargin - kStep * kSteps;
    const int y = kMargin + kGap;
    for (int i = 0; i < kSteps; ++i) {
      const double score = lowest + (1 - lowest) * (i + 0.5) / kSteps;
      AddRectangle(x + i * kStep, y, kStep, kHeight, ScoreColor(score));
    }
    for (const double part : {0.0, 0.5, 1.0}) {
      AddLabel({.x = x + static_cast<int>(part * kStep * kSteps),
                .y = y + kHeight + kTextSize + 2,
                .size = kTextSize,
                .text = fmt::format("{:g}", lowest + (1 - lowest) * part),
                .anchor = Label::Anchor::kMiddle,
                .color = kFaint});
    }
  }

  void Name(int place) {
    const std::string& fund = matrix_.funds[Fund(place)];
    const int middle = place * square_ + square_ / 2 + name_size_ / 3;
    AddLabel({.x = left_ - kGap,
              .y = top_ + middle,
              .size = name_size_,
              .text = fund,
              .anchor = Label::Anchor::kEnd,
              .color = kInk});
    AddLabel({.x = left_ + middle,
              .y = top_ - kGap,
              .size = name_size_,
              .text = fund,
              .upwards = true,
              .color = kInk});
  }

  void Square(int row, int column) {
    const Matrix::Cell& cell = matrix_.At(Fund(row), Fund(column));
    const bool self = row == column;
    const std::string score =
        std::isfinite(cell.score) ? fmt::format("{:.2f}", cell.score) : "-";
    std::string title;
    if (!self && count_ <= kTitledFunds) {
      title = fmt::format("{} and {}: {}, {} tickers in common", matrix_.funds[Fund(row)],
                          matrix_.funds[Fund(column)], score, cell.tickers);
    }
    const int x = left_ + column * square_;
    const int y = top_ + row * square_;
    AddRectangle(x, y, square_ - 1, square_ - 1, self ? kSelf : ScoreColor(cell.score),
                 std::move(title));
    if (self || square_ < kSquareForScore) return;
    AddLabel({.x = x + square_ / 2,
              .y = y + square_ / 2 + name_size_ / 3,
              .size = name_size_ - 1,
              .text = score,
              .anchor = Label::Anchor::kMiddle,
              .color = kInk});
  }

  /// Each merge as a bracket, further to the right the less alike its groups are.
  void Tree() {
    struct Node {
      int x;
      int y;
    };
    std::vector<Node> nodes(count_);
    const int begin = left_ + Side() + kGap;
    for (int place = 0; place < Count(); ++place) {
      nodes[Fund(place)] = {begin, top_ + place * square_ + square_ / 2};
    }
    double most = 0;
    for (const Merge& merge : dendrogram_.merges) most = std::max(most, merge.distance);
    for (const Merge& merge : dendrogram_.merges) {
      const Node a = nodes[merge.left];
      const Node b = nodes[merge.right];
      const double part = most > 0 ? merge.distance / most : 0;
      const int x = std::max({a.x, b.x, begin + static_cast<int>(part * kTreeWidth)});
      AddRectangle(a.x, a.y, x - a.x + 1, 1, kFaint);
      AddRectangle(b.x, b.y, x - b.x + 1, 1, kFaint);
      AddRectangle(x, std::min(a.y, b.y), 1, std::abs(a.y - b.y) + 1, kFaint);
      nodes.push_back({x, (a.y + b.y) / 2});
    }
  }

  const Matrix& matrix_;
  const Dendrogram& dendrogram_;
  const size_t count_;
  const int square_;
  const int name_size_;
  int left_ = 0;  ///< Where the squares begin.
  int top_ = 0;
  Picture picture_;
};

}  // namespace

Color ScoreColor(double score) {
  if (!std::isfinite(score)) return kUndefined;
  const double place = (std::clamp(score, -1.0, 1.0) + 1) / 2 * (kScale.size() - 1);
  const auto step = std::min(static_cast<size_t>(place), kScale.size() - 2);
  const double part = place - static_cast<double>(step);
  const Color& from = kScale[step];
  const Color& to = kScale[step + 1];
  return {Between(from.red, to.red, part), Between(from.green, to.green, part),
          Between(from.blue, to.blue, part)};
}

Picture DrawMatrix(const Matrix& matrix, const Dendrogram& dendrogram) {
  return Drawing(matrix, dendrogram).Draw();
}

}  // namespace shoestring
