// The backward of all tasks at once through a trunk that is a chain of linear layers and ReLUs: one product a layer for
// T tasks where an engine makes T.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/csrc/autograd/edge.h>

#include <functional>
#include <optional>
#include <vector>

namespace moonlab::balance {

/// A linear layer y = x W^T + b of the chain, and the tasks' gradients at its output.
struct ChainLayer {
  torch::autograd::Node* weight = nullptr;  // what accumulates the gradient of W, of b; null where there is none
  torch::autograd::Node* bias = nullptr;
  at::Tensor x, d;  // [B, in], [B, T, out]
};

/// Takes the gradients at_features (T of the features' shape [B, F]) down from the node `root` to the lowest layer that
/// has a leaf for which `wanted` holds. Nothing, and nothing done, where the graph is any other than such a chain or
/// somebody listens to its gradients. The graph is freed unless keep_graph.
std::optional<std::vector<ChainLayer>> through_chain(const torch::autograd::Edge& root,
                                                     const std::vector<at::Tensor>& at_features,
                                                     const std::function<bool(torch::autograd::Node*)>& wanted,
                                                     bool keep_graph);

/// Whether a node has hooks: somebody listens to a gradient that only exists when it is formed.
bool has_hooks(torch::autograd::Node& node);
/// Whether a factor of a product is 1.
bool is_one(const at::Scalar& s);

}  // namespace moonlab::balance
