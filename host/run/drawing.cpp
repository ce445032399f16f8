#include "host/run/drawing.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "host/run/svg.hpp"

namespace moonlab::run {

namespace {

struct Palette {
  uint32_t paper, ink, muted, axis, grid;
  std::array<uint32_t, Paint::kSeriesCount> series;  // told apart with the common colour blindnesses too
  std::array<uint32_t, 5> level, diverging;          // stops of the scales, equally far apart
};

constexpr Palette kLightPalette{0xffffff,
                                0x1f2328,
                                0x59636e,
                                0x6e7781,
                                0xe4e7eb,
                                {0x0072b2, 0xd98c00, 0x009e73, 0xc2599a, 0x3fa0dc, 0xd55e00, 0x7f8400, 0x555b63},
                                {0xf2f5f9, 0xbcd3ea, 0x6fa6d3, 0x2b6fae, 0x0b2f5f},
                                {0x9a3d07, 0xe8a46b, 0xf3f3f1, 0x7fb0da, 0x0b4a8c}};
constexpr Palette kDarkPalette{0x14171b,
                               0xe6e9ed,
                               0xa6aeb8,
                               0x8b949e,
                               0x2d333b,
                               {0x4ea8de, 0xf2b134, 0x2fc79f, 0xe59ac6, 0x9ad8ff, 0xff8a4c, 0xc9ce45, 0xb6bcc4},
                               {0x20262d, 0x1f4268, 0x2578a8, 0x4fb9c9, 0xe8f7d4},
                               {0xffb27a, 0x9c5424, 0x242a31, 0x2a6ca6, 0x9bd3ff}};

uint32_t between(const std::array<uint32_t, 5>& stops, int index) {
  const double at = static_cast<double>(std::clamp(index, 0, Paint::kLevels - 1)) / (Paint::kLevels - 1) * 4;
  const auto i = std::min<size_t>(3, static_cast<size_t>(at));
  uint32_t mixed = 0;
  for (int shift : {16, 8, 0}) {
    const double a = stops[i] >> shift & 0xff, b = stops[i + 1] >> shift & 0xff;
    mixed |= static_cast<uint32_t>(std::lround(a + (b - a) * (at - static_cast<double>(i)))) << shift;
  }
  return mixed;
}

}  // namespace

uint32_t Paint::rgb(Theme theme) const {
  const Palette& p = theme == Theme::kDark ? kDarkPalette : kLightPalette;
  switch (role) {
    case kPaper:
      return p.paper;
    case kMuted:
      return p.muted;
    case kAxis:
      return p.axis;
    case kGrid:
      return p.grid;
    case kSeries:
      return p.series[static_cast<size_t>(index)];
    case kLevel:
      return between(p.level, index);
    case kDiverging:
      return between(p.diverging, index);
    case kNone:
    case kInk:
      break;
  }
  return p.ink;
}

double Style::text_width(std::string_view text, double size) const {
  if (!cells) return run::text_width(text, size);
  double width = 0;
  for (unsigned char c : text)
    if (c < 0x80 || c >= 0xc0) width += 8;
  return width;
}

std::vector<std::string> Style::wrap(std::string_view text, double size, double width) const {
  std::vector<std::string> lines;
  std::string line;
  auto add = [&](std::string_view word) {
    const std::string longer = line.empty() ? std::string(word) : line + " " + std::string(word);
    if (text_width(longer, size) <= width) {
      line = longer;
      return;
    }
    if (!line.empty()) lines.push_back(line);
    line.clear();
    for (size_t i = 0; i < word.size();) {  // a word that no line holds is broken between letters
      size_t next = i + 1;
      while (next < word.size() && (static_cast<unsigned char>(word[next]) & 0xc0) == 0x80) ++next;
      const std::string letter(word.substr(i, next - i));
      if (!line.empty() && text_width(line + letter, size) > width) {
        lines.push_back(line);
        line.clear();
      }
      line += letter;
      i = next;
    }
  };
  for (size_t at = 0; at <= text.size();) {
    const size_t end = std::min(text.find(' ', at), text.size());
    if (end > at) add(text.substr(at, end - at));
    at = end + 1;
  }
  if (!line.empty()) lines.push_back(line);
  return lines;
}

void Drawing::rectangle(double x, double y, double w, double h, Paint fill, double corner) {
  Shape s;
  s.kind = Shape::kRectangle;
  s.points = {{x, y}, {x + w, y + h}};
  s.fill = fill;
  s.size = corner;
  shapes.push_back(std::move(s));
}

void Drawing::line(Point from, Point to, Paint stroke, double width, Dash dash) {
  polyline({from, to}, stroke, width, dash);
}

void Drawing::polyline(std::vector<Point> points, Paint stroke, double width, Dash dash) {
  Shape s;
  s.kind = Shape::kPolyline;
  s.points = std::move(points);
  s.stroke = stroke;
  s.size = width;
  s.dash = dash;
  shapes.push_back(std::move(s));
}

void Drawing::polygon(std::vector<Point> points, Paint fill) {
  Shape s;
  s.kind = Shape::kPolygon;
  s.points = std::move(points);
  s.fill = fill;
  shapes.push_back(std::move(s));
}

void Drawing::circle(Point centre, double radius, Paint fill) {
  Shape s;
  s.kind = Shape::kCircle;
  s.points = {centre};
  s.size = radius;
  s.fill = fill;
  shapes.push_back(std::move(s));
}

void Drawing::text(double x, double y, double size, Anchor anchor, std::string_view text, Paint fill, bool bold,
                   double angle) {
  Shape s;
  s.kind = Shape::kText;
  s.points = {{x, y}};
  s.size = size;
  s.anchor = anchor;
  s.text = std::string(text);
  s.fill = fill;
  s.bold = bold;
  s.angle = angle;
  shapes.push_back(std::move(s));
}

void Drawing::place(const Drawing& other, double x, double y) {
  for (Shape s : other.shapes) {
    for (Point& p : s.points) p.x += x, p.y += y;
    shapes.push_back(std::move(s));
  }
}

}  // namespace moonlab::run
