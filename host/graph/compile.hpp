// A label graph as tensors and flat tables: what the decoder's steps read.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <vector>

#include "host/graph/label_graph.hpp"
#include "host/graph/path_table.hpp"

namespace moonlab::graph {

enum class Reward { label_nodes, label_only, det_nodes };

/// When a decoded path ends (methods: <eop>). `leaf`: at nodes without children, where <eop> is certain. `gate`: also at
/// labels with children, where <eop> competes with going on: one more logit, whose probability multiplies the children's.
enum class End { leaf, gate };

/// The trie of some paths. `nodes` are their distinct prefixes, level by level; `edges` lead from a prefix to the next
/// node (or to <eop>, where that is not certain), with the weight of the paths that take it. Prefixes that nothing
/// follows are left out.
struct LabelTrie {
  struct Node {
    Token token;     // the node fed at this level: <start> at level 0
    int32_t parent;  // within the level before
  };
  struct Edge {
    int32_t node;  // within the level
    Token target;
    double weight;
  };
  struct Level {
    std::vector<Node> nodes;
    std::vector<Edge> edges;
  };
  std::vector<Level> levels;
  int64_t paths = 0;  // 0: nothing to learn from
};

/// A path to learn, below the root, and its weight.
struct WeightedPath {
  std::vector<Token> tokens;
  double weight = 1;
};

class Compiled {
 public:
  /// Keeps the graph. Raises where a label has more than `limit` paths, and says how many.
  Compiled(std::shared_ptr<const LabelGraph> graph, End end = End::leaf, int64_t limit = 100000);

  const LabelGraph& graph() const { return *graph_; }
  End end() const { return end_; }
  int64_t vocabulary() const { return graph_->size() + 1; }  // tokens a step may take: <eop> and the nodes
  int64_t logits() const { return vocabulary() + (end_ == End::gate ? 1 : 0); }  // with gate the last is "go on"
  int64_t tokens() const { return graph_->size() + 2; }                        // rows of the embedding: <start> too
  int64_t max_length() const { return graph_->depth() + 1; }
  /// A node after which <eop> has to be decided rather than being certain or impossible.
  bool gated(Token t) const { return end_ == End::gate && t >= 1 && t <= graph_->size() && graph_->is_label(t) && !graph_->leaf(t); }

  at::Tensor block;       // long [V]: block of each token
  at::Tensor gate;        // bool [V + 1]: gated(t), undefined with `leaf`
  at::Tensor candidates;  // bool [V + 1, V]: what may follow the fed token; undefined for graphs above kDense
  at::Tensor edge_from, edge_to;  // long [E]: the same as edges, <eop> among them; defined where candidates is not
  static constexpr int64_t kDense = int64_t{1} << 26;  // entries

  const PathTable& paths() const { return paths_; }
  /// As objects, for tests and people.
  std::vector<Path> paths(Token label) const;
  bool has_paths(Token label) const { return paths_.count(label) > 0; }
  bool has_nondeterministic(Token label) const { return nondeterministic_[label]; }
  /// Numbers (in paths()) of a label's deterministic paths.
  const std::vector<int64_t>& deterministic(Token label) const;
  /// The nodes of path `number`, with <eop> after them where that has to be decided.
  std::vector<Token> target(int64_t number) const;
  /// The trie of all deterministic paths of a label, each of weight 1; made when first asked for.
  const LabelTrie& trie(Token label) const;
  static LabelTrie trie_of(const LabelGraph& graph, const std::vector<WeightedPath>& paths);

  /// Nodes whose share on a path is a label's reward (Eq. 3), ascending.
  const std::vector<Token>& reward_set(Token label, Reward kind) const;

 private:
  std::shared_ptr<const LabelGraph> graph_;
  End end_;
  PathTable paths_;
  std::vector<bool> nondeterministic_;
  // filled when first used: a graph of 80,000 nodes has them all, a batch asks for some
  mutable std::map<Token, LabelTrie> tries_;
  mutable std::map<Token, std::vector<int64_t>> deterministic_;
  mutable std::map<std::pair<Token, Reward>, std::vector<Token>> reward_sets_;
};

}  // namespace moonlab::graph
