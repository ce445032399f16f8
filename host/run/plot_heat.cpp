#include <algorithm>
#include <cmath>
#include <map>

#include "host/error.hpp"
#include "host/run/plot.hpp"
#include "host/run/plot_frame.hpp"

namespace moonlab::run {

namespace {

constexpr double kBarWidth = 14;

// Labels of one side: at which size, and every how many cells one stands.
struct Labels {
  double size = kTextSize, widest = 0;
  size_t each = 1;
};

Labels fitted(const std::vector<std::string>& names, double cell, const Style& style) {
  Labels l;
  if (names.empty()) return l;
  l.size = style.cells ? kTextSize : std::clamp(cell * 0.86, 8.0, kTextSize);
  const double needed = style.cells ? 16 : l.size * 1.12;
  l.each = std::max<size_t>(1, static_cast<size_t>(std::ceil(needed / cell - 1e-9)));
  for (size_t i = 0; i < names.size(); i += l.each) l.widest = std::max(l.widest, style.text_width(names[i], l.size));
  return l;
}

class Map {
 public:
  Map(const HeatMap& plot, const Style& style)
      : p_(plot), style_(style), range_(span(plot)), scale_(range_, 5, false, whole_numbers(plot)) {
    rows_ = plot.values.size() / columns(), columns_ = columns();
    const double most = static_cast<double>(std::max(rows_, columns_));
    cell_ = style.cells ? 16 : std::max(std::clamp(std::floor(640 / most), most > 160 ? 1.0 : 9.5, 44.0), 320 / most);
    if (cell_ > 44) cell_ = std::min(cell_, 64.0);
    place();
  }

  Drawing draw() {
    cells();
    numbers();
    names();
    scale();
    return std::move(d_);
  }

 private:
  size_t columns() const { return p_.columns.size(); }

  static bool whole_numbers(const HeatMap& p) {
    return std::all_of(p.values.begin(), p.values.end(),
                       [](double v) { return !std::isfinite(v) || v == std::round(v); });
  }

  // What the scale of colours reaches from and to.
  static Range span(const HeatMap& p) {
    if (p.columns.empty() || p.rows.empty() || p.values.size() != p.rows.size() * p.columns.size())
      fail("heat map '", p.title, "': ", p.values.size(), " values for ", p.rows.size(), " rows and ", p.columns.size(),
           " columns");
    Range range;
    for (double v : p.values) range.add(v);
    if (range.empty()) fail("heat map '", p.title, "': no finite value");
    if (std::isfinite(p.low)) range.low = p.low;
    if (std::isfinite(p.high)) range.high = p.high;
    if (range.low > range.high)
      fail("heat map '", p.title, "': its colours end at ", range.high, ", which is below ", range.low);
    if (p.diverging) {
      const double reach = std::max({std::abs(range.low), std::abs(range.high), 1e-300});
      range.low = -reach, range.high = reach;
    }
    return range;
  }

  Paint paint(double value) const {
    const double share = std::clamp((value - scale_.low()) / (scale_.high() - scale_.low()), 0.0, 1.0);
    const auto level = static_cast<int>(std::lround(share * (Paint::kLevels - 1)));
    return {p_.diverging ? Paint::kDiverging : Paint::kLevel, level};
  }

  bool dark(double value) const {  // does the cell's colour stand far from the paper's?
    const int level = paint(value).index;
    return p_.diverging ? level < 12 || level > 51 : level > 34;
  }

  // Where everything goes: names of rows to the left, of columns below, upright where they do not fit lying.
  void place() {
    rows_labels_ = fitted(p_.rows, cell_, style_);
    columns_labels_ = fitted(p_.columns, cell_, style_);
    double widest = 0;
    for (const auto& name : p_.columns) widest = std::max(widest, style_.text_width(name, kTextSize));
    lying_ = widest + 6 <= cell_;
    if (lying_) columns_labels_ = {kTextSize, widest, 1};
    const double line = style_.line_height(kTextSize);
    for (const auto& text : scale_.texts()) ticks_ = std::max(ticks_, style_.text_width(text, kTextSize));
    left_ = kMargin + rows_labels_.widest + 8;
    const double grid = cell_ * static_cast<double>(columns_);
    d_.width = left_ + grid + 24 + kBarWidth + 8 + ticks_ + kMargin;
    const double right = std::max(d_.width - kMargin, kMargin + style_.text_width(p_.value_label, kTextSize));
    d_.width = right + kMargin;
    d_.width = std::max(d_.width, heading_width(p_.title, p_.subtitle, style_, style_.width));
    top_ = draw_heading(d_, p_.title, p_.subtitle, style_, d_.width);
    if (!p_.row_label.empty()) {
      d_.text(kMargin, top_ + 12, kTextSize, Anchor::kStart, p_.row_label, {Paint::kMuted});
      top_ += line;
    }
    if (!p_.value_label.empty()) {
      if (p_.row_label.empty()) top_ += line;
      d_.text(right, top_ - line + 12, kTextSize, Anchor::kEnd, p_.value_label, {Paint::kMuted});
      const double both = style_.text_width(p_.value_label, kTextSize) + style_.text_width(p_.row_label, kTextSize);
      if (!p_.row_label.empty() && both + 2 * kMargin > right) {  // on lines of their own
        d_.shapes.back().points[0].y += line;
        top_ += line;
      }
    }
    top_ += style_.cells ? 0 : 6;
    bottom_ = top_ + cell_ * static_cast<double>(rows_);
    // upright letters of a terminal stand below each other
    double y = bottom_ + (lying_ ? line + 6 : style_.cells ? 2 * columns_labels_.widest : columns_labels_.widest + 12);
    if (!p_.column_label.empty()) {
      d_.text(left_ + grid / 2, y + (style_.cells ? 12 : 10), kTextSize, Anchor::kMiddle, p_.column_label,
              {Paint::kMuted});
      y += line;
    }
    d_.height = y + (style_.cells ? 0 : 10);
    for (double v : p_.values) absent_ = absent_ || !std::isfinite(v);
    if (!absent_) return;
    d_.text(left_, d_.height + (style_.cells ? 12 : 4), kTextSize, Anchor::kStart, "× no value", {Paint::kMuted});
    d_.height += line;
  }

  void cells() {
    std::map<int, Shape> by_level;
    for (size_t r = 0; r < rows_; ++r)
      for (size_t c = 0; c < columns_; ++c) {
        const double v = p_.values[r * columns_ + c];
        if (!std::isfinite(v)) {
          cross(r, c);
          continue;
        }
        const Paint p = paint(v);
        Shape& s = by_level[p.index];
        s.kind = Shape::kCells;
        s.points = {{left_, top_}};
        s.fill = p;
        s.cell_width = s.cell_height = cell_;
        const auto row = static_cast<int64_t>(r), column = static_cast<int64_t>(c);
        if (!s.runs.empty() && s.runs.back().row == row && s.runs.back().column + s.runs.back().length == column)
          ++s.runs.back().length;
        else s.runs.push_back({row, column, 1});
      }
    for (auto& [level, shape] : by_level) d_.shapes.push_back(std::move(shape));
    const double right = left_ + cell_ * static_cast<double>(columns_);
    if (!style_.cells)
      d_.polyline({{left_, top_}, {right, top_}, {right, bottom_}, {left_, bottom_}, {left_, top_}}, {Paint::kGrid}, 1);
  }

  void cross(size_t r, size_t c) {
    const double x = left_ + cell_ * (static_cast<double>(c) + 0.5), y = top_ + cell_ * (static_cast<double>(r) + 0.5);
    const double arm = std::min(4.0, cell_ / 4);
    d_.line({x - arm, y - arm}, {x + arm, y + arm}, {Paint::kMuted});
    d_.line({x - arm, y + arm}, {x + arm, y - arm}, {Paint::kMuted});
  }

  // Numbers in the cells, where each has room.
  void numbers() {
    if (style_.cells || cell_ < 28) return;
    const bool whole = whole_numbers(p_);
    auto text = [&](double v) {
      if (whole) return tick_text(v, 1, v);
      const std::string t = short_number(v);
      return cell_ < 40 && t.size() > 4 && t.find('e') == std::string::npos ? t.substr(0, t.size() - 1) : t;
    };
    double widest = 0;
    for (double v : p_.values)
      if (std::isfinite(v)) widest = std::max(widest, style_.text_width(text(v), 1));
    const double size = std::min(12.0, (cell_ - 4) / widest);
    if (size < 8) return;
    for (size_t i = 0; i < p_.values.size(); ++i) {
      const double v = p_.values[i];
      if (!std::isfinite(v)) continue;
      d_.text(left_ + cell_ * (static_cast<double>(i % columns_) + 0.5),
              top_ + cell_ * (static_cast<double>(i / columns_) + 0.5) + size * 0.36, size, Anchor::kMiddle, text(v),
              {dark(v) ? Paint::kPaper : Paint::kInk});
    }
  }

  void names() {
    for (size_t r = 0; r < rows_; r += rows_labels_.each)
      d_.text(left_ - 8, top_ + cell_ * (static_cast<double>(r) + 0.5) + rows_labels_.size * 0.36, rows_labels_.size,
              Anchor::kEnd, p_.rows[r]);
    for (size_t c = 0; c < columns_; c += columns_labels_.each) {
      const double x = left_ + cell_ * (static_cast<double>(c) + 0.5);
      if (lying_) d_.text(x, bottom_ + 18, kTextSize, Anchor::kMiddle, p_.columns[c]);
      else
        d_.text(x + columns_labels_.size * 0.36, bottom_ + 8, columns_labels_.size, Anchor::kEnd, p_.columns[c],
                {Paint::kInk}, false, -90);
    }
  }

  // The scale of colours to the right.
  void scale() {
    const double x = left_ + cell_ * static_cast<double>(columns_) + 24;
    const double high = std::max(std::min(bottom_ - top_, 320.0), std::min(bottom_ - top_, 90.0));
    scale_.span(top_ + high, top_);
    const double step = high / Paint::kLevels;
    for (int i = 0; i < Paint::kLevels; ++i)
      d_.rectangle(x, top_ + high - step * (i + 1), kBarWidth, step + (i > 0 ? 0.5 : 0),
                   {p_.diverging ? Paint::kDiverging : Paint::kLevel, i});
    double last = INFINITY;
    for (size_t i = 0; i < scale_.ticks().size(); ++i) {
      const double y = scale_(scale_.ticks()[i]);
      if (last - y < style_.line_height(kTextSize)) continue;
      d_.line({x + kBarWidth, y}, {x + kBarWidth + 4, y}, {Paint::kAxis});
      d_.text(x + kBarWidth + 8, y + 4, kTextSize, Anchor::kStart, scale_.texts()[i], {Paint::kMuted});
      last = y;
    }
  }

  const HeatMap& p_;
  const Style& style_;
  Range range_;
  Scale scale_;
  Drawing d_;
  size_t rows_ = 0, columns_ = 0;
  double cell_ = 0, left_ = 0, top_ = 0, bottom_ = 0, ticks_ = 0;
  Labels rows_labels_, columns_labels_;
  bool lying_ = false, absent_ = false;
};

}  // namespace

Drawing draw_heat(const HeatMap& plot, const Style& style) { return Map(plot, style).draw(); }

}  // namespace moonlab::run
