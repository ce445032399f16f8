// A drawing as a PNG: its shapes in pixels, drawn by the image library (OpenCV).
#include <algorithm>
#include <array>
#include <cmath>
#include <deque>

#include "host/error.hpp"
#include "host/image/image.hpp"
#include "host/run/drawing.hpp"

namespace moonlab::run {

namespace {

// What the letters of U+00A0 .. U+017F are without their accents.
constexpr std::string_view kLatin =
    " !c#$Y|S\"Ca<--R-"
    "o?23'uP.,1o>"
    "????"
    "AAAAAAACEEEEIIII"
    "DNOOOOOxOUUUUYTs"
    "aaaaaaaceeeeiiii"
    "dnooooo/ouuuuyty"
    "AaAaAaCcCcCcCcDd"
    "DdEeEeEeEeEeGgGg"
    "GgGgHhHhIiIiIiIi"
    "IiIiJjKkkLlLlLlL"
    "lLlNnNnNnnNnOoOo"
    "OoOoRrRrRrSsSsSs"
    "SsTtTtTtUuUuUuUu"
    "UuUuWwYyYZzZzZzs";

static_assert(kLatin.size() == 0x180 - 0xa0);

struct Likeness {
  char32_t code;
  std::string_view ascii;
};
constexpr std::array kLikenesses{
    Likeness{0xb1, "+/-"},    Likeness{0xb5, "u"},        Likeness{0x2010, "-"},  Likeness{0x2011, "-"},
    Likeness{0x2012, "-"},    Likeness{0x2013, "-"},      Likeness{0x2014, "-"},  Likeness{0x2018, "'"},
    Likeness{0x2019, "'"},    Likeness{0x201c, "\""},     Likeness{0x201d, "\""}, Likeness{0x2022, "*"},
    Likeness{0x2026, "..."},  Likeness{0x2192, "->"},     Likeness{0x2190, "<-"}, Likeness{0x2212, "-"},
    Likeness{0x2264, "<="},   Likeness{0x2265, ">="},     Likeness{0x0394, "D"},  Likeness{0x03b1, "alpha"},
    Likeness{0x03b2, "beta"}, Likeness{0x03bb, "lambda"}, Likeness{0x03bc, "u"},  Likeness{0x03c3, "sigma"},
    Likeness{0x03c4, "tau"}};

std::string ascii(const std::string& text) {
  std::string out;
  for (size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i++]);
    char32_t code = c < 0x80 ? c : c < 0xe0 ? c & 0x1f : c < 0xf0 ? c & 0x0f : c & 0x07;
    for (; c >= 0xc0 && i < text.size() && (static_cast<unsigned char>(text[i]) & 0xc0) == 0x80; ++i)
      code = code << 6 | (static_cast<unsigned char>(text[i]) & 0x3f);
    if (c < 0x80) {
      out += c < 0x20 ? ' ' : static_cast<char>(c);
      continue;
    }
    const auto* found =
        std::find_if(kLikenesses.begin(), kLikenesses.end(), [&](const auto& l) { return l.code == code; });
    if (found != kLikenesses.end()) out += found->ascii;
    else out += code >= 0xa0 && code < 0xa0 + kLatin.size() ? kLatin[code - 0xa0] : '?';
  }
  return out;
}

constexpr std::array<double, 2> kDashed{7, 4}, kDotted{2, 3};
constexpr std::array<double, 4> kDashDotted{8, 3, 2, 3};

class Converter {
 public:
  Converter(Theme theme, double scale) : theme_(theme), scale_(scale) {}

  std::vector<image::Stroke> strokes;

  void add(const Shape& s) {
    if (s.kind == Shape::kCells) {
      for (const auto& r : s.runs) {
        const double x = s.points[0].x + s.cell_width * static_cast<double>(r.column);
        const double y = s.points[0].y + s.cell_height * static_cast<double>(r.row);
        image::Stroke box = stroke(image::Stroke::kBox, s.fill);
        put(box, {{x, y}, {x + s.cell_width * static_cast<double>(r.length), y + s.cell_height}});
      }
      return;
    }
    image::Stroke made = stroke(kind(s), s.stroke.visible() ? s.stroke : s.fill);
    made.size = s.size * scale_;
    if (s.dash != Dash::kNone) {
      std::vector<double>& lengths = lengths_.emplace_back();
      auto use = [&](const auto& dashes) {
        for (double d : dashes) lengths.push_back(d * scale_);
      };
      if (s.dash == Dash::kDashed) use(kDashed);
      else if (s.dash == Dash::kDotted) use(kDotted);
      else use(kDashDotted);
      made.dashes = lengths.data();
      made.dash_count = static_cast<int32_t>(lengths.size());
    }
    if (s.kind == Shape::kText) {
      made.text = texts_.emplace_back(ascii(s.text)).c_str();
      made.room = Style{}.text_width(texts_.back(), s.size) * scale_ * (s.bold ? 1.1 : 1);
      made.anchor = static_cast<int32_t>(s.anchor);
      made.upright = s.angle != 0;
      made.bold = s.bold;
    }
    put(made, s.points);
  }

 private:
  static image::Stroke::Kind kind(const Shape& s) {
    switch (s.kind) {
      case Shape::kRectangle:
      case Shape::kCells:
        return image::Stroke::kBox;
      case Shape::kPolygon:
        return image::Stroke::kPolygon;
      case Shape::kCircle:
        return image::Stroke::kDisc;
      case Shape::kText:
        return image::Stroke::kText;
      case Shape::kPolyline:
        break;
    }
    return image::Stroke::kPolyline;
  }

  image::Stroke stroke(image::Stroke::Kind kind, const Paint& paint) const {
    image::Stroke s{};
    s.kind = kind;
    s.opacity = paint.opacity;
    for (int c = 0; c < 3; ++c) s.rgb[c] = static_cast<uint8_t>(paint.rgb(theme_) >> (16 - 8 * c) & 0xff);
    return s;
  }

  void put(image::Stroke s, const std::vector<Point>& points) {
    std::vector<double>& xy = lengths_.emplace_back();
    for (const Point& p : points) xy.push_back(p.x * scale_), xy.push_back(p.y * scale_);
    s.points = xy.data();
    s.count = static_cast<int32_t>(points.size());
    strokes.push_back(s);
  }

  Theme theme_;
  double scale_;
  std::deque<std::vector<double>> lengths_;  // what the strokes point to; a deque's elements stay where they are
  std::deque<std::string> texts_;
};

}  // namespace

std::string to_png(const Drawing& drawing, Theme theme, double scale) {
  const double height = std::ceil(drawing.height * scale), width = std::ceil(drawing.width * scale);
  if (!(scale > 0) || !(height <= 16384) || !(width <= 16384))
    fail("a PNG of ", width, " x ", height, " pixels: at most 16384 a side; draw it smaller (scale ", scale, ")");
  Converter converter(theme, scale);
  for (const Shape& s : drawing.shapes) converter.add(s);
  const auto pixels = image::paint(converter.strokes, static_cast<int64_t>(height), static_cast<int64_t>(width),
                                   Paint{Paint::kPaper}.rgb(theme));
  return image::encode(pixels, ".png");
}

}  // namespace moonlab::run
