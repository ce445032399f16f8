#include "host/error.hpp"
#include "host/metric/linkage.hpp"

namespace moonlab::metric {

BranchOrder branch_order_named(const std::string& name) {
  if (name == "none") return BranchOrder::none;
  if (name == "ascending") return BranchOrder::ascending;
  if (name == "descending") return BranchOrder::descending;
  fail("dendrogram: unknown order '", name, "'", did_you_mean(name, {"none", "ascending", "descending"}),
       " (none, ascending, descending)");
}

Dendrogram dendrogram(const std::vector<Merge>& merges, BranchOrder order) {
  const auto k = static_cast<int64_t>(merges.size()) + 1;
  std::vector<char> used(2 * k - 1, 0);
  for (int64_t i = 0; i < k - 1; ++i)
    for (int64_t branch : {merges[i].left, merges[i].right}) {
      if (branch < 0 || branch >= k + i || used[branch])
        fail("dendrogram: merge ", i, " joins cluster ", branch,
             branch >= 0 && branch < k + i ? ", which was joined before" : ", which does not exist yet");
      used[branch] = 1;
    }
  const auto height = [&](int64_t cluster) { return cluster < k ? 0.0 : merges[cluster - k].height; };
  Dendrogram made;
  std::vector<double> x(2 * k - 1, 0);
  // depth first without recursion: a chain of thousands of merges is no rare shape
  struct Visit {
    int64_t cluster;
    bool below;  // its branches have been placed
  };
  std::vector<Visit> stack{{2 * k - 2, false}};
  while (!stack.empty()) {
    const Visit visit = stack.back();
    stack.pop_back();
    const int64_t c = visit.cluster;
    if (c < k) {
      x[c] = static_cast<double>(made.order.size());
      made.order.push_back(c);
      continue;
    }
    int64_t first = merges[c - k].left, second = merges[c - k].right;
    const bool larger = height(first) > height(second);
    if ((order == BranchOrder::ascending && larger) || (order == BranchOrder::descending && !larger))
      std::swap(first, second);
    if (!visit.below) {
      stack.push_back({c, true});
      stack.push_back({second, false});
      stack.push_back({first, false});
      continue;
    }
    x[c] = (x[first] + x[second]) / 2;
    made.links.push_back(
        {c, {x[first], x[first], x[second], x[second]}, {height(first), height(c), height(c), height(second)}});
  }
  return made;
}

}  // namespace moonlab::metric
