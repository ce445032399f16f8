#include "host/graph/compile.hpp"

#include <ATen/ATen.h>

#include <algorithm>

namespace moonlab::graph {

LabelTrie Compiled::trie_of(const LabelGraph& graph, const std::vector<const Path*>& paths) {
  LabelTrie trie;
  trie.paths = static_cast<int64_t>(paths.size());
  if (paths.empty()) return trie;
  std::vector<int32_t> at(paths.size(), 0);  // each path's node in the level
  trie.levels.push_back({{{graph.start(), 0}}, {}});
  for (size_t step = 0;; ++step) {
    // by index: push_back below moves the levels
    LabelTrie::Level next;
    std::vector<int32_t> forward(paths.size(), -1);
    bool any = false;
    for (size_t p = 0; p < paths.size(); ++p) {
      if (step >= paths[p]->tokens.size()) continue;
      any = true;
      auto& level = trie.levels[step];
      const Token target = paths[p]->tokens[step];
      auto edge = std::find_if(level.edges.begin(), level.edges.end(), [&](const auto& e) { return e.node == at[p] && e.target == target; });
      if (edge == level.edges.end()) level.edges.push_back({at[p], target, 1});
      else ++edge->paths;
      if (step + 1 == paths[p]->tokens.size()) continue;  // nothing follows
      auto node = std::find_if(next.nodes.begin(), next.nodes.end(), [&](const auto& n) { return n.parent == at[p] && n.token == target; });
      if (node == next.nodes.end()) next.nodes.push_back({target, at[p]}), node = next.nodes.end() - 1;
      forward[p] = static_cast<int32_t>(node - next.nodes.begin());
    }
    if (!any || next.nodes.empty()) break;
    trie.levels.push_back(std::move(next));
    at = forward;
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
      else if (max_paths == 0 || static_cast<int64_t>(used.size()) < max_paths) used.push_back(&p), deterministic_[label].push_back(static_cast<int32_t>(i));
    }
    tries_[label] = trie_of(g, used);
  }
}

at::Tensor Compiled::reward_sets(const std::vector<Token>& labels, Reward kind, const at::TensorOptions& options) const {
  const int64_t v = vocabulary();
  at::Tensor sets = at::zeros({static_cast<int64_t>(labels.size()), v}, at::kFloat);
  auto* s = sets.mutable_data_ptr<float>();
  for (size_t row = 0; row < labels.size(); ++row) {
    s[row * v + labels[row]] = 1;
    if (kind == Reward::label_only) continue;
    for (const Path& p : paths_[labels[row]]) {
      if (kind == Reward::det_nodes && !p.deterministic) continue;
      for (Token t : p.tokens)
        if (kind == Reward::det_nodes || graph_->is_label(t)) s[row * v + t] = 1;
    }
  }
  return sets.to(options);
}

}  // namespace moonlab::graph
