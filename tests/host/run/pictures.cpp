#include <ATen/ATen.h>
#include <zlib.h>

#include <catch2/catch.hpp>
#include <regex>

#include "host/run/layered_layout.hpp"
#include "host/run/picture_input.hpp"
#include "host/run/png.hpp"
#include "host/run/svg.hpp"

using Catch::Contains;
using namespace moonlab::run;
using Json = nlohmann::ordered_json;

namespace {

// how often a text occurs
int count(const std::string& text, const std::string& part) {
  int n = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + part.size())) ++n;
  return n;
}

Json digits() {
  return Json::parse(R"({"title": "a < b", "nodes": [
    {"name": "digit", "groups": ["root"]},
    {"name": "straight", "groups": ["B"], "block": "stroke"}, {"name": "curved", "groups": ["B"], "block": "stroke"},
    {"name": "loop", "groups": ["augmented"]}, {"name": "1", "groups": ["A"], "block": "digit"},
    {"name": "4", "groups": ["A", "C"], "block": "digit"}, {"name": "0", "groups": ["A"], "block": "digit"}],
    "edges": [["digit", "straight"], ["digit", "curved"], ["digit", "loop"], ["straight", "1"], ["straight", "4"],
              ["curved", "0"], ["loop", "4"], ["digit", "0"]],
    "paths": [{"nodes": ["digit", "straight", "1"], "count": 12}, {"nodes": ["digit", "straight", "4"], "count": 5},
              {"nodes": ["digit", "loop", "4"], "count": 2, "deterministic": false}]})");
}

struct Rect {
  double x, y, w, h;
};

// the frames of the nodes, which are the rectangles without filling
std::vector<Rect> node_frames(const std::string& svg) {
  std::vector<Rect> found;
  std::regex frame(R"re(<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)" height="([\d.]+)"[^>]*fill="none")re");
  for (std::sregex_iterator it(svg.begin(), svg.end(), frame), end; it != end; ++it)
    found.push_back({std::stod((*it)[1]), std::stod((*it)[2]), std::stod((*it)[3]), std::stod((*it)[4])});
  return found;
}

}  // namespace

TEST_CASE("numbers and texts are written the same everywhere") {
  CHECK(svg_number(1) == "1");
  CHECK(svg_number(-0.001) == "0");
  CHECK(svg_number(2.5) == "2.5");
  CHECK(svg_number(-1.239) == "-1.24");
  CHECK(svg_number(100) == "100");
  CHECK(xml_text("a<b & \"c\"\n") == "a&lt;b &amp; &quot;c&quot; ");
  CHECK(text_width("ü", 10) == text_width("u", 10));
}

TEST_CASE("a label graph shows its nodes, blocks, paths and counts") {
  const std::string svg = draw_graph(graph_picture(digits()));
  CHECK(svg == draw_graph(graph_picture(digits())));
  for (const char* name : {">digit<", ">straight<", ">4<", ">stroke<", ">a &lt; b<"}) CHECK_THAT(svg, Contains(name));
  CHECK_THAT(svg, Contains(">17<"));  // 12 + 5 passed digit -> straight
  CHECK_THAT(svg, Contains(">12<") && Contains(">5<") && Contains(">2<"));
  CHECK(count(svg, "stroke-dasharray=\"7 4\"") == 3);  // two edges and the legend
  CHECK_THAT(svg, Contains("decoded, nondeterministic") && Contains("added node") && !Contains("not in the graph"));
  CHECK(node_frames(svg).size() == 7);
}

TEST_CASE("no two nodes overlap and all lie inside the picture") {
  for (bool wide : {false, true}) {
    auto data = digits();
    if (wide)
      for (int i = 0; i < 60; ++i) {
        data["nodes"].push_back({{"name", "a_rather_long_name_" + std::to_string(i)}, {"block", i % 3 ? "more" : ""}});
        data["edges"].push_back({i % 2 ? "curved" : "loop", data["nodes"].back()["name"]});
      }
    const std::string svg = draw_graph(graph_picture(data));
    std::smatch size;
    std::regex_search(svg, size, std::regex(R"re(width="([\d.]+)" height="([\d.]+)")re"));
    auto frames = node_frames(svg);
    CHECK(frames.size() == data["nodes"].size());
    for (size_t i = 0; i < frames.size(); ++i) {
      const Rect& a = frames[i];
      CHECK(a.x >= 0);
      CHECK(a.y >= 0);
      CHECK(a.x + a.w <= std::stod(size[1]));
      CHECK(a.y + a.h <= std::stod(size[2]));
      for (size_t j = i + 1; j < frames.size(); ++j) {
        const Rect& b = frames[j];
        CHECK_FALSE((a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h));
      }
    }
  }
}

TEST_CASE("a step that is no edge is shown as such") {
  auto data = digits();
  data["paths"].push_back({{"nodes", {"digit", "curved", "1"}}});
  CHECK_THAT(draw_graph(graph_picture(data)), Contains("not in the graph") && Contains("#ff0000"));
}

TEST_CASE("mistakes in a picture are located") {
  auto error = [](const char* pointer, Json value, const std::string& text) {
    auto data = digits();
    data[Json::json_pointer(pointer)] = value;
    CHECK_THROWS_WITH(draw_graph(graph_picture(data)), Contains(text));
  };
  error("/nodes/1/nmae", "x", "graph picture: node 2: unknown key 'nmae'; did you mean 'name'?");
  error("/nodes/2/name", "straight", "node 3: the name 'straight' is taken");
  error("/edges/3/0", "straigt", "edge 4: no node 'straigt'; did you mean 'straight'?");
  error("/edges/3", {"digit"}, "edge 4: expected { from, to }");
  error("/edges/3", {"4", "digit"}, "the graph has a cycle");
  error("/paths/0/nodes/0", "root", "path 1: no node 'root'");
  error("/paths/0/count", 0, "path 1: 'count' must be a positive integer");
}

TEST_CASE("a layout keeps distances, layers and blocks") {
  LayoutInput in;
  in.extent = {30, 40, 40, 40, 40, 20, 20};
  in.block = {-1, 0, 0, 1, 1, -1, -1};
  in.edges = {{0, 1}, {0, 2}, {0, 3}, {0, 4}, {1, 5}, {4, 6}, {0, 6}};
  auto out = layered_layout(in);
  CHECK(out.layer == std::vector<int64_t>{0, 1, 1, 1, 1, 2, 2});
  CHECK(out.bends[6].size() == 1);  // digit -> 6 passes one layer
  for (int64_t a = 0; a < 7; ++a)
    for (int64_t b = a + 1; b < 7; ++b)
      if (out.layer[a] == out.layer[b])
        CHECK(std::abs(out.across[a] - out.across[b]) >= (in.extent[a] + in.extent[b]) / 2 + in.gap - 1e-9);
  CHECK(std::abs(out.across[1] - out.across[2]) == Approx(54));  // one block, side by side
  // a block comes down to its lowest member
  in.edges.push_back({3, 2});
  CHECK(layered_layout(in).layer[1] == 2);
  // a block of a node and its own child cannot stand in one layer, and ends
  in.block = {-1, 0, -1, 1, 1, 0, -1};
  CHECK(layered_layout(in).layer[5] > layered_layout(in).layer[1]);
}

TEST_CASE("an image as PNG has the pixels it was given", "[png]") {
  const at::Tensor image = at::arange(2 * 3 * 3, at::kByte).view({3, 2, 3});
  const std::string png = encode_png(image);
  REQUIRE(png.substr(0, 8) == std::string("\x89PNG\r\n\x1a\n"));
  // width, height, 8 bits, RGB
  REQUIRE(png.substr(16, 10) == std::string("\0\0\0\3\0\0\0\2\10\2", 10));
  const auto at_data = png.find("IDAT") + 4;
  std::string raw(20, '\0');
  uLongf size = raw.size();
  REQUIRE(uncompress(reinterpret_cast<Bytef*>(raw.data()), &size, reinterpret_cast<const Bytef*>(png.data() + at_data),
                     png.size() - at_data) == Z_OK);
  REQUIRE(size == 2 * (1 + 9));
  REQUIRE(raw.substr(0, 10) == std::string("\0\0\6\14\1\7\15\2\10\16", 10));  // no filter, then r g b of each pixel
  REQUIRE(encode_png(image.slice(0, 0, 1))[25] == 0);                          // one channel is grey
  REQUIRE_THROWS_WITH(encode_png(at::zeros({3, 2, 2})), Contains("uint8 [1 or 3, H, W]"));
  REQUIRE_THROWS_WITH(encode_png(at::zeros({2, 2, 2}, at::kByte)), Contains("uint8 [1 or 3, H, W]"));
  REQUIRE(base64("") == "");
  REQUIRE(base64("f") == "Zg==");
  REQUIRE(base64("fo") == "Zm8=");
  REQUIRE(base64("foo") == "Zm9v");
  REQUIRE(base64("\xff\xfe\xfd_") == "//79Xw==");
}

TEST_CASE("a contact sheet frames every image in the colour of its group", "[contact_sheet]") {
  const Json data = Json::parse(R"({"title": "tabby", "columns": 2, "groups": [{"name": "det", "colour": "#0000ff"},
    {"name": "nondet", "colour": "#00ff00"}], "tiles": [{"caption": "1", "group": "det"}, {"caption": "2 < 3\nsaid 4", "group": "nondet"},
    {"caption": "a caption that is wider than its tile", "group": "det"}]})");
  const at::Tensor images = at::zeros({3, 1, 4, 8}, at::kByte);
  const std::string svg = draw_contact_sheet(contact_sheet(data, images));
  REQUIRE(count(svg, "data:image/png;base64,") == 3);
  REQUIRE(count(svg, "stroke=\"#0000ff\"") == 3);  // two tiles and the legend
  REQUIRE(count(svg, "stroke=\"#00ff00\"") == 2);
  REQUIRE_THAT(svg, Contains("2 &lt; 3</text>") && Contains("said 4</text>") && Contains("a caption tha") && !Contains("than its tile"));
  REQUIRE(svg == draw_contact_sheet(contact_sheet(data, images)));
  REQUIRE_THROWS_WITH(contact_sheet(data, images.slice(0, 1)), Contains("3 tiles"));
  Json wrong = data;
  wrong["tiles"][0]["group"] = "none";
  REQUIRE_THROWS_WITH(draw_contact_sheet(contact_sheet(wrong, images)), Contains("no group 'none'"));
}

TEST_CASE("beside a node's name stands how many paths hold it", "[graph_picture]") {
  const std::string svg = draw_graph(graph_picture(digits()));
  REQUIRE_THAT(svg, Contains(">19</text>") && Contains(">17</text>") && Contains(">7</text>"));
  Json quiet = digits();
  quiet.erase("paths");
  REQUIRE_THAT(draw_graph(graph_picture(quiet)), !Contains("font-size=\"11\""));
}
