#include "host/graph/compile.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <utility>

#include "host/error.hpp"

namespace moonlab::graph {

LabelTrie Compiled::trie_of(const LabelGraph& graph, const std::vector<WeightedPath>& paths) {
  LabelTrie trie;
  trie.paths = static_cast<int64_t>(paths.size());
  if (paths.empty()) return trie;
  std::vector<int32_t> at(paths.size(), 0);  // each path's node in the level
  trie.levels.push_back({{{graph.start(), 0}}, {}});
  for (size_t step = 0; step < trie.levels.size(); ++step) {
    std::map<std::pair<int32_t, Token>, size_t> edges, nodes;  // (node, target) -> edge; (node, token) -> node
    LabelTrie::Level next;
    for (size_t p = 0; p < paths.size(); ++p) {
      const auto& tokens = paths[p].tokens;
      if (step >= tokens.size()) continue;
      auto& level = trie.levels[step];
      const std::pair<int32_t, Token> taken{at[p], tokens[step]};
      auto [edge, first] = edges.emplace(taken, level.edges.size());
      if (first) level.edges.push_back({taken.first, taken.second, 0});
      level.edges[edge->second].weight += paths[p].weight;
      if (step + 1 == tokens.size()) continue;  // nothing follows
      auto [node, fresh] = nodes.emplace(taken, next.nodes.size());
      if (fresh) next.nodes.push_back({taken.second, taken.first});
      at[p] = static_cast<int32_t>(node->second);
    }
    if (!next.nodes.empty()) trie.levels.push_back(std::move(next));
  }
  return trie;
}

Compiled::Compiled(std::shared_ptr<const LabelGraph> graph, End end, int64_t limit)
    : graph_(std::move(graph)), end_(end), paths_(*graph_, graph_->labels(), limit) {
  const LabelGraph& g = *graph_;
  if (!paths_.skipped().empty()) {
    const Token worst = *std::max_element(paths_.skipped().begin(), paths_.skipped().end(),
                                          [&](Token a, Token b) { return g.path_count(a) < g.path_count(b); });
    fail("node '", g.name(worst), "' has ", g.path_count(worst), " paths from the root, more than ", limit,
         paths_.skipped().size() > 1 ? ", and " + std::to_string(paths_.skipped().size() - 1) + " more labels have too many" : "",
         "; trim the graph or raise the limit");
  }
  const int64_t v = vocabulary();
  block = at::empty({v}, at::kLong);
  auto* b = block.mutable_data_ptr<int64_t>();
  for (Token t = 0; t < v; ++t) b[t] = t == kEnd ? 0 : g.block(t);
  if (end_ == End::gate) {
    gate = at::zeros({tokens()}, at::kBool);
    for (Token t = 1; t < v; ++t)
      if (gated(t)) gate.mutable_data_ptr<bool>()[t] = true;
  }
  std::vector<int64_t> from, to;
  for (Token t = 0; t < tokens(); ++t) {
    if (t == kEnd || g.leaf(t) || gated(t)) from.push_back(t), to.push_back(kEnd);
    if (t != kEnd)
      for (Token child : g.children(t)) from.push_back(t), to.push_back(child);
  }
  if (tokens() * v <= kDense) {
    candidates = at::zeros({tokens(), v}, at::kBool);
    auto* c = candidates.mutable_data_ptr<bool>();
    for (size_t i = 0; i < from.size(); ++i) c[from[i] * v + to[i]] = true;
  } else {
    edge_from = at::tensor(from, at::kLong), edge_to = at::tensor(to, at::kLong);
  }
  nondeterministic_.assign(tokens(), false);
  for (Token label : g.labels()) {
    const auto [first, last] = paths_.of(label);
    for (int64_t p = first; p < last && !nondeterministic_[label]; ++p) nondeterministic_[label] = !paths_.deterministic(p);
  }
}

std::vector<Path> Compiled::paths(Token label) const {
  std::vector<Path> all;
  const auto [first, last] = paths_.of(label);
  for (int64_t p = first; p < last; ++p)
    all.push_back({{paths_.tokens(p).begin(), paths_.tokens(p).end()}, paths_.deterministic(p)});
  return all;
}

const std::vector<int64_t>& Compiled::deterministic(Token label) const {
  auto [at, fresh] = deterministic_.try_emplace(label);
  if (fresh) {
    const auto [first, last] = paths_.of(label);
    for (int64_t p = first; p < last; ++p)
      if (paths_.deterministic(p)) at->second.push_back(p);
  }
  return at->second;
}

std::vector<Token> Compiled::target(int64_t number) const {
  const auto tokens = paths_.tokens(number);
  std::vector<Token> target(tokens.begin(), tokens.end());
  if (gated(target.back())) target.push_back(kEnd);
  return target;
}

const LabelTrie& Compiled::trie(Token label) const {
  auto [at, fresh] = tries_.try_emplace(label);
  if (fresh) {
    std::vector<WeightedPath> used;
    for (int64_t p : deterministic(label)) used.push_back({target(p), 1});
    at->second = trie_of(*graph_, used);
  }
  return at->second;
}

const std::vector<Token>& Compiled::reward_set(Token label, Reward kind) const {
  auto [at, fresh] = reward_sets_.try_emplace({label, kind});
  if (!fresh) return at->second;
  auto& set = at->second;
  if (has_paths(label)) set.push_back(label);
  const auto [first, last] = paths_.of(label);
  for (int64_t p = first; p < last && kind != Reward::label_only; ++p) {
    if (kind == Reward::det_nodes && !paths_.deterministic(p)) continue;
    for (Token t : paths_.tokens(p))
      if (kind == Reward::det_nodes || graph_->is_label(t)) set.push_back(t);
  }
  std::sort(set.begin(), set.end());
  set.erase(std::unique(set.begin(), set.end()), set.end());
  return set;
}

}  // namespace moonlab::graph
