#include "host/run/layered_layout.hpp"

#include <algorithm>
#include <numeric>

#include "host/error.hpp"

namespace moonlab::run {

namespace {

// A unit is what keeps together in a layer: the members of a block, a node without one, or a bend of a long edge.
struct Unit {
  std::vector<int64_t> members;  // nodes, beyond the real ones the bends
  double extent = 0, centre = 0, key = 0;
};

class Builder {
 public:
  explicit Builder(const LayoutInput& in) : in_(in), nodes_(static_cast<int64_t>(in.extent.size())) {}

  Layout build() {
    assign_layers();
    add_bends();
    make_units();
    order_units();
    place();
    return collect();
  }

 private:
  // Longest path from the roots; then a block comes down to its lowest member, and what hangs below it follows.
  void assign_layers() {
    for (auto [from, to] : in_.edges)
      if (from < 0 || to < 0 || from >= nodes_ || to >= nodes_)
        fail("layout: edge ", from, " -> ", to, " leaves the graph");
    layer_.assign(nodes_, 0);
    std::vector<int64_t> degree(nodes_);
    for (auto [from, to] : in_.edges) ++degree[to];
    std::vector<int64_t> ready;
    for (int64_t n = 0; n < nodes_; ++n)
      if (degree[n] == 0) ready.push_back(n);
    std::vector<int64_t> order;
    while (!ready.empty()) {
      const int64_t n = ready.back();
      ready.pop_back();
      order.push_back(n);
      for (auto [from, to] : in_.edges)
        if (from == n && --degree[to] == 0) ready.push_back(to);
    }
    if (static_cast<int64_t>(order.size()) < nodes_) fail("layout: the graph has a cycle");
    // A block that holds a node and its descendant never comes to rest: the rounds are bounded.
    for (int64_t round = 0; round <= nodes_; ++round) {
      auto before = layer_;
      for (int64_t n : order)
        for (auto [from, to] : in_.edges)
          if (from == n) layer_[to] = std::max(layer_[to], layer_[n] + 1);
      if (round < nodes_)
        for (int64_t n = 0; n < nodes_; ++n)
          for (int64_t m = 0; m < nodes_; ++m)
            if (in_.block[n] >= 0 && in_.block[n] == in_.block[m]) layer_[n] = std::max(layer_[n], layer_[m]);
      if (before == layer_) break;
    }
    layers_ = 1 + (nodes_ ? *std::max_element(layer_.begin(), layer_.end()) : -1);
  }

  void add_bends() {
    for (const auto& [from, to] : in_.edges) {
      std::vector<int64_t> chain{from};
      for (int64_t l = layer_[from] + 1; l < layer_[to]; ++l) {
        chain.push_back(static_cast<int64_t>(layer_.size()));
        layer_.push_back(l);
      }
      chain.push_back(to);
      chains_.push_back(chain);
    }
    above_.resize(layer_.size());
    below_.resize(layer_.size());
    for (const auto& chain : chains_)
      for (size_t i = 1; i < chain.size(); ++i) {
        above_[chain[i]].push_back(chain[i - 1]);
        below_[chain[i - 1]].push_back(chain[i]);
      }
  }

  void make_units() {
    units_.resize(layers_);
    for (int64_t n = 0; n < static_cast<int64_t>(layer_.size()); ++n) {
      auto& row = units_[layer_[n]];
      const int64_t block = n < nodes_ ? in_.block[n] : -1;
      auto same = std::find_if(row.begin(), row.end(), [&](const Unit& u) {
        return block >= 0 && u.members[0] < nodes_ && in_.block[u.members[0]] == block;
      });
      if (same == row.end()) same = row.insert(row.end(), Unit{});
      same->members.push_back(n);
    }
    at_.resize(layer_.size());
    for (auto& row : units_) number(row);
  }

  // The place of each member in its layer, as a rank.
  void number(std::vector<Unit>& row) {
    double rank = 0;
    for (auto& unit : row)
      for (int64_t n : unit.members) at_[n] = rank++;
  }

  double mean_place(const std::vector<int64_t>& of, double otherwise) const {
    if (of.empty()) return otherwise;
    double sum = 0;
    for (int64_t n : of) sum += at_[n];
    return sum / static_cast<double>(of.size());
  }

  int64_t crossings() const {
    int64_t count = 0;
    for (int64_t l = 0; l + 1 < layers_; ++l) {
      std::vector<std::pair<double, double>> lines;
      for (const auto& unit : units_[l])
        for (int64_t n : unit.members)
          for (int64_t m : below_[n]) lines.push_back({at_[n], at_[m]});
      for (size_t i = 0; i < lines.size(); ++i)
        for (size_t j = i + 1; j < lines.size(); ++j)
          count += (lines[i].first - lines[j].first) * (lines[i].second - lines[j].second) < 0;
    }
    return count;
  }

  void order_row(std::vector<Unit>& row, const std::vector<std::vector<int64_t>>& neighbours) {
    for (auto& unit : row) {
      std::vector<std::pair<double, int64_t>> keyed;
      double sum = 0;
      for (int64_t n : unit.members) {
        keyed.push_back({mean_place(neighbours[n], at_[n]), n});
        sum += keyed.back().first;
      }
      std::stable_sort(keyed.begin(), keyed.end(), [](auto& a, auto& b) { return a.first < b.first; });
      for (size_t i = 0; i < keyed.size(); ++i) unit.members[i] = keyed[i].second;
      unit.key = sum / static_cast<double>(keyed.size());
    }
    std::stable_sort(row.begin(), row.end(), [](const Unit& a, const Unit& b) { return a.key < b.key; });
    number(row);
  }

  // Sweeps down and up; the best order met is kept, the given one where nothing beats it.
  void order_units() {
    auto best = units_;
    int64_t fewest = crossings();
    for (int sweep = 0; sweep < 12 && fewest > 0; ++sweep) {
      if (sweep % 2 == 0)
        for (int64_t l = 1; l < layers_; ++l) order_row(units_[l], above_);
      else
        for (int64_t l = layers_ - 2; l >= 0; --l) order_row(units_[l], below_);
      if (int64_t now = crossings(); now < fewest) fewest = now, best = units_;
    }
    units_ = best;
  }

  double node_extent(int64_t n) const { return n < nodes_ ? in_.extent[n] : 6; }

  // From here at_ holds centres in pixels.
  void place() {
    for (auto& row : units_) {
      double x = 0;
      for (auto& unit : row) {
        unit.extent = -in_.gap;
        for (int64_t n : unit.members) unit.extent += node_extent(n) + in_.gap;
        unit.centre = x + unit.extent / 2;
        x += unit.extent + gap_after(unit);
        spread(unit);
      }
    }
    for (int sweep = 0; sweep < 24; ++sweep) {
      const bool down = sweep % 2 == 0;
      for (int64_t i = 0; i < layers_; ++i) pull(units_[down ? i : layers_ - 1 - i], sweep < 20 ? (down ? 1 : 2) : 3);
    }
  }

  double gap_after(const Unit& unit) const { return unit.members[0] < nodes_ ? in_.block_gap : in_.gap; }

  void spread(const Unit& unit) {
    double x = unit.centre - unit.extent / 2;
    for (int64_t n : unit.members) {
      at_[n] = x + node_extent(n) / 2;
      x += node_extent(n) + in_.gap;
    }
  }

  // Each unit wants to stand where its neighbours' mean puts it; the nearest places that keep the distances are found
  // exactly, by merging neighbours that push each other (pool adjacent violators). sides: 1 above, 2 below, 3 both.
  void pull(std::vector<Unit>& row, int sides) {
    std::vector<double> offset, wish, weight;
    double before = 0;
    for (size_t i = 0; i < row.size(); ++i) {
      double sum = 0, total = 0;
      auto wish_of = [&](int64_t n, const std::vector<int64_t>& neighbours) {
        for (int64_t m : neighbours) {
          const double w = n < nodes_ && m < nodes_ ? 1 : 2;  // long edges like to be straight
          sum += w * (at_[m] - (at_[n] - row[i].centre));
          total += w;
        }
      };
      for (int64_t n : row[i].members) {
        if (sides & 1) wish_of(n, above_[n]);
        if (sides & 2) wish_of(n, below_[n]);
      }
      if (i > 0) before += (row[i - 1].extent + row[i].extent) / 2 + std::min(gap_after(row[i - 1]), gap_after(row[i]));
      offset.push_back(before);
      wish.push_back((total > 0 ? sum / total : row[i].centre) - before);
      weight.push_back(total > 0 ? static_cast<double>(row[i].members.size()) : 0.01);
    }
    struct Pool {
      double sum, weight;
      size_t size;
    };
    std::vector<Pool> pools;
    for (size_t i = 0; i < row.size(); ++i) {
      pools.push_back({wish[i] * weight[i], weight[i], 1});
      while (pools.size() > 1) {
        Pool last = pools.back(), &previous = pools[pools.size() - 2];
        if (previous.sum / previous.weight <= last.sum / last.weight) break;
        previous = {previous.sum + last.sum, previous.weight + last.weight, previous.size + last.size};
        pools.pop_back();
      }
    }
    size_t i = 0;
    for (const auto& pool : pools)
      for (size_t k = 0; k < pool.size; ++k, ++i) {
        row[i].centre = pool.sum / pool.weight + offset[i];
        spread(row[i]);
      }
  }

  Layout collect() {
    Layout out;
    out.layers = layers_;
    out.layer.assign(layer_.begin(), layer_.begin() + nodes_);
    double low = 0, high = 0;
    for (int64_t n = 0; n < static_cast<int64_t>(layer_.size()); ++n) {
      low = n == 0 ? at_[n] - node_extent(n) / 2 : std::min(low, at_[n] - node_extent(n) / 2);
      high = n == 0 ? at_[n] + node_extent(n) / 2 : std::max(high, at_[n] + node_extent(n) / 2);
    }
    for (int64_t n = 0; n < nodes_; ++n) out.across.push_back(at_[n] - low);
    for (const auto& chain : chains_) {
      out.bends.emplace_back();
      for (size_t i = 1; i + 1 < chain.size(); ++i) out.bends.back().push_back(at_[chain[i]] - low);
    }
    out.extent = high - low;
    return out;
  }

  const LayoutInput& in_;
  int64_t nodes_, layers_ = 0;
  std::vector<int64_t> layer_;
  std::vector<std::vector<int64_t>> chains_, above_, below_;
  std::vector<std::vector<Unit>> units_;
  std::vector<double> at_;
};

}  // namespace

Layout layered_layout(const LayoutInput& input) {
  if (input.block.size() != input.extent.size())
    fail("layout: ", input.extent.size(), " nodes, but blocks of ", input.block.size());
  return Builder(input).build();
}

}  // namespace moonlab::run
