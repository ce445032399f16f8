#include "host/metric/distances.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>
#include <unordered_map>

#include "host/error.hpp"
#include "host/graph/import_wordnet.hpp"

namespace moonlab::metric {

at::Tensor vector_distances(const at::Tensor& vectors) {
  if (vectors.dim() != 2) fail("distances: vectors are [K, d], got a tensor of ", vectors.dim(), " dimensions");
  const at::Tensor v = vectors.detach().to(at::kCPU, at::kDouble);
  // differences, not products: near labels keep their digits, and every label is at distance 0 from itself
  return at::cdist(v, v, 2.0, /*compute_mode=*/2);
}

at::Tensor similarity_distances(const at::Tensor& similarities) {
  if (similarities.dim() != 2 || similarities.size(0) != similarities.size(1))
    fail("distances: similarities are [K, K], got a tensor of shape ", similarities.sizes());
  at::Tensor s = similarities.detach().to(at::kCPU, at::kDouble);
  if (s.numel() == 0) return s;
  if (!at::isfinite(s).all().item<bool>()) fail("distances: a similarity is not finite");
  s = (s + s.t()) / 2;
  const double low = s.min().item<double>(), high = s.max().item<double>();
  if (high > low) s = (s - low) / (high - low);
  const auto [values, vectors] = at::linalg_eigh(s);
  return vector_distances(vectors * values.clamp_min(0).sqrt());
}

at::Tensor ancestor_distances(const graph::LabelGraph& graph, const std::vector<graph::Token>& nodes) {
  const auto k = static_cast<int64_t>(nodes.size());
  std::vector<std::unordered_map<graph::Token, int>> above(k);  // every ancestor, itself included, with its distance
  for (int64_t i = 0; i < k; ++i) {
    std::vector<graph::Token> queue{nodes[i]};
    above[i].emplace(nodes[i], 0);
    for (size_t at = 0; at < queue.size(); ++at)
      for (const graph::Token parent : graph.parents(queue[at]))
        if (above[i].emplace(parent, above[i].at(queue[at]) + 1).second) queue.push_back(parent);
  }
  const at::Tensor distances = at::zeros({k, k}, at::kDouble);
  auto d = distances.accessor<double, 2>();
  for (int64_t i = 0; i < k; ++i)
    for (int64_t j = i + 1; j < k; ++j) {
      double least = std::numeric_limits<double>::infinity();
      for (const auto& [node, up] : above[i])
        if (const auto other = above[j].find(node); other != above[j].end())
          least = std::min(least, static_cast<double>(up + other->second));
      d[i][j] = d[j][i] = least;
    }
  return distances;
}

at::Tensor wordnet_distances(const std::vector<std::string>& synsets, const std::string& folder) {
  if (synsets.empty()) fail("wordnet: name the synsets");
  graph::WordNetOptions options;
  options.folder = folder;
  options.labels = synsets;
  const graph::Description description = graph::import_wordnet(options);
  if (description.labels.size() != synsets.size())
    fail("wordnet: ", synsets.size(), " classes are only ", description.labels.size(), " synsets; one is named twice");
  const graph::LabelGraph graph(description);
  std::vector<graph::Token> nodes;
  for (const auto& label : description.labels) nodes.push_back(graph.at(label));
  return ancestor_distances(graph, nodes);
}

}  // namespace moonlab::metric
