// What plots with axes share: title, legend, ticks, and the room that they take.
#pragma once

#include <string>
#include <vector>

#include "host/run/drawing.hpp"
#include "host/run/ticks.hpp"

namespace moonlab::run {

inline constexpr double kTitleSize = 16, kTextSize = 12, kMargin = 16;

/// A name of the legend with its look.
struct LegendEntry {
  std::string name;
  Paint paint;
  Dash dash = Dash::kNone;
  bool line = true;  // else a filled square
};

/// Title and subtitle at the top of a drawing, as wide as given. Returns where they end.
double draw_heading(Drawing& drawing, const std::string& title, const std::string& subtitle, const Style& style,
                    double width);

/// The width that a heading takes in one line, at most `most`.
double heading_width(const std::string& title, const std::string& subtitle, const Style& style, double most);

/// Draws the heading, a legend (in a row where it fits, else to the right) and leaves a rectangle for the data.
class Frame {
 public:
  Frame(const std::string& title, const std::string& subtitle, const std::vector<LegendEntry>& legend,
        const Style& style);

  /// The names of the axes, the y axis' above it: read without turning one's head.
  void labels(const std::string& x_label, const std::string& y_label);
  /// Makes room to the left for these texts and below for tick texts of `below` lines; then left() .. bottom() hold.
  void room(double tick_width, double below);
  void y_ticks(Scale& y);
  /// Ticks below that are dropped where their texts would touch.
  void x_ticks(Scale& x, double inset);

  double left() const { return left_; }
  double right() const { return right_; }
  double top() const { return top_; }
  double bottom() const { return bottom_; }

  Drawing drawing;

 private:
  const Style& style_;
  std::string x_label_, y_label_;
  double left_ = kMargin, right_ = 0, top_ = 0, bottom_ = 0;
};

}  // namespace moonlab::run
