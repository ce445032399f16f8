#include "host/graph/compile.hpp"

#include <ATen/ATen.h>

#include <map>
#include <utility>

namespace moonlab::graph {

LabelTrie Compiled::trie_of(const LabelGraph& graph, const std::vector<const Path*>& paths) {
  LabelTrie trie;
  trie.paths = static_cast<int64_t>(paths.size());
  if (paths.empty()) return trie;
  std::vector<int32_t> at(paths.size(), 0);  // each path's node in the level
  trie.levels.push_back({{{graph.start(), 0}}, {}});
  for (size_t step = 0; step < trie.levels.size(); ++step) {
    std::map<std::pair<int32_t, Token>, size_t> edges, nodes;  // (node, target) -> edge; (node, token) -> node
    LabelTrie::Level next;
    for (size_t p = 0; p < paths.size(); ++p) {
      if (step >= paths[p]->tokens.size()) continue;
      auto& level = trie.levels[step];
      const std::pair<int32_t, Token> taken{at[p], paths[p]->tokens[step]};
      auto [edge, first] = edges.emplace(taken, level.edges.size());
      if (first) level.edges.push_back({taken.first, taken.second, 0});
      ++level.edges[edge->second].paths;
      if (step + 1 == paths[p]->tokens.size()) continue;  // nothing follows
      auto [node, fresh] = nodes.emplace(taken, next.nodes.size());
      if (fresh) next.nodes.push_back({taken.second, taken.first});
      at[p] = static_cast<int32_t>(node->second);
    }
    if (!next.nodes.empty()) trie.levels.push_back(std::move(next));
  }
  return trie;
}

Compiled::Compiled(std::shared_ptr<const LabelGraph> graph, int64_t max_paths) : graph_(std::move(graph)) {
  const LabelGraph& g = *graph_;
  const int64_t v = vocabulary();
  block = at::empty({v}, at::kLong);
  auto* b = block.mutable_data_ptr<int64_t>();
  for (Token t = 0; t < v; ++t) b[t] = t == kEnd ? 0 : g.block(t);
  candidates = at::zeros({tokens(), v}, at::kBool);
  auto* c = candidates.mutable_data_ptr<bool>();
  for (Token t = 0; t < tokens(); ++t) {
    if (t == kEnd || g.leaf(t)) c[t * v + kEnd] = true;
    else
      for (Token child : g.children(t)) c[t * v + child] = true;
  }
  tries_.resize(tokens());
  paths_.resize(tokens());
  deterministic_.resize(tokens());
  nondeterministic_.assign(tokens(), false);
  for (Token label : g.labels()) {
    paths_[label] = g.paths(label);
    std::vector<const Path*> used;
    for (size_t i = 0; i < paths_[label].size(); ++i) {
      const Path& p = paths_[label][i];
      if (!p.deterministic) nondeterministic_[label] = true;
      else if (max_paths == 0 || static_cast<int64_t>(used.size()) < max_paths)
        used.push_back(&p), deterministic_[label].push_back(static_cast<int32_t>(i));
    }
    tries_[label] = trie_of(g, used);
  }
}

at::Tensor Compiled::reward_sets(Reward kind) const {
  const int64_t v = vocabulary();
  at::Tensor sets = at::zeros({v, v}, at::kFloat);
  auto* s = sets.mutable_data_ptr<float>();
  for (Token label = 1; label < v; ++label) {
    if (paths_[label].empty()) continue;
    s[label * v + label] = 1;
    if (kind == Reward::label_only) continue;
    for (const Path& p : paths_[label]) {
      if (kind == Reward::det_nodes && !p.deterministic) continue;
      for (Token t : p.tokens)
        if (kind == Reward::det_nodes || graph_->is_label(t)) s[label * v + t] = 1;
    }
  }
  return sets;
}

}  // namespace moonlab::graph
