#include <algorithm>
#include <cmath>
#include <cstdio>

#include "host/error.hpp"
#include "host/run/plot.hpp"
#include "host/run/plot_frame.hpp"

namespace moonlab::run {

namespace {

double error_at(const BarPlot::Series& s, size_t i) {
  return s.error.empty() || !std::isfinite(s.error[i]) ? 0 : std::abs(s.error[i]);
}

std::string value_text(const BarPlot& plot, double value) {
  const std::string text = short_number(value);
  return plot.signs && value > 0 ? "+" + text : text;
}

Range range_of(const BarPlot& plot) {
  Range range;
  range.add(0);
  bool any = false;
  if (plot.series.empty() || plot.labels.empty())
    fail("bar plot '", plot.title, "': no ", plot.labels.empty() ? "labels" : "series");
  for (const auto& s : plot.series) {
    if (s.value.size() != plot.labels.size() || (!s.error.empty() && s.error.size() != s.value.size()))
      fail("bar plot: series '", s.name, "': ", plot.labels.size(), " labels, ", s.value.size(), " values and ",
           s.error.size(), " errors");
    for (size_t i = 0; i < s.value.size(); ++i) {
      range.add(s.value[i] + error_at(s, i)), range.add(s.value[i] - error_at(s, i));
      any |= std::isfinite(s.value[i]);
    }
  }
  if (!any) fail("bar plot '", plot.title, "': no finite value");
  return range;
}

void whisker(Drawing& d, Point from, Point to, bool upright) {
  const double dx = upright ? 4 : 0, dy = upright ? 0 : 4;
  d.line(from, to, {Paint::kInk}, 1.2);
  d.line({from.x - dx, from.y - dy}, {from.x + dx, from.y + dy}, {Paint::kInk}, 1.2);
  d.line({to.x - dx, to.y - dy}, {to.x + dx, to.y + dy}, {Paint::kInk}, 1.2);
}

Drawing upright(const BarPlot& plot, const Range& range, const std::vector<LegendEntry>& legend, const Style& style) {
  Frame f(plot.title, plot.subtitle, legend, style);
  // room for the values beyond the bars' ends
  Range roomy = range;
  const double room = (range.high - range.low) * 0.07;
  if (range.high > 0) roomy.high += room;
  if (range.low < 0) roomy.low -= room;
  Scale y(roomy, 6, true);
  double ticks = 0;
  for (const auto& text : y.texts()) ticks = std::max(ticks, style.text_width(text, kTextSize));
  f.labels("", plot.value_label);
  f.room(ticks, style.cells ? 32 : 24);
  f.y_ticks(y);
  const double slot = (f.right() - f.left()) / static_cast<double>(plot.labels.size());
  const double count = static_cast<double>(plot.series.size()), bar = std::min(46.0, slot * 0.76 / count);
  for (size_t i = 0; i < plot.labels.size(); ++i) {
    const double centre = f.left() + slot * (static_cast<double>(i) + 0.5);
    f.drawing.text(centre, f.bottom() + (style.cells ? 28 : 18), kTextSize, Anchor::kMiddle, plot.labels[i]);
    for (size_t k = 0; k < plot.series.size(); ++k) {
      const auto& s = plot.series[k];
      if (!std::isfinite(s.value[i])) continue;
      const double x = centre + bar * (static_cast<double>(k) - count / 2), e = error_at(s, i);
      const double top = y(std::max(0.0, s.value[i])), bottom = y(std::min(0.0, s.value[i]));
      f.drawing.rectangle(x + 1, top, bar - 2, bottom - top, Paint::series(k, 0.9));
      if (e > 0) whisker(f.drawing, {x + bar / 2, y(s.value[i] + e)}, {x + bar / 2, y(s.value[i] - e)}, true);
      const std::string text = value_text(plot, s.value[i]);
      if (style.text_width(text, 10.5) > bar - 2) continue;
      const bool up = s.value[i] >= 0;
      const double end = y(s.value[i] + (up ? e : -e));
      if (up ? end - 16 > f.top() - 14 : end + 14 < f.bottom())
        f.drawing.text(x + bar / 2, up ? end - 4 : end + 13, 10.5, Anchor::kMiddle, text, {Paint::kMuted});
    }
  }
  f.drawing.line({f.left(), y(0)}, {f.right(), y(0)}, {Paint::kAxis});
  return f.drawing;
}

// Labels to the left, one row a bar; as high as its rows.
Drawing lying(const BarPlot& plot, const Range& range, const std::vector<LegendEntry>& legend, const Style& style) {
  const double count = static_cast<double>(plot.series.size());
  const double bar = style.cells ? 16 : plot.series.size() > 3 ? 12 : 16, gap = style.cells ? (count > 1 ? 16 : 0) : 10;
  std::vector<std::vector<std::string>> labels;
  double widest = 0, rows = 0;
  for (const auto& label : plot.labels) {
    labels.push_back(style.wrap(label, kTextSize, style.width * 0.36));
    for (const auto& part : labels.back()) widest = std::max(widest, style.text_width(part, kTextSize));
    rows += std::max(bar * count, static_cast<double>(labels.back().size()) * style.line_height(kTextSize)) + gap;
  }
  Style tall = style;
  Frame f(plot.title, plot.subtitle, legend, style);
  const double below = style.cells ? 32 : 24;
  tall.height = f.top() + rows + below + (plot.value_label.empty() ? 0 : tall.line_height(kTextSize) + 4) +
                (style.cells ? 0 : 20);
  Frame g(plot.title, plot.subtitle, legend, tall);
  Scale x(range, 6, true);
  g.labels(plot.value_label, "");
  g.room(widest, below);
  double text_room = 0;  // beside the longest bars stand their values
  for (const auto& s : plot.series)
    for (double v : s.value) text_room = std::max(text_room, style.text_width(value_text(plot, v), 10.5) + 8);
  const double left = g.left() + (range.low < 0 ? text_room : 0);
  x.span(left, g.right() - text_room);
  Drawing& d = g.drawing;
  for (size_t i = 0; i < x.ticks().size(); ++i) {
    const double at = x(x.ticks()[i]);
    if (!style.cells) d.line({at, g.top()}, {at, g.bottom()}, {Paint::kGrid});
    d.text(at, g.bottom() + (style.cells ? 28 : 18), kTextSize, Anchor::kMiddle, x.texts()[i], {Paint::kMuted});
  }
  double at = g.top();
  for (size_t i = 0; i < plot.labels.size(); ++i) {
    const double line = style.line_height(kTextSize), lines = static_cast<double>(labels[i].size());
    const double height = std::max(bar * count, lines * line) + gap;
    const double middle = at + height / 2;
    for (size_t j = 0; j < labels[i].size(); ++j)
      d.text(g.left() - 8, middle + line * (static_cast<double>(j) - (lines - 1) / 2) + 4, kTextSize, Anchor::kEnd,
             labels[i][j]);
    for (size_t k = 0; k < plot.series.size(); ++k) {
      const auto& s = plot.series[k];
      if (!std::isfinite(s.value[i])) continue;
      const double y = middle + bar * (static_cast<double>(k) - count / 2), e = error_at(s, i);
      const double from = x(std::min(0.0, s.value[i])), to = x(std::max(0.0, s.value[i]));
      d.rectangle(from, y + 1, to - from, bar - 2, Paint::series(k, 0.9));
      if (e > 0) whisker(d, {x(s.value[i] - e), y + bar / 2}, {x(s.value[i] + e), y + bar / 2}, false);
      const bool right = s.value[i] >= 0;
      const double end = x(s.value[i] + (right ? e : -e));
      const double apart = style.cells && e > 0 ? 14 : 6;
      d.text(right ? end + apart : end - apart, y + bar / 2 + 4, 10.5, right ? Anchor::kStart : Anchor::kEnd,
             value_text(plot, s.value[i]), {Paint::kMuted});
    }
    at += height;
  }
  d.line({x(0), g.top()}, {x(0), g.bottom()}, {Paint::kAxis});
  return g.drawing;
}

}  // namespace

Drawing draw_bars(const BarPlot& plot, const Style& style) {
  const Range range = range_of(plot);
  std::vector<LegendEntry> legend;
  if (plot.series.size() > 1)
    for (size_t k = 0; k < plot.series.size(); ++k)
      legend.push_back({plot.series[k].name, Paint::series(k, 0.9), Dash::kNone, false});
  double widest = 0;
  for (const auto& label : plot.labels) widest = std::max(widest, style.text_width(label, kTextSize));
  const double slot = (style.width - 80) / static_cast<double>(plot.labels.size());
  return widest + 8 > slot || slot < 14.0 * static_cast<double>(plot.series.size())
             ? lying(plot, range, legend, style)
             : upright(plot, range, legend, style);
}

}  // namespace moonlab::run
