// Decoded paths for people: which nodes, which kind.
#pragma once

#include <ATen/core/Tensor.h>

#include "host/label/path_decoder.hpp"

namespace moonlab::label {

struct DecodedPath {
  std::vector<graph::Token> tokens;  // below the root, without <eop>
  bool known = false;                // a path of a label, so that it has a kind
  bool deterministic = false;
};

/// The rows of tokens [B, L], cut at <eop>, each with its kind among the paths of its last node that is a label.
std::vector<DecodedPath> decoded_paths(const graph::LabelGraph& graph, const graph::Compiled& compiled,
                                       const at::Tensor& tokens);

/// Labels of a batch from a tensor: long [B], or [B, K] with -1 in places that hold none.
Labels host_labels(const at::Tensor& labels);

}  // namespace moonlab::label
