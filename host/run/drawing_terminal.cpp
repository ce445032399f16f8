// A drawing as text: a letter is a cell of 8 x 16 pixels, and a braille letter has 2 x 4 dots in it.
#include <algorithm>
#include <array>
#include <cmath>

#include "host/run/drawing.hpp"

namespace moonlab::run {

namespace {

constexpr double kCellWidth = 8, kCellHeight = 16, kDot = 4;

// The bits of a braille letter by column and row of its dots.
constexpr std::array<std::array<unsigned, 4>, 2> kBits{{{0x01, 0x02, 0x04, 0x40}, {0x08, 0x10, 0x20, 0x80}}};

// Thresholds of an ordered dither, 4 x 4.
constexpr std::array<std::array<double, 4>, 4> kDither{{{0, 8, 2, 10}, {12, 4, 14, 6}, {3, 11, 1, 9}, {15, 7, 13, 5}}};

struct Cell {
  unsigned dots = 0;
  std::string letter;  // stands instead of dots
  int colour = -1;     // 0xRRGGBB; -1: the terminal's own
  int background = -1;
};

class Screen {
 public:
  Screen(double width, double height)
      : columns_(static_cast<int64_t>(std::ceil(width / kCellWidth))),
        rows_(static_cast<int64_t>(std::ceil(height / kCellHeight))),
        cells_(static_cast<size_t>(std::max<int64_t>(0, columns_ * rows_))) {}

  Cell* at(int64_t column, int64_t row) {
    if (column < 0 || row < 0 || column >= columns_ || row >= rows_) return nullptr;
    return &cells_[static_cast<size_t>(row * columns_ + column)];
  }

  void dot(double x, double y, int colour) {
    const auto i = static_cast<int64_t>(std::floor(x / kDot)), j = static_cast<int64_t>(std::floor(y / kDot));
    if (i < 0 || j < 0) return;
    if (Cell* cell = at(i / 2, j / 4)) {
      cell->dots |= kBits[static_cast<size_t>(i % 2)][static_cast<size_t>(j % 4)];
      cell->colour = colour;
    }
  }

  void line(Point a, Point b, int colour, Dash dash) {
    const int steps = std::max(1, static_cast<int>(std::ceil(std::max(std::abs(b.x - a.x), std::abs(b.y - a.y)) / 2)));
    for (int i = 0; i <= steps; ++i) {
      const double share = static_cast<double>(i) / steps;
      if (dash != Dash::kNone && i % 8 >= (dash == Dash::kDotted ? 2 : 4)) continue;
      dot(a.x + (b.x - a.x) * share, a.y + (b.y - a.y) * share, colour);
    }
  }

  // Every dot of a rectangle whose dither lies below `density`.
  void fill(Point a, Point b, double density, int colour) {
    for (double y = std::floor(a.y / kDot) * kDot + kDot / 2; y < b.y; y += kDot)
      for (double x = std::floor(a.x / kDot) * kDot + kDot / 2; x < b.x; x += kDot) {
        if (x < a.x || y < a.y) continue;
        const auto i = static_cast<size_t>(x / kDot) % 4, j = static_cast<size_t>(y / kDot) % 4;
        if ((kDither[j][i] + 0.5) / 16 < density) dot(x, y, colour);
      }
  }

  void background(Point a, Point b, int colour) {
    for (auto row = static_cast<int64_t>(std::lround(a.y / kCellHeight)); row < std::lround(b.y / kCellHeight); ++row)
      for (auto column = static_cast<int64_t>(std::lround(a.x / kCellWidth)); column < std::lround(b.x / kCellWidth);
           ++column)
        if (Cell* cell = at(column, row)) cell->background = colour;
  }

  void text(const Shape& s, int colour) {
    std::vector<std::string> letters;
    for (unsigned char c : s.text) {
      if (c < 0x80 || c >= 0xc0) letters.emplace_back();
      if (!letters.empty()) letters.back() += static_cast<char>(c);
    }
    const auto length = static_cast<int64_t>(letters.size());
    const double back = s.anchor == Anchor::kStart    ? 0
                        : s.anchor == Anchor::kMiddle ? static_cast<double>(length) / 2
                                                      : static_cast<double>(length);
    auto row = static_cast<int64_t>(std::floor((s.points[0].y - 4) / kCellHeight));
    auto column = static_cast<int64_t>(std::lround(s.points[0].x / kCellWidth - back));
    if (s.angle != 0) {  // letters below each other
      row = static_cast<int64_t>(std::floor(s.points[0].y / kCellHeight));
      column = static_cast<int64_t>(std::floor((s.points[0].x - 4) / kCellWidth));
    }
    for (int64_t i = 0; i < length; ++i)
      if (Cell* cell = s.angle != 0 ? at(column, row + i) : at(column + i, row)) {
        cell->letter = letters[static_cast<size_t>(i)];
        cell->colour = colour;
      }
  }

  std::string str(bool colour) const {
    std::string out;
    for (int64_t r = 0; r < rows_; ++r) {
      std::string line, blank;
      int ink = -1, back = -1;
      for (int64_t c = 0; c < columns_; ++c) {
        const Cell& cell = cells_[static_cast<size_t>(r * columns_ + c)];
        if (cell.letter.empty() && cell.dots == 0 && (cell.background < 0 || !colour)) {
          if (colour && (ink >= 0 || back >= 0)) line += "\x1b[0m", ink = back = -1;
          blank += ' ';
          continue;
        }
        line += blank;
        blank.clear();
        if (colour && (cell.colour != ink || cell.background != back)) {
          line += "\x1b[0m";
          if (cell.colour >= 0) line += "\x1b[38;2;" + triple(cell.colour) + "m";
          if (cell.background >= 0) line += "\x1b[48;2;" + triple(cell.background) + "m";
          ink = cell.colour, back = cell.background;
        }
        line += !cell.letter.empty() ? cell.letter : cell.dots ? braille(cell.dots) : " ";
      }
      if (colour && (ink >= 0 || back >= 0)) line += "\x1b[0m";
      out += line + "\n";
    }
    return out;
  }

 private:
  static std::string triple(int rgb) {
    return std::to_string(rgb >> 16 & 0xff) + ";" + std::to_string(rgb >> 8 & 0xff) + ";" + std::to_string(rgb & 0xff);
  }
  static std::string braille(unsigned dots) {
    return {'\xe2', static_cast<char>(0xa0 | dots >> 6), static_cast<char>(0x80 | (dots & 0x3f))};
  }

  int64_t columns_, rows_;
  std::vector<Cell> cells_;
};

// Texts and axes in the terminal's own colour, which fits its background.
int terminal_colour(const Paint& paint) {
  const bool hue = paint.role == Paint::kSeries || paint.role == Paint::kLevel || paint.role == Paint::kDiverging;
  return hue ? static_cast<int>(paint.rgb(Theme::kDark)) : -1;
}

// How many of a cell's dots stand for a level: none is low, all is high.
double density(const Paint& paint) {
  const double share = static_cast<double>(paint.index) / (Paint::kLevels - 1);
  if (paint.role == Paint::kLevel) return share;
  if (paint.role == Paint::kDiverging) return std::abs(share - 0.5) * 2;
  return 1;
}

}  // namespace

std::string to_terminal(const Drawing& drawing, bool colour) {
  Screen screen(drawing.width, drawing.height);
  auto area = [&](Point a, Point b, const Paint& paint) {
    const bool level = paint.role == Paint::kLevel || paint.role == Paint::kDiverging;
    if (level && colour) screen.background(a, b, terminal_colour(paint));
    else if (paint.opacity > 0.5) screen.fill(a, b, density(paint), terminal_colour(paint));
  };
  for (const Shape& s : drawing.shapes) {
    const int ink = terminal_colour(s.stroke.visible() ? s.stroke : s.fill);
    switch (s.kind) {
      case Shape::kRectangle:
        area(s.points[0], s.points[1], s.fill);
        break;
      case Shape::kCells:
        for (const auto& r : s.runs) {
          const Point a{s.points[0].x + s.cell_width * static_cast<double>(r.column),
                        s.points[0].y + s.cell_height * static_cast<double>(r.row)};
          area(a, {a.x + s.cell_width * static_cast<double>(r.length), a.y + s.cell_height}, s.fill);
        }
        break;
      case Shape::kPolyline:
        for (size_t i = 1; i < s.points.size(); ++i) screen.line(s.points[i - 1], s.points[i], ink, s.dash);
        break;
      case Shape::kPolygon:  // bands would hide the lines
        break;
      case Shape::kCircle:
        screen.fill({s.points[0].x - 4, s.points[0].y - 4}, {s.points[0].x + 4, s.points[0].y + 4}, 1, ink);
        break;
      case Shape::kText:
        screen.text(s, ink);
        break;
    }
  }
  return screen.str(colour);
}

}  // namespace moonlab::run
