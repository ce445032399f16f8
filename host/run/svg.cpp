#include "host/run/svg.hpp"

#include "host/run/png.hpp"

#include <array>
#include <cmath>
#include <cstdio>

namespace moonlab::run {

std::string svg_number(double value) {
  char text[40];
  std::snprintf(text, sizeof text, "%.2f", std::round(value * 100) / 100);
  std::string s = text;
  while (s.back() == '0') s.pop_back();
  if (s.back() == '.') s.pop_back();
  return s == "-0" ? "0" : s;
}

std::string xml_text(std::string_view text) {
  std::string out;
  for (char c : text) switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
  return out;
}

double text_width(std::string_view text, double size) {
  double width = 0;
  for (unsigned char c : text) {
    if (c >= 0x80 && c < 0xc0) continue;  // further bytes of one character
    if (std::string_view("iljI.,:;'|! ").find(static_cast<char>(c)) != std::string_view::npos) width += 0.38;
    else if (std::string_view("mwMW@%").find(static_cast<char>(c)) != std::string_view::npos) width += 0.99;
    else width += c >= 'A' && c <= 'Z' ? 0.75 : 0.64;
  }
  return width * size;
}

std::string_view category_colour(size_t index) {
  static constexpr std::array<std::string_view, 8> colours{"#0072b2", "#e69f00", "#009e73", "#cc79a7",
                                                           "#56b4e9", "#d55e00", "#8a8f00", "#555555"};
  return colours[index % colours.size()];
}

Svg::Svg(double width, double height, std::string_view title) {
  const std::string w = svg_number(width), h = svg_number(height);
  head_ = R"(<svg xmlns="http://www.w3.org/2000/svg" width=")" + w + R"(" height=")" + h + R"(" viewBox="0 0 )" + w +
          " " + h + R"(" font-family="DejaVu Sans, Verdana, Helvetica, Arial, sans-serif">)" + "\n<title>" +
          xml_text(title) + "</title>\n";
  rectangle(0, 0, width, height, 0, R"(fill="#ffffff")");
}

static std::string attribute(std::string_view name, double value) {
  return " " + std::string(name) + "=\"" + svg_number(value) + "\"";
}

static std::string points_text(const std::vector<std::pair<double, double>>& points) {
  std::string text;
  for (const auto& [x, y] : points) text += (text.empty() ? "" : " ") + svg_number(x) + "," + svg_number(y);
  return text;
}

void Svg::image(double x, double y, double width, double height, std::string_view png) {
  body_ += "<image" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height);
  body_ += R"( style="image-rendering:pixelated" href="data:image/png;base64,)" + base64(png) + "\"/>\n";
}

void Svg::rectangle(double x, double y, double width, double height, double radius, std::string_view style) {
  body_ += "<rect" + attribute("x", x) + attribute("y", y) + attribute("width", width) + attribute("height", height);
  if (radius > 0) body_ += attribute("rx", radius);
  body_ += " " + std::string(style) + "/>\n";
}

void Svg::line(double x1, double y1, double x2, double y2, std::string_view style) {
  body_ += "<line" + attribute("x1", x1) + attribute("y1", y1) + attribute("x2", x2) + attribute("y2", y2) + " " +
           std::string(style) + "/>\n";
}

void Svg::circle(double x, double y, double radius, std::string_view style) {
  body_ +=
      "<circle" + attribute("cx", x) + attribute("cy", y) + attribute("r", radius) + " " + std::string(style) + "/>\n";
}

void Svg::polyline(const std::vector<std::pair<double, double>>& points, std::string_view style) {
  body_ += "<polyline fill=\"none\" points=\"" + points_text(points) + "\" " + std::string(style) + "/>\n";
}

void Svg::polygon(const std::vector<std::pair<double, double>>& points, std::string_view style) {
  body_ += "<polygon points=\"" + points_text(points) + "\" " + std::string(style) + "/>\n";
}

void Svg::curve(const std::vector<std::pair<double, double>>& points, bool vertical, std::string_view style) {
  std::string path;
  for (size_t i = 0; i < points.size(); ++i) {
    const auto [x, y] = points[i];
    if (i == 0) {
      path = "M" + svg_number(x) + " " + svg_number(y);
      continue;
    }
    const auto [px, py] = points[i - 1];
    const double mx = (px + x) / 2, my = (py + y) / 2;
    path += "C" + (vertical ? svg_number(px) + " " + svg_number(my) + " " + svg_number(x) + " " + svg_number(my)
                            : svg_number(mx) + " " + svg_number(py) + " " + svg_number(mx) + " " + svg_number(y));
    path += " " + svg_number(x) + " " + svg_number(y);
  }
  body_ += "<path fill=\"none\" d=\"" + path + "\" " + std::string(style) + "/>\n";
}

void Svg::text(double x, double y, double size, std::string_view anchor, std::string_view text,
               std::string_view style) {
  body_ += "<text" + attribute("x", x) + attribute("y", y) + attribute("font-size", size);
  if (anchor != "start") body_ += " text-anchor=\"" + std::string(anchor) + "\"";
  body_ += " " + std::string(style) + ">" + xml_text(text) + "</text>\n";
}

std::string Svg::str() const { return head_ + body_ + "</svg>\n"; }

}  // namespace moonlab::run
