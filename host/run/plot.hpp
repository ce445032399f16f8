// Plots of numbers as drawings. All check what they are given: lists of unequal length, no finite value at all.
#pragma once

#include <array>
#include <cmath>
#include <string>
#include <vector>

#include "host/run/drawing.hpp"

namespace moonlab::run {

/// An axis of numbers. Limits that are not given (NAN) come from the data.
struct Axis {
  std::string label;  // with the unit
  bool log = false;
  double low = NAN, high = NAN;
};

/// Lines, points or bars over a common x axis. Values that are not finite interrupt a line.
struct XyPlot {
  struct Series {
    enum Mark { kLine, kPoints, kBars };
    std::string name;
    std::vector<double> x, y;
    std::vector<double> low, high;  // a band around a line, whiskers of points; empty: none
    Mark mark = kLine;
    double width = 0;  // of bars, in units of x
    int colour = -1;   // the series' place where negative
    bool dashed = false;
  };
  /// A line that says what a value would mean: y = slope * x + offset.
  struct Reference {
    std::string name;
    double offset = 0, slope = 0;
  };
  std::string title, subtitle;
  Axis x, y;
  std::vector<Series> series;
  std::vector<Reference> references;
};

/// Bars side by side, one for each label and series; they lie where labels are long or many.
struct BarPlot {
  struct Series {
    std::string name;
    std::vector<double> value;  // of each label; not finite: no bar
    std::vector<double> error;  // half the length of a bar's whisker; empty: none
  };
  std::string title, subtitle, value_label;
  std::vector<std::string> labels;
  std::vector<Series> series;
  bool signs = false;  // values are differences: written with their sign
};

/// A matrix as coloured cells with labels on both sides; numbers are written into cells that have room.
struct HeatMap {
  std::string title, subtitle, value_label, row_label, column_label;
  std::vector<std::string> rows, columns;
  std::vector<double> values;    // rows x columns, row by row; not finite: marked as absent
  bool diverging = false;        // two hues around 0
  double low = NAN, high = NAN;  // of the scale of colours; NAN: from the data
};

/// One or two trees of merges over the same leaves. The second is mirrored, and its leaves are joined to the first's by
/// lines coloured by the second tree's main clusters; its branches are turned so that few lines cross.
struct TreePlot {
  struct Tree {
    std::string title, axis;
    std::vector<std::array<double, 4>> merges;  // scipy's linkage: two clusters, height, size; K - 1 rows
  };
  std::string title, subtitle;
  std::vector<std::string> labels;
  std::vector<Tree> trees;
};

/// Rows of text under a header; columns of numbers stand to the right.
struct TablePicture {
  std::string title, subtitle;
  std::vector<std::string> header;
  std::vector<std::vector<std::string>> rows;
};

Drawing draw_xy(const XyPlot& plot, const Style& style = {});
Drawing draw_bars(const BarPlot& plot, const Style& style = {});
Drawing draw_heat(const HeatMap& plot, const Style& style = {});
Drawing draw_trees(const TreePlot& plot, const Style& style = {});
Drawing draw_table(const TablePicture& plot, const Style& style = {});

/// Drawings below each other, or in columns, under one title.
Drawing draw_stack(const std::string& title, const std::vector<Drawing>& parts, int columns, const Style& style = {});

}  // namespace moonlab::run
