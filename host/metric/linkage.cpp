#include "host/metric/linkage.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/error.hpp"

namespace moonlab::metric {

namespace {

constexpr double kFar = std::numeric_limits<double>::infinity();

class Square {
 public:
  Square(std::vector<double> values, int64_t k) : values_(std::move(values)), k_(k) {
    if (k < 0 || static_cast<int64_t>(values_.size()) != k * k)
      fail("linkage: ", k, " items need ", k, " x ", k, " distances, got ", values_.size(), " numbers");
    double largest = 0;
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = 0; j < k; ++j) {
        if (i == j) continue;
        if (!std::isfinite(at(i, j))) fail("linkage: the distance of ", i, " and ", j, " is ", at(i, j));
        largest = std::max(largest, std::abs(at(i, j)));
      }
    for (int64_t i = 0; i < k; ++i)
      for (int64_t j = i + 1; j < k; ++j) {
        if (std::abs(at(i, j) - at(j, i)) > 1e-5 * largest)
          fail("linkage: distances are not symmetric: ", at(i, j), " from ", i, " to ", j, ", but ", at(j, i), " back");
        at(j, i) = at(i, j);  // rounding must not decide by the direction
      }
  }
  double& at(int64_t i, int64_t j) { return values_[i * k_ + j]; }
  double* row(int64_t i) { return values_.data() + i * k_; }
  int64_t items() const { return k_; }

 private:
  std::vector<double> values_;
  int64_t k_;
};

/// Prim's tree from item 0: each edge is a merge of the clusters that hold its ends.
std::vector<Merge> spanning_tree(Square& d) {
  const int64_t k = d.items();
  std::vector<Merge> edges;
  std::vector<double> nearest(k, kFar);
  std::vector<char> reached(k, 0);
  int64_t at = 0;
  for (int64_t step = 1; step < k; ++step) {
    reached[at] = 1;
    int64_t next = -1;
    for (int64_t i = 0; i < k; ++i) {
      if (reached[i]) continue;
      nearest[i] = std::min(nearest[i], d.at(at, i));
      if (next < 0 || nearest[i] < nearest[next]) next = i;
    }
    edges.push_back({at, next, nearest[next], 0});
    at = next;
  }
  return edges;
}

/// The chain goes from a cluster to its nearest one until two are each other's nearest. Those merge, and the chain goes
/// on from what is left of it. A merged pair lives on as the item of the larger number.
std::vector<Merge> neighbour_chain(Square& d, Linkage method) {
  const int64_t k = d.items();
  std::vector<Merge> merges;
  std::vector<int64_t> size(k, 1), chain;
  while (static_cast<int64_t>(merges.size()) < k - 1) {
    if (chain.empty())
      chain.push_back(std::find_if(size.begin(), size.end(), [](int64_t s) { return s > 0; }) - size.begin());
    int64_t a, b;
    while (true) {
      a = chain.back();
      const int64_t before = chain.size() > 1 ? chain[chain.size() - 2] : -1;
      b = before;  // preferred among equals: without that the chain need not end
      double nearest = before < 0 ? kFar : d.at(a, before);
      const double* from_a = d.row(a);
      for (int64_t i = 0; i < k; ++i)
        if (from_a[i] < nearest && size[i] > 0 && i != a) nearest = from_a[i], b = i;
      if (b == before) break;
      chain.push_back(b);
    }
    chain.resize(chain.size() - 2);
    const double height = d.at(a, b);
    if (a > b) std::swap(a, b);
    merges.push_back({a, b, height, 0});
    const auto weight_a = static_cast<double>(size[a]), weight_b = static_cast<double>(size[b]);
    size[b] += size[a];
    size[a] = 0;
    // the matrix is symmetric: rows are read, which lie together in memory
    const double *from_a = d.row(a), *from_b = d.row(b);
    for (int64_t i = 0; i < k; ++i) {
      if (size[i] == 0 || i == b) continue;
      d.at(i, b) = d.row(b)[i] = method == Linkage::complete
                                     ? std::max(from_a[i], from_b[i])
                                     : (weight_a * from_a[i] + weight_b * from_b[i]) / (weight_a + weight_b);
    }
  }
  return merges;
}

/// Merges of items, sorted by height, as merges of clusters.
void number_clusters(std::vector<Merge>& merges, int64_t k) {
  std::stable_sort(merges.begin(), merges.end(), [](const Merge& a, const Merge& b) { return a.height < b.height; });
  std::vector<int64_t> parent(2 * k), size(2 * k, 1);
  std::iota(parent.begin(), parent.end(), 0);
  const auto cluster = [&](int64_t item) {
    while (parent[item] != item) item = parent[item] = parent[parent[item]];
    return item;
  };
  int64_t made = k;
  for (Merge& m : merges) {
    const int64_t a = cluster(m.left), b = cluster(m.right);
    m.left = std::min(a, b), m.right = std::max(a, b);
    m.size = size[a] + size[b];
    parent[a] = parent[b] = made;
    size[made++] = m.size;
  }
}

}  // namespace

Linkage linkage_named(const std::string& name) {
  if (name == "single") return Linkage::single;
  if (name == "complete") return Linkage::complete;
  if (name == "average") return Linkage::average;
  fail("linkage: unknown method '", name, "'", did_you_mean(name, {"single", "complete", "average"}),
       " (single, complete, average)");
}

std::vector<Merge> linkage(std::vector<double> distances, int64_t k, Linkage method) {
  Square d(std::move(distances), k);
  if (k < 2) return {};
  auto merges = method == Linkage::single ? spanning_tree(d) : neighbour_chain(d, method);
  number_clusters(merges, k);
  return merges;
}

}  // namespace moonlab::metric
