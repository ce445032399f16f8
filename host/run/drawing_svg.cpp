// A drawing as SVG. Every shape carries its light colour as an attribute and a class; a style sheet for the dark theme
// overrides the classes that occur, so that viewers without style sheets show the light theme.
#include <cstdio>
#include <map>

#include "host/run/drawing.hpp"
#include "host/run/svg.hpp"

namespace moonlab::run {

namespace {

std::string hex(uint32_t rgb) {
  char text[8];
  std::snprintf(text, sizeof text, "#%06x", rgb);
  return text;
}

std::string class_name(const Paint& paint) {
  switch (paint.role) {
    case Paint::kPaper:
      return "paper";
    case Paint::kMuted:
      return "muted";
    case Paint::kAxis:
      return "axis";
    case Paint::kGrid:
      return "grid";
    case Paint::kSeries:
      return "c" + std::to_string(paint.index);
    case Paint::kLevel:
      return "l" + std::to_string(paint.index);
    case Paint::kDiverging:
      return "d" + std::to_string(paint.index);
    case Paint::kNone:
    case Paint::kInk:
      break;
  }
  return "ink";
}

class Writer {
 public:
  explicit Writer(Theme theme) : theme_(theme) {}

  std::string body;

  void write(const Shape& s) {
    switch (s.kind) {
      case Shape::kRectangle: {
        const auto [a, b] = std::pair(s.points[0], s.points[1]);
        open("rect", s);
        number("x", a.x), number("y", a.y), number("width", b.x - a.x), number("height", b.y - a.y);
        if (s.size > 0) number("rx", s.size);
        break;
      }
      case Shape::kPolyline:
      case Shape::kPolygon:
        open(s.kind == Shape::kPolygon ? "polygon" : "polyline", s);
        body += " points=\"";
        for (size_t i = 0; i < s.points.size(); ++i)
          body += (i ? " " : "") + svg_number(s.points[i].x) + "," + svg_number(s.points[i].y);
        body += "\"";
        break;
      case Shape::kCircle:
        open("circle", s);
        number("cx", s.points[0].x), number("cy", s.points[0].y), number("r", s.size);
        break;
      case Shape::kCells:
        open("path", s);
        body += " shape-rendering=\"crispEdges\" transform=\"translate(" + svg_number(s.points[0].x) + " " +
                svg_number(s.points[0].y) + ") scale(" + svg_number(s.cell_width) + " " + svg_number(s.cell_height) +
                ")\" d=\"";
        for (const auto& r : s.runs) {
          const std::string n = std::to_string(r.length);
          body += "M" + std::to_string(r.column) + " " + std::to_string(r.row) + "h" + n + "v1h-" + n + "z";
        }
        body += "\"";
        break;
      case Shape::kText:
        open("text", s);
        if (s.angle == 0) number("x", s.points[0].x), number("y", s.points[0].y);
        else
          body += " transform=\"translate(" + svg_number(s.points[0].x) + " " + svg_number(s.points[0].y) +
                  ") rotate(" + svg_number(s.angle) + ")\"";
        number("font-size", s.size);
        if (s.anchor != Anchor::kStart)
          body += s.anchor == Anchor::kMiddle ? " text-anchor=\"middle\"" : " text-anchor=\"end\"";
        if (s.bold) body += " font-weight=\"bold\"";
        body += ">" + xml_text(s.text) + "</text>\n";
        return;
    }
    body += "/>\n";
  }

  /// The style sheet of the dark theme for what occurred.
  std::string style() const {
    if (theme_ != Theme::kAuto || dark_.empty()) return "";
    std::string text = "<style>@media (prefers-color-scheme:dark){";
    for (const auto& [name, rule] : dark_) text += "." + name + "{" + rule + "}";
    return text + "}</style>\n";
  }

 private:
  void open(const char* element, const Shape& s) {
    body += std::string("<") + element;
    std::string classes;
    auto paint = [&](const Paint& p, const char* what, const char* prefix) {
      if (!p.visible()) return;
      body += std::string(" ") + what + "=\"" + hex(p.rgb(theme_)) + "\"";
      if (p.opacity < 1) body += std::string(" ") + what + "-opacity=\"" + svg_number(p.opacity) + "\"";
      if (theme_ != Theme::kAuto) return;
      const std::string name = prefix + class_name(p);
      dark_[name] = std::string(what) + ":" + hex(p.rgb(Theme::kDark));
      classes += (classes.empty() ? "" : " ") + name;
    };
    paint(s.fill, "fill", "f-");
    paint(s.stroke, "stroke", "s-");
    if (!classes.empty()) body += " class=\"" + classes + "\"";
    if (!s.stroke.visible()) return;
    if (!s.fill.visible()) body += " fill=\"none\"";
    number("stroke-width", s.size);
    if (s.points.size() > 2) body += " stroke-linejoin=\"round\"";
    if (s.dash == Dash::kDashed) body += " stroke-dasharray=\"7 4\"";
    if (s.dash == Dash::kDotted) body += " stroke-dasharray=\"2 3\"";
    if (s.dash == Dash::kDashDotted) body += " stroke-dasharray=\"8 3 2 3\"";
  }

  void number(const char* name, double value) { body += std::string(" ") + name + "=\"" + svg_number(value) + "\""; }

  Theme theme_;
  std::map<std::string, std::string> dark_;
};

}  // namespace

std::string to_svg(const Drawing& drawing, Theme theme) {
  Writer writer(theme);
  Shape paper;
  paper.points = {{0, 0}, {drawing.width, drawing.height}};
  paper.fill = {Paint::kPaper};
  writer.write(paper);
  for (const Shape& s : drawing.shapes) writer.write(s);
  const std::string w = svg_number(drawing.width), h = svg_number(drawing.height);
  return R"(<svg xmlns="http://www.w3.org/2000/svg" role="img" width=")" + w + R"(" height=")" + h +
         R"(" viewBox="0 0 )" + w + " " + h + R"(" font-family="sans-serif">)" + "\n<title>" + xml_text(drawing.title) +
         "</title>\n" + writer.style() + writer.body + "</svg>\n";
}

}  // namespace moonlab::run
