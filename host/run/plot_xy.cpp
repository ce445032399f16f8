#include <algorithm>
#include <cmath>

#include "host/error.hpp"
#include "host/run/plot.hpp"
#include "host/run/plot_frame.hpp"

namespace moonlab::run {

namespace {

using Series = XyPlot::Series;

void check(const XyPlot& plot) {
  if (plot.series.empty()) fail("line plot '", plot.title, "': no series");
  for (const auto& s : plot.series)
    if (s.x.size() != s.y.size() || s.low.size() != s.high.size() || (!s.low.empty() && s.low.size() != s.y.size()))
      fail("line plot: series '", s.name, "': ", s.x.size(), " x, ", s.y.size(), " y, ", s.low.size(), " low and ",
           s.high.size(), " high values");
}

// The range of an axis of the data under the limits that were asked for.
Range limited(Range range, const Axis& axis, const char* name, const std::string& title) {
  if (std::isfinite(axis.low)) range.low = axis.low;
  if (std::isfinite(axis.high)) range.high = axis.high;
  if (std::isfinite(axis.low) && std::isfinite(axis.high) && axis.low >= axis.high)
    fail("line plot '", title, "': the ", name, " axis ends at ", axis.high, ", which is not above ", axis.low);
  if (range.empty())
    fail("line plot '", title, "': no finite ", axis.log ? "positive " : "", "value for the ", name, " axis");
  if (axis.log && range.low <= 0) fail("line plot '", title, "': a logarithmic axis begins above 0, got ", range.low);
  return range;
}

// The part of a straight line within low .. high of y, in pixels; false where there is none.
bool clip(Point& a, Point& b, double top, double bottom) {
  if ((a.y < top && b.y < top) || (a.y > bottom && b.y > bottom)) return false;
  auto cut = [](Point& inside, Point& outside, double y) {
    outside.x = inside.x + (outside.x - inside.x) * (y - inside.y) / (outside.y - inside.y);
    outside.y = y;
  };
  if (a.y < top) cut(b, a, top);
  if (b.y < top) cut(a, b, top);
  if (a.y > bottom) cut(b, a, bottom);
  if (b.y > bottom) cut(a, b, bottom);
  return true;
}

class Pen {
 public:
  Pen(Frame& frame, const Scale& x, const Scale& y, const Style& style) : f_(frame), x_(x), y_(y), style_(style) {}

  void band(const Series& s, Paint paint) {
    std::vector<Point> upper, lower;
    auto flush = [&] {
      if (upper.size() > 1) {
        upper.insert(upper.end(), lower.rbegin(), lower.rend());
        f_.drawing.polygon(upper, paint);
      }
      upper.clear(), lower.clear();
    };
    for (size_t i = 0; i < s.low.size(); ++i) {
      if (!x_.shows(s.x[i]) || !y_.shows(s.high[i]) || !y_.shows(s.y[i])) {
        flush();
        continue;
      }
      // a band that reaches below 0 on a logarithmic axis ends at the axis' lower end
      upper.push_back({x_(s.x[i]), inside(y_(s.high[i]))});
      lower.push_back({x_(s.x[i]), y_.shows(s.low[i]) ? inside(y_(s.low[i])) : f_.bottom()});
    }
    flush();
  }

  void line(const Series& s, Paint paint, Dash dash) {
    const bool dots = s.y.size() <= 12;  // few enough to see where values were measured
    std::vector<Point> stretch;
    auto flush = [&] {
      if (stretch.size() > 1) f_.drawing.polyline(stretch, paint, 2, dash);
      if (stretch.size() == 1 && !dots) f_.drawing.circle(stretch[0], 3, paint);
      stretch.clear();
    };
    Point before;
    bool joined = false;
    for (size_t i = 0; i < s.y.size(); ++i) {
      if (!x_.shows(s.x[i]) || !y_.shows(s.y[i])) {
        flush();
        joined = false;
        continue;
      }
      const Point here{x_(s.x[i]), y_(s.y[i])};
      if (!joined) {
        if (shown(here.y)) stretch.push_back(here);
      } else {
        Point a = before, b = here;
        if (!clip(a, b, f_.top(), f_.bottom())) flush();
        else {
          if (stretch.empty()) stretch.push_back(a);
          stretch.push_back(b);
          if (!shown(here.y)) flush();
        }
      }
      before = here, joined = true;
      if (dots && shown(here.y)) f_.drawing.circle(here, 3, paint);
    }
    flush();
  }

  void points(const Series& s, Paint paint) {
    for (size_t i = 0; i < s.y.size(); ++i) {
      if (!x_.shows(s.x[i]) || !y_.shows(s.y[i]) || !shown(y_(s.y[i]))) continue;
      const double x = x_(s.x[i]);
      if (!s.low.empty() && std::isfinite(s.low[i]) && y_.shows(s.high[i])) {
        const double up = inside(y_(s.high[i])), down = y_.shows(s.low[i]) ? inside(y_(s.low[i])) : f_.bottom();
        f_.drawing.line({x, up}, {x, down}, paint, 1.5);
        f_.drawing.line({x - 4, up}, {x + 4, up}, paint, 1.5);
        f_.drawing.line({x - 4, down}, {x + 4, down}, paint, 1.5);
      }
      f_.drawing.circle({x, y_(s.y[i])}, 3.5, paint);
    }
  }

  void bars(const Series& s, Paint paint) {
    for (size_t i = 0; i < s.y.size(); ++i) {
      if (!x_.shows(s.x[i]) || !y_.shows(s.y[i])) continue;
      const double left = x_(s.x[i] - s.width / 2), right = x_(s.x[i] + s.width / 2);
      const double value = inside(y_(s.y[i])), zero = y_.shows(0) ? inside(y_(0)) : f_.bottom();
      f_.drawing.rectangle(left + 1, std::min(value, zero), right - left - 2, std::abs(zero - value), paint);
    }
  }

  void reference(const XyPlot::Reference& r) {
    Point a{x_(x_.low()), y_(r.offset + r.slope * x_.low())}, b{x_(x_.high()), y_(r.offset + r.slope * x_.high())};
    if (!std::isfinite(a.y) || !std::isfinite(b.y) || !clip(a, b, f_.top(), f_.bottom())) return;
    f_.drawing.line(a, b, {Paint::kMuted}, 1.5, Dash::kDashed);
  }

 private:
  bool shown(double y) const { return y >= f_.top() - 0.01 && y <= f_.bottom() + 0.01; }
  double inside(double y) const { return std::clamp(y, f_.top(), f_.bottom()); }

  Frame& f_;
  const Scale &x_, &y_;
  const Style& style_;
};

}  // namespace

Drawing draw_xy(const XyPlot& plot, const Style& style) {
  check(plot);
  Range x_data(plot.x.log), y_data(plot.y.log);
  bool whole = true;
  double half_bar = 0;
  std::vector<LegendEntry> legend;
  std::vector<Paint> paints;
  std::vector<Dash> dashes;
  for (size_t k = 0; k < plot.series.size(); ++k) {
    const Series& s = plot.series[k];
    for (size_t i = 0; i < s.y.size(); ++i) {
      if (!std::isfinite(s.y[i]) || (plot.y.log && s.y[i] <= 0)) continue;
      whole = whole && s.x[i] == std::round(s.x[i]);
      x_data.add(s.x[i]), y_data.add(s.y[i]);
      if (!s.low.empty()) y_data.add(s.low[i]), y_data.add(s.high[i]);
      if (s.mark != Series::kBars) continue;
      y_data.add(0);
      x_data.add(s.x[i] - s.width / 2), x_data.add(s.x[i] + s.width / 2);
      half_bar = std::max(half_bar, s.width / 2);
    }
    const size_t place = s.colour < 0 ? k : static_cast<size_t>(s.colour);
    paints.push_back(Paint::series(place));
    // beyond the colours that can be told apart, lines differ in their dashes
    dashes.push_back(s.dashed ? Dash::kDashed : static_cast<Dash>(place / Paint::kSeriesCount % 4));
    if (!s.name.empty()) legend.push_back({s.name, paints[k], dashes[k], s.mark == Series::kLine});
  }
  for (const auto& r : plot.references)
    if (!r.name.empty()) legend.push_back({r.name, {Paint::kMuted}, Dash::kDashed});
  if (legend.size() == 1 && plot.series.size() == 1) legend.clear();  // the y axis' label names it
  Scale y(limited(y_data, plot.y, "y", plot.title), 6, !(std::isfinite(plot.y.low) && std::isfinite(plot.y.high)));
  Scale x(limited(x_data, plot.x, "x", plot.title), 8, false, whole && half_bar == 0);
  Frame f(plot.title, plot.subtitle, legend, style);
  double ticks = 0;
  for (const auto& text : y.texts()) ticks = std::max(ticks, style.text_width(text, kTextSize));
  std::string y_label = plot.y.label;
  if (plot.series.size() == 1 && y_label.empty()) y_label = plot.series[0].name;
  f.labels(plot.x.label, y_label);
  f.room(ticks, style.cells ? 32 : 24);
  f.y_ticks(y);
  f.x_ticks(x, half_bar > 0 ? 0 : 10);
  Pen pen(f, x, y, style);
  for (size_t k = 0; k < plot.series.size(); ++k)
    if (plot.series[k].mark == Series::kBars) pen.bars(plot.series[k], paints[k]);
  for (size_t k = 0; k < plot.series.size(); ++k) {  // bands below all lines
    Paint faint = paints[k];
    faint.opacity = 0.18;
    if (plot.series[k].mark == Series::kLine) pen.band(plot.series[k], faint);
  }
  if (!plot.y.log && y.low() < 0 && y.high() > 0) f.drawing.line({f.left(), y(0)}, {f.right(), y(0)}, {Paint::kAxis});
  for (const auto& r : plot.references) pen.reference(r);
  for (size_t k = 0; k < plot.series.size(); ++k) {
    const Series& s = plot.series[k];
    const bool alone = s.mark == Series::kLine && s.y.size() == 1;  // no line, and no band, of one point
    if (s.mark == Series::kLine && !alone) pen.line(s, paints[k], dashes[k]);
    if (s.mark == Series::kPoints || alone) pen.points(s, paints[k]);
  }
  return f.drawing;
}

}  // namespace moonlab::run
