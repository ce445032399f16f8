#include "host/run/contact_sheet.hpp"

#include <algorithm>
#include <map>

#include "host/error.hpp"
#include "host/run/png.hpp"
#include "host/run/svg.hpp"

namespace moonlab::run {

namespace {

constexpr double kMargin = 24, kSide = 96, kFrame = 4, kCaption = 14, kGap = 12;

// The text, or its beginning with an ellipsis where it is wider than `width` pixels.
std::string cut(const std::string& text, double width, double size) {
  if (text_width(text, size) <= width) return text;
  std::string kept = text;
  while (!kept.empty() && text_width(kept + "...", size) > width) {
    do kept.pop_back();
    while (!kept.empty() && (kept.back() & 0xC0) == 0x80);  // a letter of several bytes goes whole
    if (!kept.empty() && (kept.back() & 0xC0) == 0xC0) kept.pop_back();
  }
  return kept + "...";
}

}  // namespace

std::string draw_contact_sheet(const ContactSheet& sheet) {
  if (sheet.columns < 1) fail("contact sheet: columns must be positive, got ", sheet.columns);
  std::map<std::string, std::string> colours;
  for (const auto& g : sheet.groups) colours[g.name] = g.colour;
  const auto count = static_cast<int64_t>(sheet.tiles.size());
  const int64_t columns = std::clamp<int64_t>(count, 1, sheet.columns), rows = (count + columns - 1) / columns;
  const bool two_lines = std::any_of(sheet.tiles.begin(), sheet.tiles.end(),
                                     [](const auto& t) { return t.caption.find('\n') != std::string::npos; });
  const double cell = kSide + 2 * kFrame + kGap, line = kSide + 2 * kFrame + (two_lines ? 2 : 1) * kCaption + kGap + 4,
               head = 78;
  double legend = 0;
  for (const auto& g : sheet.groups) legend += 34 + text_width(g.name, 12) + 18;
  const double width = std::max({static_cast<double>(columns) * cell - kGap, text_width(sheet.title, 17),
                                 text_width(sheet.subtitle, 12), legend}) +
                       2 * kMargin;
  Svg svg(width, head + static_cast<double>(rows) * line + kMargin, sheet.title);
  svg.text(kMargin, 30, 17, "start", sheet.title, R"(fill="#222" font-weight="bold")");
  svg.text(kMargin, 48, 12, "start", sheet.subtitle);
  double x = kMargin;
  for (const auto& g : sheet.groups) {
    svg.rectangle(x + 2, 57, 24, 12, 2, R"(fill="none" stroke-width="3" stroke=")" + g.colour + "\"");
    svg.text(x + 34, 67, 12, "start", g.name);
    x += 34 + text_width(g.name, 12) + 18;
  }
  for (int64_t i = 0; i < count; ++i) {
    const auto& tile = sheet.tiles[i];
    const auto colour = colours.find(tile.group);
    if (colour == colours.end()) fail("contact sheet: no group '", tile.group, "'");
    const double left = kMargin + static_cast<double>(i % columns) * cell;
    const double top = head + 8 + static_cast<double>(i / columns) * line;
    const std::string png = encode_png(tile.image);
    // the longer side fills the tile
    const double h = static_cast<double>(tile.image.size(1)), w = static_cast<double>(tile.image.size(2));
    const double scale = kSide / std::max(h, w);
    svg.rectangle(left + kFrame / 2, top + kFrame / 2, kSide + kFrame, kSide + kFrame, 2,
                  R"(fill="#ffffff" stroke-width="4" stroke=")" + colour->second + "\"");
    svg.image(left + kFrame + (kSide - w * scale) / 2, top + kFrame + (kSide - h * scale) / 2, w * scale, h * scale,
              png);
    double base = top + kSide + 2 * kFrame + 12;
    std::string rest = tile.caption;
    for (const char* fill : {R"(fill="#222")", R"(fill="#b2182b")"}) {
      const std::string text = rest.substr(0, rest.find('\n'));
      svg.text(left + kFrame + kSide / 2, base, 10.5, "middle", cut(text, kSide + 2 * kFrame + kGap - 4, 10.5), fill);
      if (text.size() == rest.size()) break;
      rest = rest.substr(text.size() + 1);
      base += kCaption;
    }
  }
  return svg.str();
}

}  // namespace moonlab::run
