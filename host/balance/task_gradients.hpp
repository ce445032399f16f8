// The gradients of several tasks in shared parameters, in a form from which inner products and weighted sums are cheap.
//
// Every balance here needs two things of the gradients g_t of T tasks: their inner products (the Gram matrix of each
// parameter tensor) and one weighted sum. The weight of a linear layer y = x W^T + b is kept as its factors: the
// layer's input x [B, in], which all tasks share, and the gradients d_t [B, out] at its output, g_t = d_t^T x. Then
//   <g_i, g_j> = sum(d_i * (x x^T) d_j)     and     sum_t c_t g_t = (sum_t c_t d_t)^T x:
// T tasks cost one product of the size of the weight instead of T, and no gradient of one task is ever formed.
#pragma once

#include <ATen/core/Tensor.h>

#include <unordered_map>
#include <vector>

namespace torch::autograd {
struct Edge;
struct Node;
}  // namespace torch::autograd

namespace moonlab::balance {

using Tensors = std::vector<at::Tensor>;

class TaskGradients {
 public:
  /// by_task[t][p]: undefined where parameter p is not reached by task t. Errors: no gradients, lists of different
  /// lengths, shapes that differ between tasks, a parameter that no task reaches.
  explicit TaskGradients(std::vector<Tensors> by_task);

  /// Backward from `features` through the graph above `parameters`, once for each gradient in at_features (of the
  /// features' shape), over activations computed once. The graph is freed unless keep_graph. A parameter that the
  /// features do not depend on has zero gradients.
  static TaskGradients through(const at::Tensor& features, const Tensors& at_features, const Tensors& parameters,
                               bool keep_graph = false);

  int64_t tasks() const { return tasks_; }
  int64_t size() const { return static_cast<int64_t>(entries_.size()); }

  /// [parameters, tasks, tasks] inner products of each parameter's gradients, at least float32, on their device.
  at::Tensor gram() const { return products(true); }
  /// The same with zeros in place of products of different tasks: their norms are all that is asked for.
  at::Tensor norms() const { return products(false); }

  /// sum_t c[p, t] g_t for every parameter p; c is [parameters, tasks].
  Tensors combine(const at::Tensor& c) const;
  /// The gradients themselves, by task; undefined where a task does not reach.
  std::vector<Tensors> lists() const;

  /// Adds what another batch gave to the same parameters (accumulation).
  void add(const TaskGradients& other);
  /// Adds parameters with gradients of their own (heads).
  void append(const TaskGradients& other);
  /// Multiplies everything by a number on the device (the inverse scale of mixed precision).
  void scale(const at::Tensor& factor);

 private:
  struct Entry {
    Tensors by_task;  // or, of a linear layer's weight:
    at::Tensor x, d;  // [B, in], [B, T, out]
    at::Tensor of(int64_t task) const;
  };
  TaskGradients() = default;
  at::Tensor products(bool between) const;
  /// All tasks at once where the graph is a chain of layers (layer_chain.hpp); false, and nothing done, where it is not.
  /// uses: how often the graph uses each leaf.
  bool by_chain(const torch::autograd::Edge& root, const Tensors& at_features, const Tensors& parameters,
                const std::unordered_map<torch::autograd::Node*, int>& uses, bool keep_graph);

  int64_t tasks_ = 0;
  std::vector<Entry> entries_;
};

}  // namespace moonlab::balance
