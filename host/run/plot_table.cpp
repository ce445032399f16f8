#include <algorithm>

#include "host/error.hpp"
#include "host/run/plot.hpp"
#include "host/run/plot_frame.hpp"

namespace moonlab::run {

namespace {

// Is it a number, possibly "0.91 ± 0.02", "-", or nothing?
bool numeric(const std::string& text) {
  return text.find_first_not_of("0123456789.,+-eE%() \xc2\xb1") == std::string::npos;
}

}  // namespace

Drawing draw_table(const TablePicture& plot, const Style& style) {
  const size_t columns = plot.header.size();
  if (columns == 0) fail("table '", plot.title, "': no columns");
  std::vector<double> widths(columns);
  std::vector<bool> right(columns, true);
  for (size_t c = 0; c < columns; ++c) widths[c] = style.text_width(plot.header[c], kTextSize) * 1.12;
  for (size_t r = 0; r < plot.rows.size(); ++r) {
    if (plot.rows[r].size() != columns)
      fail("table '", plot.title, "': row ", r + 1, " has ", plot.rows[r].size(), " cells; expected ", columns);
    for (size_t c = 0; c < columns; ++c) {
      widths[c] = std::max(widths[c], style.text_width(plot.rows[r][c], kTextSize));
      right[c] = right[c] && numeric(plot.rows[r][c]);
    }
  }
  const double gap = style.cells ? 16 : 22, line = style.cells ? 16 : 22;
  Drawing d;
  d.width = 2 * kMargin + gap * static_cast<double>(columns - 1);
  for (double w : widths) d.width += w;
  const double table_right = d.width - kMargin;
  d.width = std::max(d.width, heading_width(plot.title, plot.subtitle, style, style.width));
  double y = draw_heading(d, plot.title, plot.subtitle, style, d.width);
  auto write = [&](const std::vector<std::string>& cells, bool header) {
    double x = kMargin;
    for (size_t c = 0; c < columns; ++c) {
      d.text(right[c] ? x + widths[c] : x, y + (style.cells ? 12 : 16), kTextSize,
             right[c] ? Anchor::kEnd : Anchor::kStart, cells[c], {header ? Paint::kMuted : Paint::kInk}, header);
      x += widths[c] + gap;
    }
    y += line;
  };
  write(plot.header, true);
  d.line({kMargin, y + 1}, {table_right, y + 1}, {Paint::kAxis});
  y += style.cells ? 16 : 4;
  for (const auto& row : plot.rows) {
    write(row, false);
    if (!style.cells) d.line({kMargin, y + 0.5}, {table_right, y + 0.5}, {Paint::kGrid});
  }
  d.height = y + (style.cells ? 0 : 12);
  return d;
}

Drawing draw_stack(const std::string& title, const std::vector<Drawing>& parts, int columns, const Style& style) {
  if (parts.empty()) fail("plot '", title, "': nothing to put together");
  const auto across = static_cast<size_t>(std::max(1, columns));
  std::vector<double> widths(std::min(across, parts.size())), heights((parts.size() + across - 1) / across);
  for (size_t i = 0; i < parts.size(); ++i) {
    widths[i % across] = std::max(widths[i % across], parts[i].width);
    heights[i / across] = std::max(heights[i / across], parts[i].height);
  }
  Drawing d;
  for (double w : widths) d.width += w;
  double y = title.empty() ? 0 : draw_heading(d, title, "", style, d.width);
  d.title = title.empty() ? parts[0].title : title;
  for (size_t i = 0; i < parts.size();) {
    double x = 0;
    for (size_t c = 0; c < widths.size() && i < parts.size(); ++c, ++i) {
      d.place(parts[i], x, y);
      x += widths[c];
    }
    y += heights[(i - 1) / across];
  }
  d.height = y;
  return d;
}

}  // namespace moonlab::run
