// Weights of tasks: those that a user writes, and two rules that change them while training, GradNorm (Chen et al.
// 2018) and DWA (Liu et al. 2019). Everything stays on the device of the losses.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <string>
#include <vector>

namespace moonlab::balance {

/// Weights scaled so that they sum to 1. Errors: none, a negative or non-finite one (by its number from 1), all zero.
std::vector<double> normalised(const std::vector<double>& weights);

/// GradNorm: with G_i = w_i |grad L_i| in the last shared layer and r_i = (L_i / L_i(0)) / mean, the weights descend on
/// sum |G_i - mean(G) r_i^alpha|, the targets held constant, and are scaled to sum to the number of tasks.
class GradNorm {
 public:
  /// alpha >= 0 pulls slow tasks up; lr > 0 of the plain gradient step on w.
  GradNorm(double alpha, double lr);
  /// norms [T] of the unweighted gradients, losses [T] unweighted; the first call keeps its losses as L(0). A step with
  /// a value that is not finite, or a mean loss of zero, changes nothing. Returns the new weights [T].
  at::Tensor step(const at::Tensor& norms, const at::Tensor& losses);
  /// w [T], undefined before the first step (then ones are meant).
  const at::Tensor& weights() const { return weights_; }
  std::map<std::string, at::Tensor> state() const;
  void set_state(const std::map<std::string, at::Tensor>& state);

 private:
  double alpha_, lr_;
  at::Tensor weights_, initial_;
};

/// DWA: w_k = K softmax(r_k / temperature) with r_k = L_k(t - 1) / L_k(t - 2), the mean losses of the last two epochs;
/// ones before two epochs have passed.
class Dwa {
 public:
  explicit Dwa(double temperature);
  /// losses [T] of a step.
  void add(const at::Tensor& losses);
  /// Ends an epoch.
  void epoch();
  /// w [T], undefined before the third epoch (then ones are meant).
  const at::Tensor& weights() const { return weights_; }
  std::map<std::string, at::Tensor> state() const;
  void set_state(const std::map<std::string, at::Tensor>& state);

 private:
  double temperature_;
  int64_t steps_ = 0;
  at::Tensor sums_, before_, weights_;
};

}  // namespace moonlab::balance
