// Plots of numbers as SVG: lines with a band, bars with an error.
#pragma once

#include <string>
#include <vector>

namespace moonlab::run {

/// Lines over a common x axis. Points that are not finite interrupt a line.
struct LinePlot {
  struct Series {
    std::string name;
    std::vector<double> x, y;
    std::vector<double> low, high;  // a band around y; empty: none
  };
  std::string title, x_label, y_label;
  std::vector<Series> series;
};

/// Bars side by side, one for each label and series.
struct BarPlot {
  struct Series {
    std::string name;
    std::vector<double> value;  // of each label; not finite: no bar
    std::vector<double> error;  // half the length of a bar's whisker; empty: none
  };
  std::string title, y_label;
  std::vector<std::string> labels;
  std::vector<Series> series;
};

/// SVG text, the same bytes for the same input. Errors: series whose lists differ in length, no finite point at all.
std::string draw_lines(const LinePlot& plot);
std::string draw_bars(const BarPlot& plot);

/// About `count` round numbers (1, 2 or 5 times a power of ten apart) that cover low .. high; for the axis of a plot.
std::vector<double> round_ticks(double low, double high, int count);

}  // namespace moonlab::run
