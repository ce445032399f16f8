// Axes: round numbers for ticks, their texts, and the way from a value to a pixel.
#pragma once

#include <string>
#include <vector>

namespace moonlab::run {

/// About `count` round numbers (1, 2 or 5 times a power of ten apart) that cover low .. high.
std::vector<double> round_ticks(double low, double high, int count);

/// Texts of ticks that stand `step` apart on an axis whose numbers reach to `largest`: as many digits as the step
/// needs, thousands as k, millions as M.
std::string tick_text(double value, double step, double largest);

/// A number for a table or beside a bar: about three significant digits.
std::string short_number(double value);

/// The finite values of data, of which an axis is made. On a logarithmic axis only positive ones count.
struct Range {
  double low, high;
  bool log;
  explicit Range(bool logarithmic = false);
  void add(double value);
  bool empty() const { return !(low <= high); }
};

/// A linear or logarithmic axis.
class Scale {
 public:
  /// `covering`: the axis begins and ends at a tick; otherwise it begins and ends with the data. `whole`: ticks at
  /// whole numbers only (epochs). A range of a single value is widened.
  Scale(Range range, int count, bool covering, bool whole = false);

  /// Gives the values low and high their pixels.
  void span(double from, double to) { from_ = from, to_ = to; }
  double operator()(double value) const;
  bool shows(double value) const;  // is it finite, and positive on a logarithmic axis?

  double low() const { return low_; }
  double high() const { return high_; }
  const std::vector<double>& ticks() const { return ticks_; }
  const std::vector<std::string>& texts() const { return texts_; }

 private:
  double low_, high_, from_ = 0, to_ = 1;
  bool log_;
  std::vector<double> ticks_;
  std::vector<std::string> texts_;
};

}  // namespace moonlab::run
