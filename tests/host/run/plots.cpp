#include <catch2/catch.hpp>
#include <sstream>

#include "host/image/image.hpp"
#include "host/run/plot_input.hpp"
#include "host/run/svg.hpp"
#include "host/run/ticks.hpp"

using Catch::Contains;
using namespace moonlab::run;
using Json = nlohmann::ordered_json;

namespace {

int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

Json curves() {
  return Json::parse(R"({"kind": "xy", "title": "a < b", "subtitle": "mean ± std", "x": {"label": "epoch"},
    "y": {"label": "val.top1"}, "series": [
    {"name": "a", "x": [1, 2, 3, 4, 5], "y": [0.1, 0.2, null, 0.3, 0.4]},
    {"name": "b", "x": [1, 2], "y": [0.5, 0.6], "low": [0.4, 0.5], "high": [0.6, 0.7]}]})");
}

Json bars() {
  return Json::parse(R"({"kind": "bars", "title": "t", "label": "top1", "labels": ["x", "y"], "series": [
    {"name": "a", "value": [0.9, null], "error": [0.1, null]}, {"name": "b", "value": [-0.5, 0.6]}]})");
}

Json heat(size_t k, const std::string& prefix) {
  Json data = {{"kind", "heat"}, {"title", "t"}, {"label", "samples"}, {"row_label", "true class"}};
  for (size_t r = 0; r < k; ++r) {
    data["rows"].push_back(prefix + std::to_string(r));
    for (size_t c = 0; c < k; ++c) data["values"].push_back(r == c ? 50 : (r * c) % 7);
  }
  data["columns"] = data["rows"];
  return data;
}

// A tree of k leaves: each merge takes one leaf more, in the order of the multiples of `step`.
Json tree(size_t k, size_t step) {
  Json merges = Json::array();
  for (size_t i = 1; i < k; ++i)
    merges.push_back({i == 1 ? 0 : k + i - 2, i * step % k, static_cast<double>(i) / 2, i + 1});
  return merges;
}

Json trees(size_t k) {
  Json data = {{"kind", "trees"}, {"title", "t"}};
  for (size_t i = 0; i < k; ++i) data["labels"].push_back("a class " + std::to_string(i));
  data["trees"] = {{{"title", "learnt"}, {"axis", "distance"}, {"merges", tree(k, 1)}},
                   {{"title", "WordNet"}, {"axis", "steps"}, {"merges", tree(k, k - 1)}}};
  return data;
}

struct Box {
  std::string text;
  double left, top, right, bottom;
};

// Where the texts of a drawing stand, by the width that the layout counts on.
std::vector<Box> texts(const Drawing& d) {
  std::vector<Box> boxes;
  for (const auto& s : d.shapes) {
    if (s.kind != Shape::kText || s.text.empty()) continue;
    const double w = Style{}.text_width(s.text, s.size), rise = s.size * 0.74, fall = s.size * 0.02;
    const double back = s.anchor == Anchor::kStart ? 0 : s.anchor == Anchor::kMiddle ? w / 2 : w;
    const Point p = s.points[0];
    if (s.angle == 0) boxes.push_back({s.text, p.x - back, p.y - rise, p.x - back + w, p.y + fall});
    else boxes.push_back({s.text, p.x - rise, p.y - (w - back), p.x + fall, p.y + back});
  }
  return boxes;
}

void check_legible(const Json& data, const Style& style = {}) {
  const Drawing d = draw_plot(data, style);
  const auto boxes = texts(d);
  for (size_t i = 0; i < boxes.size(); ++i) {
    const Box& a = boxes[i];
    INFO(a.text << " at " << a.left << " .. " << a.right << ", " << a.top << " .. " << a.bottom << " of " << d.width
                << " x " << d.height);
    CHECK((a.left >= 0 && a.top >= 0 && a.right <= d.width && a.bottom <= d.height));
    for (size_t j = i + 1; j < boxes.size(); ++j) {
      const Box& b = boxes[j];
      INFO("against " << b.text << " at " << b.left << " .. " << b.right << ", " << b.top << " .. " << b.bottom);
      CHECK_FALSE((a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom));
    }
  }
}

}  // namespace

TEST_CASE("ticks are round and cover the range") {
  CHECK(round_ticks(0, 1, 5) == std::vector<double>{0, 0.2, 0.4, 0.6000000000000001, 0.8, 1});
  CHECK(round_ticks(13, 87, 4) == std::vector<double>{0, 20, 40, 60, 80, 100});
  CHECK(round_ticks(5, 5, 5).front() < 5);
  CHECK(round_ticks(5, 5, 5).back() > 5);
  CHECK(round_ticks(0, 0, 5).size() >= 2);
}

TEST_CASE("ticks say no more digits than they need") {
  CHECK(tick_text(0.30000000000000004, 0.1, 1) == "0.3");
  CHECK(tick_text(0.25, 0.05, 1) == "0.25");
  CHECK(tick_text(1e-19, 0.1, 1) == "0");
  CHECK(tick_text(5000, 5000, 20000) == "5k");
  CHECK(tick_text(2500000, 500000, 3e6) == "2.5M");
  CHECK(tick_text(2e-5, 1e-5, 5e-5) == "2e-5");
  CHECK(short_number(0.12345) == "0.123");
  CHECK(short_number(-1234.5) == "-1234");
  CHECK(short_number(0.00012) == "1.2e-4");
  CHECK(short_number(0) == "0");
}

TEST_CASE("an axis of epochs has whole ticks, a logarithmic one round factors") {
  Range epochs;
  epochs.add(1), epochs.add(3);
  CHECK(Scale(epochs, 8, false, true).ticks() == std::vector<double>{1, 2, 3});
  Range rates(true);
  rates.add(1e-5), rates.add(0.1), rates.add(-1), rates.add(0);
  CHECK(Scale(rates, 8, false).texts() == std::vector<std::string>{"1e-5", "0.0001", "0.001", "0.01", "0.1"});
  Range one(true);
  one.add(3);
  CHECK(Scale(one, 8, false).ticks() == std::vector<double>{2, 5});
}

TEST_CASE("lines have gaps where numbers are missing, bands below them") {
  auto data = curves();
  const std::string svg = to_svg(draw_plot(data));
  CHECK(count(svg, "stroke-width=\"2\"") == 3);  // a before and after its gap, b
  CHECK(count(svg, "<polygon") == 1);
  CHECK_THAT(svg, Contains(">epoch<") && Contains(">val.top1<") && Contains(">b<") && Contains(">a &lt; b<"));
  data["series"][0]["y"] = {1, 2};
  CHECK_THROWS_WITH(draw_plot(data), Contains("series 'a': 5 x, 2 y"));
  data["series"][0]["mark"] = "pionts";
  CHECK_THROWS_WITH(draw_plot(data), Contains("did you mean 'points'?"));
  CHECK_THROWS_WITH(draw_plot({{"kind", "xy"}, {"title", "t"}}), Contains("no series"));
  data["series"] = Json::parse(R"([{"x": [1, 2], "y": [null, null]}])");
  CHECK_THROWS_WITH(draw_plot(data), Contains("no finite value for the y axis"));
  data["series"] = Json::parse(R"([{"x": [1, 2], "y": [-1, 0]}])");
  data["y"] = {{"log", true}};
  CHECK_THROWS_WITH(draw_plot(data), Contains("no finite positive value for the y axis"));
}

TEST_CASE("lines end at the limits of an axis") {
  auto data = Json::parse(R"({"kind": "xy", "title": "t", "y": {"low": 0, "high": 1}, "series": [
    {"x": [0, 1, 2, 3], "y": [-1, 1, 3, 0.5]}]})");
  const Drawing d = draw_plot(data);
  for (const auto& s : d.shapes)
    if (s.kind == Shape::kPolyline)
      for (const Point& p : s.points) CHECK((p.y >= 30 && p.y <= d.height && p.x >= 0 && p.x <= d.width));
}

TEST_CASE("bars stand or lie, with whiskers and signs") {
  auto data = bars();
  CHECK(count(to_svg(draw_plot(data)), "fill-opacity=\"0.9\"") == 3 + 2);  // three bars, two in the legend
  data["labels"] = {"a label that is far too long to stand below a bar of this plot, as rows of ablations are", "y"};
  data["signs"] = true;
  const std::string lying = to_svg(draw_plot(data));
  CHECK_THAT(lying, Contains(">+0.900<") && Contains(">-0.500<") && Contains(">a label that is far too"));
  data["series"][0]["value"] = {1};
  CHECK_THROWS_WITH(draw_plot(data), Contains("2 labels, 1 values"));
  data["series"][0]["vlaue"] = 1;
  CHECK_THROWS_WITH(draw_plot(data), Contains("did you mean 'value'?"));
}

TEST_CASE("a heat map joins equal neighbours, names its classes and marks what is absent") {
  auto data = heat(3, "c");
  data["values"] = {1, 1, 0, 0, 1, 0, 0, nullptr, 1};
  const std::string svg = to_svg(draw_plot(data), Theme::kLight);
  CHECK_THAT(svg,
             Contains("M0 0h2v1h-2zM1 1h1v1h-1zM2 2h1v1h-1z") && Contains("× no value") && Contains(">true class<"));
  CHECK_THAT(svg, !Contains("<style>"));
  data["values"] = {1, 2};
  CHECK_THROWS_WITH(draw_plot(data), Contains("2 values for 3 rows and 3 columns"));
}

TEST_CASE("a scale that ends before it begins is refused") {
  auto data = heat(3, "c");
  data["low"] = 100;
  CHECK_THROWS_WITH(draw_plot(data), Contains("its colours end at 50, which is below 100"));
  data["low"] = 2, data["high"] = 2;  // one colour
  CHECK_THAT(to_svg(draw_plot(data)), !Contains("nan"));
  auto lines = curves();
  lines["y"] = {{"low", 1}, {"high", 1}};
  CHECK_THROWS_WITH(draw_plot(lines), Contains("the y axis ends at 1, which is not above 1"));
}

TEST_CASE("trees stand side by side over the same leaves") {
  const Drawing d = draw_plot(trees(12));
  int brackets = 0, joins = 0;
  for (const auto& s : d.shapes)
    if (s.kind == Shape::kPolyline && s.points.size() == 4) (s.stroke.role == Paint::kSeries ? joins : brackets) += 1;
  CHECK(brackets == 22);
  CHECK(joins == 12);
  auto wrong = trees(3);
  wrong["trees"][0]["merges"][1] = {0, 3, 1, 3};
  CHECK_THROWS_WITH(draw_plot(wrong), Contains("merge 2 joins 0, which is no cluster of its own"));
  wrong = trees(3);
  wrong["labels"].push_back("one more");
  CHECK_THROWS_WITH(draw_plot(wrong), Contains("2 merges for 4 labels; expected 3"));
}

TEST_CASE("no text overlaps another or is cut") {
  check_legible(curves());
  check_legible(bars());
  for (size_t k : {2, 10, 100}) {
    check_legible(heat(k, "a class with a name "));
    check_legible(trees(k));
  }
  auto many = curves();
  for (int i = 0; i < 40; ++i)
    many["series"].push_back(
        {{"name", "a row with a rather long name, number " + std::to_string(i)}, {"x", {1, 2000}}, {"y", {i, -i}}});
  many["title"] =
      "a title that is so long that no single line of a plot of the usual width could ever hold it, and longer";
  check_legible(many);
  Style narrow;
  narrow.width = 300;
  check_legible(curves(), narrow);
  auto long_bars = bars();
  for (int i = 0; i < 30; ++i) {
    long_bars["labels"].push_back("number " + std::to_string(i));
    for (auto& s : long_bars["series"]) s["value"].push_back(i - 10.5);
    long_bars["series"][0]["error"].push_back(0.5);
  }
  check_legible(long_bars);
  auto log = curves();
  log["x"]["log"] = true, log["y"]["log"] = true;
  check_legible(log);
}

TEST_CASE("a drawing follows the reader's theme, or keeps to one") {
  const Drawing d = draw_plot(curves());
  const std::string svg = to_svg(d);
  CHECK(svg == to_svg(draw_plot(curves())));
  CHECK_THAT(svg, Contains("@media (prefers-color-scheme:dark)") && Contains("font-family=\"sans-serif\""));
  CHECK(count(svg, "http") == 1);  // the name of the format, and nothing else outside
  CHECK_THAT(to_svg(d, Theme::kDark), !Contains("<style>") && Contains("#14171b"));
}

TEST_CASE("a PNG shows the same drawing") {
  const Drawing d = draw_plot(bars());
  const auto light = moonlab::image::decode(to_png(d), "plot");
  CHECK(light.size(0) == 840);
  CHECK(light.size(1) == 1440);
  auto at = [](const at::Tensor& image, int64_t y, int64_t x) {
    uint32_t rgb = 0;
    for (int64_t c = 0; c < 3; ++c) rgb = rgb << 8 | image.data_ptr<uint8_t>()[(y * image.size(1) + x) * 3 + c];
    return rgb;
  };
  CHECK(at(light, 2, 2) == 0xffffff);
  CHECK(at(moonlab::image::decode(to_png(d, Theme::kDark, 1), "plot"), 2, 2) == 0x14171b);
  const auto bar = std::find_if(d.shapes.begin(), d.shapes.end(), [](const Shape& s) {
    return s.kind == Shape::kRectangle && s.points[1].y - s.points[0].y > 40;
  });
  REQUIRE(bar != d.shapes.end());
  const auto x = static_cast<int64_t>(bar->points[0].x + bar->points[1].x) - 12;  // left of the whisker in its middle
  const auto y = static_cast<int64_t>(bar->points[0].y + bar->points[1].y);
  const uint32_t blue = at(light, y, x) & 0xff, red = at(light, y, x) >> 16;
  CHECK(blue > red + 100);
  CHECK_THROWS_WITH(to_png(d, Theme::kLight, 100), Contains("at most 16384 a side"));
}

TEST_CASE("upright texts, dashes and bands come to a PNG too") {
  auto lines = curves();
  lines["series"][0]["dashed"] = true;
  for (const auto& data : {lines, heat(12, "a class with a name "), trees(12)})
    for (Theme theme : {Theme::kLight, Theme::kDark}) {
      const Drawing d = draw_plot(data);
      const auto image = moonlab::image::decode(to_png(d, theme, 1), "plot");
      CHECK(image.size(0) == static_cast<int64_t>(std::ceil(d.height)));
      CHECK(image.size(1) == static_cast<int64_t>(std::ceil(d.width)));
    }
}

TEST_CASE("a terminal shows lines as braille and texts as they are") {
  Style style;
  style.cells = true;
  style.width = 60 * 8, style.height = 16 * 16;
  const std::string text = to_terminal(draw_plot(curves(), style), false);
  CHECK_THAT(text, Contains("a < b") && Contains("mean ± std") && Contains("epoch") && Contains("\u28c0"));
  CHECK_THAT(text, !Contains("\x1b"));
  std::istringstream lines(text);
  int n = 0;
  for (std::string line; std::getline(lines, line); ++n) CHECK(Style{}.text_width(line, 1) < 80);
  CHECK(n == 16);
  CHECK_THAT(to_terminal(draw_plot(heat(3, "c"), style), true), Contains("\x1b[48;2;"));
}
