// Nodes of autograd's graph as values: who made a tensor, what came before, hooks on what flows through.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moonlab {

using Tensors = std::vector<at::Tensor>;

class GraphNode {
 public:
  struct Impl;
  explicit GraphNode(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}

  /// The node that made x, or nullptr for a leaf.
  static std::shared_ptr<GraphNode> of(const at::Tensor& x);
  /// Where x's gradient goes: the node that made it and the number of the output that it is; for a leaf the node that
  /// accumulates into x.grad. Throws where x requires no gradient.
  static std::pair<std::shared_ptr<GraphNode>, unsigned> edge_of(const at::Tensor& x);

  std::string name() const;
  /// One for each input that the operator had: its node, nullptr where no gradient flows, and which output it was.
  std::vector<std::pair<std::shared_ptr<GraphNode>, unsigned>> next() const;
  bool same(const GraphNode& other) const;
  int64_t sequence_number() const;
  /// The leaf of an AccumulateGrad node, else undefined.
  at::Tensor variable() const;

  /// A hook; the function it gives back takes it off again. After the node: f(gradients of inputs, gradients of
  /// outputs) returns the former to replace them, or an empty list. Before it: f(gradients of outputs) likewise.
  std::function<void()> after(std::function<Tensors(const Tensors&, const Tensors&)> f);
  std::function<void()> before(std::function<Tensors(const Tensors&)> f);

 private:
  std::shared_ptr<Impl> impl_;
};

/// f(x) runs whenever a gradient was added to the leaf's .grad. The function given back takes the hook off.
std::function<void()> after_accumulation(const at::Tensor& leaf, std::function<void(const at::Tensor&)> f);

/// The name of the node that made x, as PyTorch prints it: "AddBackward0"; "" for a leaf.
std::string node_name(const at::Tensor& x);

}  // namespace moonlab
