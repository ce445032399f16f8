// What every balance of gradients shares: it mixes the gradients of T tasks by weights that depend on their inner
// products alone, for each part of the shared parameters by itself.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

#include "host/balance/task_gradients.hpp"

namespace moonlab::balance {

/// What is balanced as one vector: each parameter tensor, each layer (weight and bias together), or all parameters.
enum class Part { tensor, layer, whole };

class Balance {
 public:
  virtual ~Balance() = default;

  /// Tells which parameters form a layer: a number from 0 for each, without gaps. Needed for Part::layer.
  void set_layers(std::vector<int64_t> layers);

  /// [parameters, tasks, tasks]: row i of p says how much of every task's gradient in p goes into that of task i.
  at::Tensor weigh(const at::Tensor& gram);
  /// The balanced gradients added up, and each by itself.
  Tensors combine(const TaskGradients& gradients) { return combine(gradients, gradients.gram()); }
  Tensors combine(const TaskGradients& gradients, const at::Tensor& gram);
  std::vector<Tensors> balance(const TaskGradients& gradients);

  /// What a checkpoint keeps; empty before the first step.
  virtual std::map<std::string, at::Tensor> state() const { return {}; }
  /// Goes on from a state. Errors: a key that is missing.
  virtual void set_state(const std::map<std::string, at::Tensor>& state) {}

 protected:
  explicit Balance(Part part) : part_(part) {}
  /// [units, tasks, tasks] inner products -> [units, tasks, tasks] weights.
  virtual at::Tensor mix(const at::Tensor& gram) = 0;

 private:
  Part part_;
  std::vector<int64_t> layers_;
};

}  // namespace moonlab::balance
