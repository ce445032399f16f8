// The label tries of a batch, merged level by level and moved to the device at once.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

#include "host/graph/compile.hpp"

namespace moonlab::label {

/// Rows are the distinct prefixes of all samples, edges the targets that follow them. Both are ordered by level, so
/// that a level is a slice.
struct TrieBatch {
  struct Level {
    int64_t row, rows, edge, edges;  // where its rows and edges begin, and how many there are
  };
  std::vector<Level> levels;
  at::Tensor token, parent, sample;  // long [rows]: token fed, row within the level before (level 0: sample), sample
  at::Tensor edge_row, edge_target;  // long [edges]: row over all levels, token
  at::Tensor edge_weight;            // [edges]: the sample's scale times the weight of the paths through the edge
};

/// tries[s] of sample s may be without levels: it then has no rows. `scale` weighs the samples.
TrieBatch merge(const std::vector<const graph::LabelTrie*>& tries, const std::vector<double>& scale, at::Device device,
                at::ScalarType dtype);

}  // namespace moonlab::label
