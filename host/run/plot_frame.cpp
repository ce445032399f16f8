#include "host/run/plot_frame.hpp"

#include <algorithm>

namespace moonlab::run {

namespace {

constexpr double kSwatch = 24, kGap = 8;

void draw_entry(Drawing& d, const LegendEntry& entry, double x, double y) {
  if (entry.line) d.line({x, y}, {x + kSwatch - kGap / 2, y}, entry.paint, 2.5, entry.dash);
  else d.rectangle(x + 2, y - 6, 14, 12, entry.paint, 2);
}

}  // namespace

double draw_heading(Drawing& d, const std::string& title, const std::string& subtitle, const Style& style,
                    double width) {
  double y = style.cells ? 0 : 10;
  auto write = [&](const std::string& text, double size, Paint paint, bool bold) {
    for (const auto& line : style.wrap(text, size, width - 2 * kMargin)) {
      d.text(kMargin, y + (style.cells ? 12 : size * 1.15), size, Anchor::kStart, line, paint, bold);
      y += style.line_height(size);
    }
  };
  write(title, kTitleSize, {Paint::kInk}, true);
  write(subtitle, kTextSize, {Paint::kMuted}, false);
  d.title = title;
  return y + (style.cells ? 0 : 6);
}

double heading_width(const std::string& title, const std::string& subtitle, const Style& style, double most) {
  // bold letters are an eighth wider
  const double widest = std::max(style.text_width(title, kTitleSize) * 1.12, style.text_width(subtitle, kTextSize));
  return std::min(most, widest + 2 * kMargin + 1);
}

Frame::Frame(const std::string& title, const std::string& subtitle, const std::vector<LegendEntry>& legend,
             const Style& style)
    : style_(style) {
  Drawing& d = drawing;
  d.width = style.width, d.height = style.height;
  right_ = d.width - kMargin;
  top_ = draw_heading(d, title, subtitle, style, d.width);
  if (legend.empty()) return;
  double row = 0, widest = 0;
  for (const auto& e : legend) {
    const double w = style.text_width(e.name, kTextSize);
    row += kSwatch + kGap + w + 16;
    widest = std::max(widest, w);
  }
  const double line = style.line_height(kTextSize) + (style.cells ? 0 : 4);
  if (row - 16 <= d.width - 2 * kMargin) {
    double x = kMargin;
    for (const auto& e : legend) {
      draw_entry(d, e, x, top_ + 8);
      d.text(x + kSwatch + kGap / 2, top_ + 12, kTextSize, Anchor::kStart, e.name);
      x += kSwatch + kGap + style.text_width(e.name, kTextSize) + 16;
    }
    top_ += line + (style.cells ? 0 : 4);
    return;
  }
  const double room = std::min(widest, d.width * 0.32), x = d.width - kMargin - room - kSwatch - kGap / 2;
  double y = top_ + 8;
  for (const auto& e : legend) {
    draw_entry(d, e, x, y);
    for (const auto& part : style.wrap(e.name, kTextSize, room)) {
      d.text(x + kSwatch + kGap / 2, y + 4, kTextSize, Anchor::kStart, part);
      y += style.cells ? 16 : 15;
    }
    y += style.cells ? 0 : line - 15;
  }
  d.height = std::max(d.height, y + kMargin);
  right_ = x - 20;
}

void Frame::labels(const std::string& x_label, const std::string& y_label) {
  x_label_ = x_label, y_label_ = y_label;
  if (y_label.empty()) return;
  for (const auto& part : style_.wrap(y_label, kTextSize, right_ - kMargin)) {
    drawing.text(kMargin, top_ + 12, kTextSize, Anchor::kStart, part, {Paint::kMuted});
    top_ += style_.line_height(kTextSize);
  }
}

void Frame::room(double tick_width, double below) {
  top_ += style_.cells ? 0 : 8;  // the highest tick's text reaches above its line
  left_ = kMargin + tick_width + 10;
  const double x_label = x_label_.empty() ? 0 : style_.line_height(kTextSize) + (style_.cells ? 0 : 4);
  // a long legend lends its height to the data, within reason
  const double height = std::clamp(drawing.height, style_.height, style_.height * 1.4);
  bottom_ = height - (style_.cells ? 0 : 12) - x_label - below;
  if (bottom_ - top_ < 120) {
    bottom_ = top_ + 120;
    drawing.height = std::max(drawing.height, bottom_ + below + x_label + 12);
  }
  if (!x_label_.empty())
    drawing.text((left_ + right_) / 2, bottom_ + below + x_label - 4, kTextSize, Anchor::kMiddle, x_label_,
                 {Paint::kMuted});
}

void Frame::y_ticks(Scale& y) {
  y.span(bottom_, top_);
  double last = INFINITY;
  for (size_t i = 0; i < y.ticks().size(); ++i) {
    const double at = y(y.ticks()[i]);
    if (!style_.cells) drawing.line({left_, at}, {right_, at}, {Paint::kGrid});
    if (last - at < style_.line_height(kTextSize) * 0.9) continue;
    drawing.text(left_ - 8, at + 4, kTextSize, Anchor::kEnd, y.texts()[i], {Paint::kMuted});
    last = at;
  }
}

void Frame::x_ticks(Scale& x, double inset) {
  x.span(left_ + inset, right_ - inset);
  drawing.line({left_, bottom_}, {right_, bottom_}, {Paint::kAxis});
  if (style_.cells) drawing.line({left_, top_}, {left_, bottom_}, {Paint::kAxis});
  // every text, every second, ... until none touches its neighbour; a last one that would be cut moves inward
  for (size_t each = 1; each <= x.ticks().size(); ++each) {
    double end = -INFINITY;
    bool fits = true;
    for (size_t i = 0; i < x.ticks().size() && fits; i += each) {
      const double half = style_.text_width(x.texts()[i], kTextSize) / 2;
      fits = x(x.ticks()[i]) - half >= end;
      end = x(x.ticks()[i]) + half + 8;
    }
    if (!fits && each < x.ticks().size()) continue;
    for (size_t i = 0; i < x.ticks().size(); ++i) {
      const double at = x(x.ticks()[i]);
      drawing.line({at, bottom_}, {at, bottom_ + (i % each ? 3 : 5)}, {Paint::kAxis});
      if (i % each) continue;
      const double half = style_.text_width(x.texts()[i], kTextSize) / 2;
      drawing.text(std::min(at, drawing.width - half - 2), bottom_ + (style_.cells ? 28 : 18), kTextSize,
                   Anchor::kMiddle, x.texts()[i], {Paint::kMuted});
    }
    return;
  }
}

}  // namespace moonlab::run
