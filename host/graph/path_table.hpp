// All paths of many labels at once, in flat arrays.
//
// One walk over the unfolded graph meets every path once, in the order of LabelGraph::paths (depth first, children in
// declaration order), so that the paths of every noun of WordNet take milliseconds and no memory beside the arrays.
#pragma once

#include <ATen/core/Tensor.h>

#include <span>
#include <vector>

#include "host/graph/label_graph.hpp"

namespace moonlab::graph {

class PathTable {
 public:
  /// The paths of these nodes. A node with more than `limit` paths is left out and counted in `skipped`; raises where all
  /// paths together have more than `most` tokens, and says how many.
  PathTable(const LabelGraph& graph, const std::vector<Token>& labels, int64_t limit = 100000,
            int64_t most = int64_t{1} << 28);

  int64_t size() const { return static_cast<int64_t>(begin_.size()) - 1; }  // paths
  /// Numbers of a node's paths: [first, last). Empty for nodes that were not asked for.
  std::pair<int64_t, int64_t> of(Token label) const { return {first_[label], first_[label] + count_[label]}; }
  int64_t count(Token label) const { return count_[label]; }
  std::span<const Token> tokens(int64_t path) const {
    return {tokens_.data() + begin_[path], static_cast<size_t>(begin_[path + 1] - begin_[path])};
  }
  bool deterministic(int64_t path) const { return deterministic_[path]; }
  const std::vector<Token>& skipped() const { return skipped_; }

  /// The same as tensors: tokens int32 [T], begin long [P + 1], label int32 [P], deterministic bool [P].
  struct Tensors {
    at::Tensor tokens, begin, label, deterministic;
  };
  Tensors tensors() const;

 private:
  void judge(const LabelGraph& graph);

  std::vector<Token> tokens_, skipped_;
  std::vector<int64_t> begin_{0}, first_, count_;
  std::vector<uint8_t> deterministic_;
};

}  // namespace moonlab::graph
