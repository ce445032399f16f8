#include "host/run/graph_picture.hpp"

#include <algorithm>
#include <cmath>
#include <map>

#include "host/error.hpp"
#include "host/run/layered_layout.hpp"
#include "host/run/svg.hpp"

namespace moonlab::run {

namespace {

constexpr double kFont = 13, kNodeHeight = 26, kMargin = 24, kTitle = 34, kBoxPad = 9, kBoxHead = 15;
constexpr double kWidest = 1250;  // a picture from top to bottom at most
constexpr std::string_view kPathColour = "#b2182b";

using Point = std::pair<double, double>;

struct Box {
  double x, y, width, height;
  bool meets(const Box& o) const {
    return x < o.x + o.width && o.x < x + width && y < o.y + o.height && o.y < y + height;
  }
};

// A colour mixed with white: share 1 is the colour itself.
std::string tint(std::string_view colour, double share) {
  char text[8];
  int parts[3];
  for (int i = 0; i < 3; ++i) {
    const int c = std::stoi(std::string(colour.substr(1 + 2 * i, 2)), nullptr, 16);
    parts[i] = static_cast<int>(std::lround(255 + (c - 255) * share));
  }
  std::snprintf(text, sizeof text, "#%02x%02x%02x", parts[0], parts[1], parts[2]);
  return text;
}

std::string style(std::string_view name, std::string_view value) {
  return std::string(name) + "=\"" + std::string(value) + "\" ";
}

// How often the paths pass an edge.
struct Traffic {
  int64_t deterministic = 0, other = 0;
  int64_t all() const { return deterministic + other; }
};

class Drawing {
 public:
  explicit Drawing(const GraphPicture& picture)
      : picture_(picture), count_(static_cast<int64_t>(picture.nodes.size())) {
    for (const auto& path : picture.paths)
      for (size_t i = 0; i < path.nodes.size(); ++i) {
        if (path.nodes[i] < 0 || path.nodes[i] >= count_) fail("graph picture: no node ", path.nodes[i]);
        visits_[path.nodes[i]] += path.count;
        if (i == 0) continue;
        auto& edge = traffic_[{path.nodes[i - 1], path.nodes[i]}];
        (path.deterministic ? edge.deterministic : edge.other) += path.count;
      }
    for (const auto& [edge, t] : traffic_) most_ = std::max(most_, t.all());
    for (const auto& node : picture.nodes)
      for (const auto& group : node.groups)
        if (std::find(groups_.begin(), groups_.end(), group) == groups_.end()) groups_.push_back(group);
    // neutral groups come last in the legend
    std::stable_partition(groups_.begin(), groups_.end(), [](auto& g) { return g != "root" && g != "augmented"; });
  }

  std::string draw() {
    arrange();
    const double legend_height = place_legend();
    const double title_width = text_width(picture_.title, 17);
    width_ = std::max({width_, title_width, legend_width_}) + 2 * kMargin;
    Svg svg(width_, height_ + kMargin + legend_height, picture_.title.empty() ? "label graph" : picture_.title);
    if (!picture_.title.empty())
      svg.text(kMargin, 30, 17, "start", picture_.title, R"(fill="#222" font-weight="bold")");
    draw_blocks(svg);
    draw_edges(svg);
    for (int64_t n = 0; n < count_; ++n) draw_node(svg, n);
    draw_counts(svg);
    draw_legend(svg);
    return svg.str();
  }

 private:
  std::string colour(const std::string& group) const {
    if (group == "root") return "#444444";
    if (group == "augmented") return "#9a9a9a";
    return std::string(category_colour(std::find(groups_.begin(), groups_.end(), group) - groups_.begin()));
  }

  // How many of the paths hold the node, beside its name; "" in a picture without paths.
  std::string visits(int64_t n) const {
    if (picture_.paths.empty()) return "";
    const auto found = visits_.find(n);
    return std::to_string(found == visits_.end() ? 0 : found->second);
  }

  double node_width(int64_t n) const {
    const std::string count = visits(n);
    const double beside = count.empty() ? 0 : text_width(count, 11) + 7;
    return std::max(34.0, text_width(picture_.nodes[n].name, kFont) + 18 + beside);
  }

  void arrange() {
    LayoutInput in;
    std::map<std::string, int64_t> numbers;
    for (const auto& node : picture_.nodes)
      in.block.push_back(
          node.block.empty() ? -1 : numbers.emplace(node.block, static_cast<int64_t>(numbers.size())).first->second);
    in.edges = picture_.edges;
    for (int64_t n = 0; n < count_; ++n) in.extent.push_back(node_width(n));
    layout_ = layered_layout(in);
    vertical_ = layout_.extent <= kWidest;
    if (!vertical_) {
      in.extent.assign(count_, kNodeHeight);
      in.gap = 8;
      in.block_gap = 2 * kBoxPad + kBoxHead + 6;
      layout_ = layered_layout(in);
    }
    // thickness of each layer along the direction of the edges
    std::vector<double> start(layout_.layers + 1);
    for (int64_t l = 0; l < layout_.layers; ++l) {
      double thickness = kNodeHeight;
      if (!vertical_)
        for (int64_t n = 0; n < count_; ++n)
          if (layout_.layer[n] == l) thickness = std::max(thickness, node_width(n));
      thickness_.push_back(thickness);
      start[l + 1] = start[l] + thickness + (vertical_ ? 74 : 96);
    }
    const double top = kMargin + (picture_.title.empty() ? 0 : kTitle) + kBoxHead, left = kMargin + kBoxPad;
    for (int64_t n = 0; n < count_; ++n) {
      const double along = start[layout_.layer[n]], across = layout_.across[n], w = node_width(n);
      nodes_.push_back(vertical_ ? Box{left + across - w / 2, top + along, w, kNodeHeight}
                                 : Box{left + along, top + across - kNodeHeight / 2, w, kNodeHeight});
    }
    start_ = start;
    top_ = top;
    left_ = left;
    const double along = layout_.layers ? start[layout_.layers] - (vertical_ ? 74 : 96) : 0;
    width_ = (vertical_ ? layout_.extent : along) + 2 * kBoxPad;
    height_ = top + (vertical_ ? along : layout_.extent) + kBoxPad;
  }

  // The points of an edge: out of its node, past the layers between, into the other.
  std::vector<Point> edge_points(int64_t from, int64_t to, const std::vector<double>& bends) const {
    const Box &a = nodes_[from], &b = nodes_[to];
    std::vector<Point> points{vertical_ ? Point{a.x + a.width / 2, a.y + a.height}
                                        : Point{a.x + a.width, a.y + a.height / 2}};
    for (size_t i = 0; i < bends.size(); ++i) {
      const int64_t l = layout_.layer[from] + 1 + static_cast<int64_t>(i);
      for (double part : {0.0, thickness_[l]})
        points.push_back(vertical_ ? Point{left_ + bends[i], top_ + start_[l] + part}
                                   : Point{left_ + start_[l] + part, top_ + bends[i]});
    }
    points.push_back(vertical_ ? Point{b.x + b.width / 2, b.y} : Point{b.x, b.y + b.height / 2});
    return points;
  }

  void draw_blocks(Svg& svg) {
    std::map<std::pair<std::string, int64_t>, std::vector<int64_t>> blocks;
    for (int64_t n = 0; n < count_; ++n)
      if (!picture_.nodes[n].block.empty()) blocks[{picture_.nodes[n].block, layout_.layer[n]}].push_back(n);
    for (const auto& [key, members] : blocks) {
      if (members.size() < 2) continue;
      double x1 = 1e9, y1 = 1e9, x2 = -1e9, y2 = -1e9;
      for (int64_t n : members) {
        x1 = std::min(x1, nodes_[n].x), x2 = std::max(x2, nodes_[n].x + nodes_[n].width);
        y1 = std::min(y1, nodes_[n].y), y2 = std::max(y2, nodes_[n].y + nodes_[n].height);
      }
      svg.rectangle(x1 - kBoxPad, y1 - kBoxPad - kBoxHead + 4, x2 - x1 + 2 * kBoxPad,
                    y2 - y1 + 2 * kBoxPad + kBoxHead - 4, 7, R"(fill="#f4f5f7" stroke="#a9afb8" stroke-width="1")");
      captions_.push_back({x1 - 2, y1 - kBoxPad + 4.5, key.first});
    }
  }

  void draw_edges(Svg& svg) {
    const bool busy = !traffic_.empty();
    const std::string quiet =
        busy ? R"(stroke="#c4c8ce" stroke-width="1.2")" : R"(stroke="#8a919b" stroke-width="1.3")";
    for (size_t e = 0; e < picture_.edges.size(); ++e) {
      const auto [from, to] = picture_.edges[e];
      lines_[{from, to}] = edge_points(from, to, layout_.bends[e]);
      if (!traffic_.count({from, to})) svg.curve(lines_[{from, to}], vertical_, quiet);
    }
    for (const auto& [edge, t] : traffic_) {
      const bool known = lines_.count(edge) > 0;
      const double width = 1.6 + 4.4 * std::sqrt(static_cast<double>(t.all()) / static_cast<double>(most_));
      std::string look = style("stroke", known ? kPathColour : "#ff0000") + style("stroke-opacity", "0.72") +
                         style("stroke-width", svg_number(width)) + style("stroke-linecap", "butt");
      if (t.deterministic == 0) look += style("stroke-dasharray", "7 4");
      if (!known) lines_[edge] = edge_points(edge.first, edge.second, {});
      svg.curve(lines_[edge], vertical_, look);
    }
    for (const auto& caption : captions_)
      svg.text(caption.x, caption.y, 10.5, "start", caption.text,
               R"(fill="#5d6570" stroke="#f4f5f7" stroke-width="3" paint-order="stroke")");
  }

  void draw_node(Svg& svg, int64_t n) const {
    const auto& node = picture_.nodes[n];
    const Box& b = nodes_[n];
    const size_t bands = std::max<size_t>(1, node.groups.size());
    svg.rectangle(b.x, b.y, b.width, b.height, 6, R"(fill="#ffffff")");
    for (size_t i = 0; i < node.groups.size(); ++i) {
      // bands of one node: the first and the last keep the round corners by overlapping the frame's inside
      const double w = b.width / static_cast<double>(bands);
      svg.rectangle(b.x + w * static_cast<double>(i), b.y, w, b.height, bands == 1 ? 6 : 0,
                    style("fill", tint(colour(node.groups[i]), 0.32)));
    }
    const std::string frame = node.groups.empty() ? "#444444" : colour(node.groups[0]);
    svg.rectangle(b.x, b.y, b.width, b.height, bands == 1 ? 6 : 0,
                  style("fill", "none") + style("stroke", frame) + style("stroke-width", "1.6"));
    const std::string count = visits(n);
    const double base = b.y + b.height / 2 + kFont * 0.36;
    if (count.empty()) return svg.text(b.x + b.width / 2, base, kFont, "middle", node.name);
    svg.text(b.x + 9, base, kFont, "start", node.name);
    svg.text(b.x + b.width - 8, base, 11, "end", count, style("fill", count == "0" ? "#9a9a9a" : kPathColour));
  }

  // Each count stands on its edge where it meets no node and no other count.
  void draw_counts(Svg& svg) const {
    std::vector<Box> taken = nodes_;
    for (const auto& caption : captions_)
      taken.push_back({caption.x, caption.y - 10, text_width(caption.text, 10.5), 12});
    for (const auto& [edge, t] : traffic_) {
      const auto& points = lines_.at(edge);
      const std::string text = std::to_string(t.all());
      const double w = text_width(text, 12) + 4;
      Box best{}, box{};
      bool found = false;
      for (double share : {0.5, 0.62, 0.38, 0.74, 0.26, 0.56, 0.44, 0.68, 0.32, 0.8, 0.2, 0.85, 0.15}) {
        for (size_t i = 1; i < points.size() && !found; ++i) {
          if (std::abs(points[i].first - points[i - 1].first) + std::abs(points[i].second - points[i - 1].second) < 40)
            continue;
          const auto [x, y] = on_curve(points[i - 1], points[i], share);
          box = {x - w / 2, y - 8, w, 16};
          if (best.width == 0) best = box;
          found = std::none_of(taken.begin(), taken.end(), [&](const Box& o) { return o.meets(box); });
        }
        if (found) break;
      }
      if (found) best = box;
      taken.push_back(best);
      svg.rectangle(best.x, best.y, best.width, best.height, 8,
                    style("fill", "#ffffff") + style("stroke", kPathColour) + style("stroke-width", "1"));
      svg.text(best.x + best.width / 2, best.y + 12.2, 12, "middle", text, style("fill", kPathColour));
    }
  }

  Point on_curve(Point a, Point b, double t) const {
    // Bernstein weights; across, the control points sit on the ends, along the edge both sit halfway
    const double u = 1 - t, second = 3 * u * u * t, third = 3 * u * t * t, last = t * t * t;
    const double ease = third + last, middle = (second + third) / 2 + last;
    return vertical_ ? Point{a.first + (b.first - a.first) * ease, a.second + (b.second - a.second) * middle}
                     : Point{a.first + (b.first - a.first) * middle, a.second + (b.second - a.second) * ease};
  }

  struct Entry {
    double x, y;
    std::string text, kind;  // kind: a group, or "block", "path", "dashed", "wrong"
  };

  // Returns the legend's height; rows are broken at the picture's width.
  double place_legend() {
    std::vector<std::pair<std::string, std::string>> entries;
    for (const auto& g : groups_) entries.push_back({g == "augmented" ? "added node" : g, "group:" + g});
    std::map<std::string, int> members;
    for (const auto& node : picture_.nodes) ++members[node.block];
    members.erase("");
    if (std::any_of(members.begin(), members.end(), [](auto& m) { return m.second > 1; }))
      entries.push_back({"block: one of these", "block"});
    bool solid = false, dashed = false, wrong = false;
    for (const auto& [edge, t] : traffic_) {
      (t.deterministic ? solid : dashed) = true;
      wrong |= std::find(picture_.edges.begin(), picture_.edges.end(), edge) == picture_.edges.end();
    }
    if (solid) entries.push_back({"decoded, deterministic", "path"});
    if (dashed) entries.push_back({"decoded, nondeterministic", "dashed"});
    if (wrong) entries.push_back({"not in the graph", "wrong"});
    const double limit = std::max(width_, 560.0);
    double x = 0, y = 0;
    for (auto& [text, kind] : entries) {
      const double w = 34 + text_width(text, 12) + 18;
      if (x > 0 && x + w > limit) x = 0, y += 22;
      legend_.push_back({kMargin + x, height_ + kMargin + y, text, kind});
      x += w;
      legend_width_ = std::max(legend_width_, x);
    }
    return entries.empty() ? 0 : y + 34;
  }

  void draw_legend(Svg& svg) const {
    for (const auto& e : legend_) {
      if (e.kind.rfind("group:", 0) == 0) {
        const std::string c = colour(e.kind.substr(6));
        svg.rectangle(e.x, e.y, 26, 14, 4,
                      style("fill", tint(c, 0.32)) + style("stroke", c) + style("stroke-width", "1.6"));
      } else if (e.kind == "block") {
        svg.rectangle(e.x, e.y - 1, 26, 16, 4, R"(fill="#f4f5f7" stroke="#a9afb8" stroke-width="1")");
      } else {
        std::string look = style("stroke", e.kind == "wrong" ? "#ff0000" : kPathColour) +
                           style("stroke-opacity", "0.72") + style("stroke-width", "4");
        if (e.kind == "dashed") look += style("stroke-dasharray", "7 4");
        svg.line(e.x, e.y + 7, e.x + 26, e.y + 7, look);
      }
      svg.text(e.x + 34, e.y + 11.4, 12, "start", e.text);
    }
  }

  struct Caption {
    double x, y;
    std::string text;
  };

  const GraphPicture& picture_;
  int64_t count_, most_ = 1;
  std::map<std::pair<int64_t, int64_t>, Traffic> traffic_;
  std::map<int64_t, int64_t> visits_;  // paths that hold a node
  std::map<std::pair<int64_t, int64_t>, std::vector<Point>> lines_;
  std::vector<std::string> groups_;
  Layout layout_;
  bool vertical_ = true;
  std::vector<Box> nodes_;
  std::vector<double> thickness_, start_;
  double top_ = 0, left_ = 0, width_ = 0, height_ = 0, legend_width_ = 0;
  std::vector<Entry> legend_;
  std::vector<Caption> captions_;
};

}  // namespace

std::string draw_graph(const GraphPicture& picture) { return Drawing(picture).draw(); }

}  // namespace moonlab::run
