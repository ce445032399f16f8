// Scalable vector graphics as text, the same bytes for the same picture on every machine.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace moonlab::run {

/// A number as it stands in a file: at most two digits after the point, no trailing zeros, never "-0".
std::string svg_number(double value);

/// `text` with the characters that XML reserves replaced; control characters that XML forbids become spaces.
std::string xml_text(std::string_view text);

/// About how wide a text is drawn in the pictures' font, in pixels: never less than DejaVu Sans needs for ASCII.
double text_width(std::string_view text, double size);

/// The colours of categories, told apart with the common colour blindnesses too (Okabe and Ito's order); repeats
/// after eight.
std::string_view category_colour(size_t index);

/// A drawing that grows element by element. Coordinates in pixels, y downward.
class Svg {
 public:
  Svg(double width, double height, std::string_view title);

  /// `style` is any further attributes, written as they are: R"(fill="#fff" stroke="#000")".
  void rectangle(double x, double y, double width, double height, double radius, std::string_view style);
  void line(double x1, double y1, double x2, double y2, std::string_view style);
  void circle(double x, double y, double radius, std::string_view style);
  /// An image, `png` the bytes of its file; where it is drawn larger its pixels stay squares.
  void image(double x, double y, double width, double height, std::string_view png);
  void polyline(const std::vector<std::pair<double, double>>& points, std::string_view style);
  void polygon(const std::vector<std::pair<double, double>>& points, std::string_view style);
  /// A smooth line through the points that leaves and arrives along y (`vertical`) or x.
  void curve(const std::vector<std::pair<double, double>>& points, bool vertical, std::string_view style);
  /// anchor: "start", "middle" or "end"; y is the base line.
  void text(double x, double y, double size, std::string_view anchor, std::string_view text,
            std::string_view style = R"(fill="#222")");

  /// The whole document.
  std::string str() const;

 private:
  std::string head_, body_;
};

}  // namespace moonlab::run
