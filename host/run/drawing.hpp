// A drawing as a list of shapes whose colours are named by what they mean, so that the same drawing becomes SVG that
// follows the reader's light or dark theme, a PNG, or text for a terminal.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab::run {

enum class Theme { kAuto /* SVG: light, dark where the reader prefers it */, kLight, kDark };

/// A colour by its meaning. Series repeat after eight; levels are the 64 steps of a scale of colours.
struct Paint {
  enum Role : uint8_t { kNone, kPaper, kInk, kMuted, kAxis, kGrid, kSeries, kLevel, kDiverging };
  static constexpr int kSeriesCount = 8, kLevels = 64;

  Role role = kNone;
  int index = 0;  // of a series or a level
  double opacity = 1;

  static Paint series(size_t i, double opacity = 1) { return {kSeries, static_cast<int>(i % kSeriesCount), opacity}; }
  bool visible() const { return role != kNone; }
  /// 0xRRGGBB; kAuto is light.
  uint32_t rgb(Theme theme) const;
};

struct Point {
  double x = 0, y = 0;
};

enum class Anchor { kStart, kMiddle, kEnd };
enum class Dash { kNone, kDashed, kDotted, kDashDotted };

struct Shape {
  enum Kind { kRectangle, kPolyline, kPolygon, kCircle, kText, kCells };

  Kind kind = kRectangle;
  std::vector<Point> points;  // rectangle: corner and opposite corner; circle: centre; text: start of its base line
  double size = 0;            // width of a stroke; radius of a circle; height of a text's font; corners of a rectangle
  Paint fill, stroke;
  Dash dash = Dash::kNone;
  std::string text;
  Anchor anchor = Anchor::kStart;
  double angle = 0;  // of a text, degrees clockwise: 0 or -90
  bool bold = false;
  double cell_width = 0, cell_height = 0;  // kCells: of one cell; points[0] is the corner of the grid
  struct Run {
    int64_t row, column, length;  // cells side by side in a row
  };
  std::vector<Run> runs;
};

/// How much room texts take. On a terminal every letter is a cell of 8 x 16 and no size makes it smaller.
struct Style {
  double width = 720, height = 420;  // of a plot; kinds whose content gives their size (heat maps, trees) ignore it
  bool cells = false;

  double text_width(std::string_view text, double size) const;
  double line_height(double size) const { return cells ? 16 : size * 1.4; }
  /// Text as lines none of which is wider than `width`, broken at spaces, else within a word.
  std::vector<std::string> wrap(std::string_view text, double size, double width) const;
};

/// Shapes in the order in which they are drawn; coordinates in pixels, y downward.
class Drawing {
 public:
  double width = 0, height = 0;
  std::string title;
  std::vector<Shape> shapes;

  void rectangle(double x, double y, double w, double h, Paint fill, double corner = 0);
  void line(Point from, Point to, Paint stroke, double width = 1, Dash dash = Dash::kNone);
  void polyline(std::vector<Point> points, Paint stroke, double width, Dash dash = Dash::kNone);
  void polygon(std::vector<Point> points, Paint fill);
  void circle(Point centre, double radius, Paint fill);
  void text(double x, double y, double size, Anchor anchor, std::string_view text, Paint fill = {Paint::kInk},
            bool bold = false, double angle = 0);

  /// Puts all shapes of another drawing here, moved.
  void place(const Drawing& other, double x, double y);
};

/// The whole drawing as an SVG document, the same bytes for the same drawing on every machine; texts in the reader's
/// own sans-serif font, nothing referred to outside.
std::string to_svg(const Drawing& drawing, Theme theme = Theme::kAuto);

/// The same as the bytes of a PNG, `scale` pixels for each of the drawing. Letters beyond ASCII lose their accents;
/// what has no likeness in ASCII becomes "?". Errors: more than 16,384 pixels a side.
std::string to_png(const Drawing& drawing, Theme theme = Theme::kLight, double scale = 2);

/// The same as lines for a terminal: shapes in braille dots (2 x 4 a letter), texts as they are. `colour`: with ANSI
/// colours of the dark theme's hues; without, filled cells are dots in a density that follows the level.
std::string to_terminal(const Drawing& drawing, bool colour);

}  // namespace moonlab::run
