// Decoded paths for people: which nodes, which kind.
#pragma once

#include <ATen/core/Tensor.h>

#include "host/graph/compile.hpp"

namespace moonlab::label {

struct DecodedPath {
  std::vector<graph::Token> tokens;  // below the root, without <eop>
  bool known = false;                // a path of a label, so that it has a kind
  bool deterministic = false;
};

/// The rows of tokens [B, L], cut at <eop>, each with its kind among the paths of its last node that is a label.
std::vector<DecodedPath> decoded_paths(const graph::LabelGraph& graph, const graph::Compiled& compiled,
                                       const at::Tensor& tokens);

/// Labels of a batch on the host; the tensor must be long [B].
std::vector<graph::Token> host_tokens(const at::Tensor& labels);

}  // namespace moonlab::label
