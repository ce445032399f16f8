#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>

#include "host/error.hpp"
#include "host/run/plot.hpp"
#include "host/run/plot_frame.hpp"

namespace moonlab::run {

namespace {

constexpr double kTreeWidth = 250, kBetween = 150;

// A tree of merges: nodes 0 .. K-1 are leaves, K .. 2K-2 merges.
class Tree {
 public:
  Tree(const TreePlot::Tree& data, size_t leaves) : leaves_(leaves) {
    if (leaves < 2) fail("dendrogram: ", leaves, " labels; a tree needs two");
    if (data.merges.size() != leaves - 1)
      fail("dendrogram '", data.title, "': ", data.merges.size(), " merges for ", leaves, " labels; expected ",
           leaves - 1);
    std::vector<bool> used(2 * leaves - 1);
    for (const auto& m : data.merges) {
      std::array<size_t, 2> pair{};
      for (size_t side : {0u, 1u}) {
        const double id = m[side];
        if (!(id >= 0) || id != std::floor(id) || id >= static_cast<double>(leaves + children_.size()) ||
            used[static_cast<size_t>(id)])
          fail("dendrogram '", data.title, "': merge ", children_.size() + 1, " joins ", id,
               ", which is no cluster of its own at that point");
        used[static_cast<size_t>(id)] = true;
        pair[side] = static_cast<size_t>(id);
      }
      if (!std::isfinite(m[2]))
        fail("dendrogram '", data.title, "': merge ", children_.size() + 1, " has no finite height");
      children_.push_back(pair);
      heights_.push_back(m[2]);
    }
  }

  double height(size_t node) const { return node < leaves_ ? 0 : heights_[node - leaves_]; }
  const std::vector<double>& heights() const { return heights_; }
  size_t root() const { return 2 * leaves_ - 2; }

  /// Turns every branch: the child with the smaller key comes first.
  void turn(const std::function<bool(size_t, size_t)>& first) {
    for (auto& pair : children_)
      if (first(pair[1], pair[0])) std::swap(pair[0], pair[1]);
  }

  const std::array<size_t, 2>& children(size_t node) const { return children_[node - leaves_]; }

  std::vector<size_t> order() const {
    std::vector<size_t> leaves, open{root()};
    while (!open.empty()) {
      const size_t node = open.back();
      open.pop_back();
      if (node < leaves_) leaves.push_back(node);
      else open.push_back(children(node)[1]), open.push_back(children(node)[0]);
    }
    return leaves;
  }

  /// The mean over the leaves below every node of what each leaf has.
  std::vector<double> means(const std::vector<double>& of_leaf) const {
    std::vector<double> sum = of_leaf, count(leaves_, 1);
    for (size_t i = 0; i < children_.size(); ++i) {
      sum.push_back(sum[children_[i][0]] + sum[children_[i][1]]);
      count.push_back(count[children_[i][0]] + count[children_[i][1]]);
    }
    for (size_t i = 0; i < sum.size(); ++i) sum[i] /= count[i];
    return sum;
  }

  /// The leaves' clusters where the tree is cut at its widest gap between merges that leaves 2 to 8 of them.
  std::vector<size_t> clusters() const {
    std::vector<double> sorted = heights_;
    std::sort(sorted.rbegin(), sorted.rend());
    size_t count = 1;
    double widest = -1;
    for (size_t k = 2; k <= std::min<size_t>(8, sorted.size()); ++k)
      if (sorted[k - 2] - sorted[k - 1] > widest) widest = sorted[k - 2] - sorted[k - 1], count = k;
    std::vector<size_t> cluster(leaves_, 0), tops{root()};
    while (tops.size() < count) {
      auto highest =
          std::max_element(tops.begin(), tops.end(), [&](size_t a, size_t b) { return height(a) < height(b); });
      if (*highest < leaves_) break;
      const auto pair = children(*highest);
      *highest = pair[0];
      tops.push_back(pair[1]);
    }
    const auto leaves = order();
    std::sort(tops.begin(), tops.end(), [&](size_t a, size_t b) {
      return std::find(leaves.begin(), leaves.end(), first_leaf(a)) <
             std::find(leaves.begin(), leaves.end(), first_leaf(b));
    });
    for (size_t k = 0; k < tops.size(); ++k) {
      std::vector<size_t> open{tops[k]};
      while (!open.empty()) {
        const size_t node = open.back();
        open.pop_back();
        if (node < leaves_) cluster[node] = k;
        else open.push_back(children(node)[0]), open.push_back(children(node)[1]);
      }
    }
    return cluster;
  }

 private:
  size_t first_leaf(size_t node) const {
    while (node >= leaves_) node = children(node)[0];
    return node;
  }

  size_t leaves_;
  std::vector<std::array<size_t, 2>> children_;
  std::vector<double> heights_;
};

std::vector<double> places(const std::vector<size_t>& order) {
  std::vector<double> at(order.size());
  for (size_t i = 0; i < order.size(); ++i) at[order[i]] = static_cast<double>(i);
  return at;
}

// The brackets of a tree whose leaves stand at x = `leaf` and whose root reaches towards `far`, with an axis below.
void draw_tree(Drawing& d, const Tree& tree, const TreePlot::Tree& data, const std::vector<double>& row, Scale& scale,
               double pitch, double top, double bottom, const Style& style) {
  std::vector<double> y = tree.means(row);
  const size_t leaves = row.size();
  for (size_t node = leaves; node <= tree.root(); ++node) {  // a merge stands between its two children
    y[node] = (y[tree.children(node)[0]] + y[tree.children(node)[1]]) / 2;
  }
  auto pixel = [&](double r) { return top + pitch * (r + 0.5); };
  for (size_t node = leaves; node <= tree.root(); ++node) {
    const auto [a, b] = tree.children(node);
    const double x = scale(tree.height(node));
    d.polyline({{scale(tree.height(a)), pixel(y[a])},
                {x, pixel(y[a])},
                {x, pixel(y[b])},
                {scale(tree.height(b)), pixel(y[b])}},
               {Paint::kInk}, 1.3);
  }
  const double root = scale(tree.height(tree.root()));
  const double stub = scale(scale.high()) < scale(scale.low()) ? -6 : 6;
  d.line({root, pixel(y[tree.root()])}, {root + stub, pixel(y[tree.root()])}, {Paint::kInk}, 1.3);
  const double axis = bottom + (style.cells ? 0 : 8);
  d.line({scale(scale.low()), axis}, {scale(scale.high()), axis}, {Paint::kAxis});
  double taken = -INFINITY;
  std::vector<size_t> by_x(scale.ticks().size());
  for (size_t i = 0; i < by_x.size(); ++i) by_x[i] = i;
  std::sort(by_x.begin(), by_x.end(),
            [&](size_t a, size_t b) { return scale(scale.ticks()[a]) < scale(scale.ticks()[b]); });
  for (size_t i : by_x) {
    const double x = scale(scale.ticks()[i]), half = style.text_width(scale.texts()[i], kTextSize) / 2;
    d.line({x, axis}, {x, axis + 5}, {Paint::kAxis});
    if (x - half < taken) continue;
    taken = x + half + 8;
    d.text(x, axis + (style.cells ? 28 : 18), kTextSize, Anchor::kMiddle, scale.texts()[i], {Paint::kMuted});
  }
  d.text((scale(scale.low()) + scale(scale.high())) / 2, axis + (style.cells ? 44 : 36), kTextSize, Anchor::kMiddle,
         data.axis, {Paint::kMuted});
}

Scale scale_of(const Tree& tree) {
  Range range;
  range.add(0);
  for (double height : tree.heights()) range.add(height);
  return Scale(range, 4, true);
}

}  // namespace

Drawing draw_trees(const TreePlot& plot, const Style& style) {
  if (plot.trees.empty() || plot.trees.size() > 2)
    fail("dendrogram: ", plot.trees.size(), " trees; expected one or two");
  const size_t n = plot.labels.size();
  std::vector<Tree> trees;
  for (const auto& t : plot.trees) trees.emplace_back(t, n);
  // the first tree: of two branches the higher one comes first, as scipy's distance_sort = "descending"
  trees[0].turn([&](size_t a, size_t b) { return trees[0].height(a) > trees[0].height(b); });
  const auto left_order = trees[0].order();
  const auto left_row = places(left_order);
  std::vector<double> right_row;
  std::vector<size_t> cluster(n, 0);
  if (trees.size() == 2) {
    const auto mean = trees[1].means(left_row);
    trees[1].turn([&](size_t a, size_t b) { return mean[a] < mean[b]; });
    right_row = places(trees[1].order());
    cluster = trees[1].clusters();
  } else {
    cluster = trees[0].clusters();
  }
  const double pitch = style.cells ? 16 : std::clamp(900.0 / static_cast<double>(n), 11.0, 20.0);
  const double size = style.cells ? kTextSize : std::min(kTextSize, pitch * 0.86);
  double widest = 0;
  for (const auto& label : plot.labels) widest = std::max(widest, style.text_width(label, size));
  const double tree_width = style.cells ? 200 : kTreeWidth;
  Drawing d;
  const double leaves_x = kMargin + 8 + tree_width, names_x = leaves_x + 8,
               right_names = names_x + widest + 8 + kBetween;
  d.width = trees.size() == 1 ? names_x + widest + kMargin : right_names + widest + 8 + tree_width + kMargin + 8;
  d.width = std::max(d.width, heading_width(plot.title, plot.subtitle, style, 480));
  double top = draw_heading(d, plot.title, plot.subtitle, style, d.width);
  bool titled = false;
  for (const auto& t : plot.trees) titled = titled || !t.title.empty();
  if (titled) {
    d.text(kMargin + 8, top + 12, kTextSize, Anchor::kStart, plot.trees[0].title, {Paint::kMuted}, true);
    if (trees.size() == 2)
      d.text(d.width - kMargin - 8, top + 12, kTextSize, Anchor::kEnd, plot.trees[1].title, {Paint::kMuted}, true);
    top += style.line_height(kTextSize) + 4;
  }
  const double bottom = top + pitch * static_cast<double>(n);
  d.height = bottom + (style.cells ? 48 : 54);
  auto names = [&](const std::vector<double>& row, double x, Anchor anchor) {
    for (size_t i = 0; i < n; ++i) d.text(x, top + pitch * (row[i] + 0.5) + size * 0.36, size, anchor, plot.labels[i]);
  };
  Scale left = scale_of(trees[0]);
  left.span(leaves_x, leaves_x - tree_width);
  draw_tree(d, trees[0], plot.trees[0], left_row, left, pitch, top, bottom, style);
  names(left_row, names_x, Anchor::kStart);
  if (trees.size() == 1) return d;
  Scale right = scale_of(trees[1]);
  const double right_leaves = right_names + widest + 8;
  right.span(right_leaves, right_leaves + tree_width);
  draw_tree(d, trees[1], plot.trees[1], right_row, right, pitch, top, bottom, style);
  names(right_row, right_leaves - 8, Anchor::kEnd);
  for (size_t i = 0; i < n; ++i) {
    const double from = names_x + style.text_width(plot.labels[i], size) + 6;
    const double to = right_leaves - 8 - style.text_width(plot.labels[i], size) - 6;
    const double y1 = top + pitch * (left_row[i] + 0.5), y2 = top + pitch * (right_row[i] + 0.5);
    const double a = names_x + widest + 8, b = right_names - 8;  // level beside the names, slanted between the columns
    d.polyline({{from, y1}, {a, y1}, {b, y2}, {to, y2}}, Paint::series(cluster[i]), 1.4);
  }
  return d;
}

}  // namespace moonlab::run
