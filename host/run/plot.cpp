#include "host/run/plot.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "host/error.hpp"
#include "host/run/svg.hpp"

namespace moonlab::run {

namespace {

constexpr double kWidth = 640, kHeight = 380, kTop = 52, kBottom = 58, kRight = 24;
constexpr std::string_view kAxis = R"(stroke="#444444" stroke-width="1")",
                           kGrid = R"(stroke="#e4e6ea" stroke-width="1")";

struct Range {
  double low = INFINITY, high = -INFINITY;
  void add(double v) {
    if (std::isfinite(v)) low = std::min(low, v), high = std::max(high, v);
  }
};

// A tick as text: as many digits as the step needs.
std::string tick_text(double value, double step) {
  if (std::abs(value) < step * 1e-9) return "0";
  char text[40];
  const double size = std::max(std::abs(value), step);
  if (size >= 1e6 || size < 1e-4) std::snprintf(text, sizeof text, "%.3g", value);
  else
    std::snprintf(text, sizeof text, "%.*f", std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9))),
                  value);
  return text;
}

// The frame: title, y axis with grid, room for the legend to the right. Maps values to pixels.
class Frame {
 public:
  Frame(const std::string& title, const std::string& y_label, Range y, const std::vector<std::string>& names)
      : y_ticks_(round_ticks(y.low, y.high, 6)) {
    const double step = y_ticks_[1] - y_ticks_[0];
    for (double t : y_ticks_) y_texts_.push_back(tick_text(t, step));
    double tick_width = 0, legend = 0;
    for (const auto& text : y_texts_) tick_width = std::max(tick_width, text_width(text, 12));
    if (names.size() > 1 || (names.size() == 1 && !names[0].empty()))
      for (const auto& n : names) legend = std::max(legend, text_width(n, 12) + 42);
    left_ = 24 + tick_width + (y_label.empty() ? 0 : 22);
    right_ = left_ + kWidth - 90;
    svg_ = Svg(std::max(right_ + kRight + legend, text_width(title, 16) + 40), kHeight, title);
    svg_.text(left_, 30, 16, "start", title, R"(fill="#222" font-weight="bold")");
    for (size_t i = 0; i < y_ticks_.size(); ++i) {
      svg_.line(left_, y_of(y_ticks_[i]), right_, y_of(y_ticks_[i]), kGrid);
      svg_.text(left_ - 8, y_of(y_ticks_[i]) + 4.3, 12, "end", y_texts_[i]);
    }
    if (!y_label.empty()) {
      const std::string at = svg_number(18) + " " + svg_number((kTop + kHeight - kBottom) / 2);
      svg_.text(0, 0, 12.5, "middle", y_label, "fill=\"#222\" transform=\"translate(" + at + ") rotate(-90)\"");
    }
    if (legend > 0)
      for (size_t i = 0; i < names.size(); ++i) {
        const double ly = kTop + 8 + 21 * static_cast<double>(i);
        svg_.rectangle(right_ + 16, ly - 6, 18, 12, 3, "fill=\"" + std::string(category_colour(i)) + "\"");
        svg_.text(right_ + 40, ly + 4.3, 12, "start", names[i]);
      }
  }

  double y_of(double v) const {
    return kHeight - kBottom -
           (v - y_ticks_.front()) / (y_ticks_.back() - y_ticks_.front()) * (kHeight - kBottom - kTop);
  }
  void axes() {
    svg_.line(left_, kTop, left_, kHeight - kBottom, kAxis);
    svg_.line(left_, kHeight - kBottom, right_, kHeight - kBottom, kAxis);
  }

  Svg svg_{1, 1, ""};
  double left_ = 0, right_ = 0;
  std::vector<double> y_ticks_;

 private:
  std::vector<std::string> y_texts_;
};

}  // namespace

std::vector<double> round_ticks(double low, double high, int count) {
  if (high - low <= std::abs(high) * 1e-12) {
    const double half = low == 0 ? 1 : std::abs(low) * 0.1;
    low -= half, high += half;
  }
  const double raw = (high - low) / count, power = std::pow(10.0, std::floor(std::log10(raw)));
  const double share = raw / power, step = power * (share <= 1 ? 1 : share <= 2 ? 2 : share <= 5 ? 5 : 10);
  const auto first = static_cast<int64_t>(std::floor(low / step + 1e-9)),
             last = static_cast<int64_t>(std::ceil(high / step - 1e-9));
  std::vector<double> ticks;
  for (int64_t i = first; i <= last; ++i) ticks.push_back(static_cast<double>(i) * step);
  return ticks;
}

std::string draw_lines(const LinePlot& plot) {
  Range x, y;
  std::vector<std::string> names;
  for (const auto& s : plot.series) {
    if (s.x.size() != s.y.size() || s.low.size() != s.high.size() || (!s.low.empty() && s.low.size() != s.y.size()))
      fail("line plot: series '", s.name, "': ", s.x.size(), " x, ", s.y.size(), " y, ", s.low.size(), " low and ",
           s.high.size(), " high values");
    for (size_t i = 0; i < s.y.size(); ++i) {
      if (!std::isfinite(s.y[i])) continue;
      x.add(s.x[i]), y.add(s.y[i]);
      if (!s.low.empty()) y.add(s.low[i]), y.add(s.high[i]);
    }
    names.push_back(s.name);
  }
  if (!(x.low <= x.high) || !(y.low <= y.high)) fail("line plot '", plot.title, "': no finite point");
  Frame f(plot.title, plot.y_label, y, names);
  auto x_ticks = round_ticks(x.low, x.high, 8);
  const double x_step = x_ticks[1] - x_ticks[0], span = x.high > x.low ? x.high - x.low : 1;
  auto x_of = [&](double v) { return f.left_ + 10 + (v - x.low) / span * (f.right_ - f.left_ - 20); };
  for (double t : x_ticks) {
    if (t < x.low - span * 1e-9 || t > x.high + span * 1e-9) continue;
    f.svg_.line(x_of(t), kHeight - kBottom, x_of(t), kHeight - kBottom + 5, kAxis);
    f.svg_.text(x_of(t), kHeight - kBottom + 19, 12, "middle", tick_text(t, x_step));
  }
  f.svg_.text((f.left_ + f.right_) / 2, kHeight - 14, 12.5, "middle", plot.x_label);
  for (size_t k = 0; k < plot.series.size(); ++k) {  // bands below all lines
    const auto& s = plot.series[k];
    std::vector<std::pair<double, double>> outline;
    for (size_t i = 0; i < s.low.size(); ++i)
      if (std::isfinite(s.high[i]) && std::isfinite(s.x[i])) outline.push_back({x_of(s.x[i]), f.y_of(s.high[i])});
    for (size_t i = s.low.size(); i-- > 0;)
      if (std::isfinite(s.low[i]) && std::isfinite(s.x[i])) outline.push_back({x_of(s.x[i]), f.y_of(s.low[i])});
    if (outline.size() > 2)
      f.svg_.polygon(outline, "fill=\"" + std::string(category_colour(k)) + "\" fill-opacity=\"0.18\"");
  }
  for (size_t k = 0; k < plot.series.size(); ++k) {
    const auto& s = plot.series[k];
    const std::string colour(category_colour(k));
    std::vector<std::pair<double, double>> stretch;
    auto flush = [&] {
      if (stretch.size() > 1)
        f.svg_.polyline(stretch, "stroke=\"" + colour + "\" stroke-width=\"2\" stroke-linejoin=\"round\"");
      if (stretch.size() == 1) f.svg_.circle(stretch[0].first, stretch[0].second, 3, "fill=\"" + colour + "\"");
      stretch.clear();
    };
    for (size_t i = 0; i < s.y.size(); ++i)
      if (std::isfinite(s.y[i]) && std::isfinite(s.x[i])) stretch.push_back({x_of(s.x[i]), f.y_of(s.y[i])});
      else flush();
    flush();
  }
  f.axes();
  return f.svg_.str();
}

std::string draw_bars(const BarPlot& plot) {
  Range y;
  y.add(0);
  std::vector<std::string> names;
  bool any = false;
  for (const auto& s : plot.series) {
    if (s.value.size() != plot.labels.size() || (!s.error.empty() && s.error.size() != s.value.size()))
      fail("bar plot: series '", s.name, "': ", plot.labels.size(), " labels, ", s.value.size(), " values and ",
           s.error.size(), " errors");
    for (size_t i = 0; i < s.value.size(); ++i) {
      const double e = s.error.empty() || !std::isfinite(s.error[i]) ? 0 : s.error[i];
      y.add(s.value[i] + e), y.add(s.value[i] - (s.value[i] < 0 ? e : 0));
      any |= std::isfinite(s.value[i]);
    }
    names.push_back(s.name);
  }
  if (!any) fail("bar plot '", plot.title, "': no finite value");
  Frame f(plot.title, plot.y_label, y, names);
  const double slot = (f.right_ - f.left_) / static_cast<double>(plot.labels.size());
  const double bar = std::min(46.0, slot * 0.76 / static_cast<double>(plot.series.size()));
  double widest = 0;
  for (const auto& label : plot.labels) widest = std::max(widest, text_width(label, 12));
  const bool staggered = widest > slot - 6;  // long labels stand on two levels
  for (size_t i = 0; i < plot.labels.size(); ++i) {
    const double centre = f.left_ + slot * (static_cast<double>(i) + 0.5);
    f.svg_.text(centre, kHeight - kBottom + (staggered && i % 2 ? 36 : 19), 12, "middle", plot.labels[i]);
    for (size_t k = 0; k < plot.series.size(); ++k) {
      const auto& s = plot.series[k];
      if (!std::isfinite(s.value[i])) continue;
      const double x = centre + bar * (static_cast<double>(k) - static_cast<double>(plot.series.size()) / 2);
      const double top = f.y_of(std::max(0.0, s.value[i])), bottom = f.y_of(std::min(0.0, s.value[i]));
      f.svg_.rectangle(x + 1, top, bar - 2, bottom - top, 0,
                       "fill=\"" + std::string(category_colour(k)) + "\" fill-opacity=\"0.85\"");
      if (s.error.empty() || !std::isfinite(s.error[i])) continue;
      const double m = x + bar / 2, up = f.y_of(s.value[i] + s.error[i]), down = f.y_of(s.value[i] - s.error[i]);
      f.svg_.line(m, up, m, down, kAxis);
      f.svg_.line(m - 5, up, m + 5, up, kAxis);
      f.svg_.line(m - 5, down, m + 5, down, kAxis);
    }
  }
  f.axes();
  if (y.low < 0) f.svg_.line(f.left_, f.y_of(0), f.right_, f.y_of(0), kAxis);
  return f.svg_.str();
}

}  // namespace moonlab::run
