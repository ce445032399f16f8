// A label graph as tensors and flat tables: what the decoder's steps read.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

enum class Reward { label_nodes, label_only, det_nodes };

/// The trie of a label's deterministic paths. `nodes` are its distinct prefixes, level by level; `edges` lead from a
/// prefix to the next node, with the number of paths that take it. Prefixes that nothing follows are left out: with
/// the `leaf` rule <eop> after them has probability 1.
struct LabelTrie {
  struct Node {
    Token token;     // the node fed at this level: <start> at level 0
    int32_t parent;  // within the level before
  };
  struct Edge {
    int32_t node;  // within the level
    Token target;
    int32_t paths;
  };
  struct Level {
    std::vector<Node> nodes;
    std::vector<Edge> edges;
  };
  std::vector<Level> levels;
  int64_t paths = 0;  // deterministic ones; 0: nothing to learn from
};

class Compiled {
 public:
  /// Keeps the graph; `max_paths` bounds the deterministic paths used for a label, the first in order (0: all).
  Compiled(std::shared_ptr<const LabelGraph> graph, int64_t max_paths = 0);

  const LabelGraph& graph() const { return *graph_; }
  int64_t vocabulary() const { return graph_->size() + 1; }  // logits: <eop> and the nodes
  int64_t tokens() const { return graph_->size() + 2; }      // rows of the embedding: <start> too
  int64_t max_length() const { return graph_->depth() + 1; }

  at::Tensor block;       // long [V]: block of each logit
  at::Tensor candidates;  // bool [V + 1, V]: children of the fed token; <eop> alone after a leaf or <eop>

  const LabelTrie& trie(Token label) const { return tries_[label]; }
  const std::vector<Path>& paths(Token label) const { return paths_[label]; }
  bool has_nondeterministic(Token label) const { return nondeterministic_[label]; }
  /// Nodes whose share on a path is the reward (Eq. 3): float [V, V], row t is 1 at the nodes of label t. Rows of
  /// nodes that are no labels are 0.
  at::Tensor reward_sets(Reward kind) const;

  /// A trie of one path chosen by index: for pooling by a random path.
  static LabelTrie trie_of(const LabelGraph& graph, const std::vector<const Path*>& paths);
  /// Indices of the deterministic paths of a label that are used.
  const std::vector<int32_t>& deterministic(Token label) const { return deterministic_[label]; }

 private:
  std::shared_ptr<const LabelGraph> graph_;
  std::vector<LabelTrie> tries_;
  std::vector<std::vector<Path>> paths_;
  std::vector<std::vector<int32_t>> deterministic_;
  std::vector<bool> nondeterministic_;
};

}  // namespace moonlab::graph
