#include "host/label/trie_batch.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace moonlab::label {

TrieBatch merge(const std::vector<const graph::LabelTrie*>& tries, const std::vector<double>& scale, at::Device device,
                at::ScalarType dtype) {
  TrieBatch batch;
  size_t depth = 0;
  for (const auto* t : tries) depth = std::max(depth, t->levels.size());
  std::vector<int64_t> token, parent, sample, row, target;
  std::vector<double> weight;
  std::vector<int64_t> base(tries.size(), 0), next(tries.size(), 0);  // where a sample's rows of a level begin in it
  for (size_t level = 0; level < depth; ++level) {
    const auto first = static_cast<int64_t>(token.size()), edge = static_cast<int64_t>(row.size());
    for (size_t s = 0; s < tries.size(); ++s) {
      if (level >= tries[s]->levels.size()) continue;
      const auto& l = tries[s]->levels[level];
      next[s] = static_cast<int64_t>(token.size()) - first;
      for (const auto& e : l.edges) {
        row.push_back(first + next[s] + e.node);
        target.push_back(e.target);
        weight.push_back(scale[s] * e.weight);
      }
      for (const auto& n : l.nodes) {
        token.push_back(n.token);
        parent.push_back(level == 0 ? static_cast<int64_t>(s) : base[s] + n.parent);
        sample.push_back(static_cast<int64_t>(s));
      }
    }
    batch.levels.push_back(
        {first, static_cast<int64_t>(token.size()) - first, edge, static_cast<int64_t>(row.size()) - edge});
    base.swap(next);
  }
  const auto rows = static_cast<int64_t>(token.size()), edges = static_cast<int64_t>(row.size());
  std::vector<int64_t> all;
  all.reserve(3 * rows + 2 * edges);
  for (const auto* part : {&token, &parent, &sample, &row, &target}) all.insert(all.end(), part->begin(), part->end());
  at::Tensor moved = at::tensor(all, at::kLong).to(device, /*non_blocking=*/true);
  auto parts = moved.split_with_sizes({rows, rows, rows, edges, edges});
  batch.token = parts[0], batch.parent = parts[1], batch.sample = parts[2];
  batch.edge_row = parts[3], batch.edge_target = parts[4];
  batch.edge_weight = at::tensor(weight, at::kDouble).to(device, dtype, /*non_blocking=*/true);
  return batch;
}

}  // namespace moonlab::label
