// MTAdam (Malkiel and Wolf 2020): Adam with moments for every loss, its gradients brought to the norm of the first.
//
// For every parameter tensor and loss i, n_i = |g_i| at the first step and b3 n_i + (1 - b3) |g_i| after; g_i becomes
// rank_i n_a / n_i g_i with a the first loss whose n_a > 1e-10; m_i and v_i follow it as in Adam; the step divides by
// the largest denominator of all losses:  p -= lr / (1 - b1^t) sum_i m_i / max_j (sqrt(v_j / (1 - b2^t)) + eps). It
// replaces the optimizer, for it needs the losses' gradients one by one. A loss that does not reach a parameter has no
// part in it; a norm of zero leaves a gradient as it is. In float64 and float32 alike; nothing waits for the device.
#pragma once

#include <map>
#include <string>

#include "host/balance/task_gradients.hpp"

namespace moonlab::balance {

class MtAdam {
 public:
  /// ranks: how large each loss's gradient is to be, in units of the first; empty: all 1. b1, b2, b3 in [0, 1).
  MtAdam(std::vector<double> ranks, double norm_beta);

  struct Rate {
    double lr = 1e-3, beta1 = 0.9, beta2 = 0.999, eps = 1e-8, weight_decay = 0;  // decoupled decay, as in AdamW
  };
  /// Updates the parameters in place. rates: one for all, or one for each parameter.
  void step(const Tensors& parameters, const TaskGradients& gradients, const std::vector<Rate>& rates);

  /// n, [parameters, tasks]; undefined before the first step.
  const at::Tensor& norms() const { return norms_; }
  std::map<std::string, at::Tensor> state() const;
  void set_state(const std::map<std::string, at::Tensor>& state);

 private:
  std::vector<double> ranks_;
  double norm_beta_;
  int64_t steps_ = 0;
  at::Tensor norms_;
  std::vector<Tensors> first_, second_;  // [task][parameter], undefined where a task does not reach
};

}  // namespace moonlab::balance
