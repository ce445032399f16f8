// MetaBalance (He et al. 2022): auxiliary gradients are brought to the magnitude of the main task's.
//
// For every parameter tensor p of the shared part and task i, m_i = beta m_i + (1 - beta) |g_i| from 0; the gradient of
// an auxiliary task becomes relax * g_i * m_0 / m_i + (1 - relax) * g_i; the update uses the sum. The first task is the
// main one and stays as it is. A static weight of an auxiliary task cancels in the first share and stays in the second:
// with relax = 1 it has no effect.
//
// `joint` and `two_pass` differ in the training loop alone: `joint` takes all gradients before anything steps; in
// `two_pass` the heads step first and the shared gradients are taken at the new heads.
#pragma once

#include <ATen/core/Tensor.h>

#include <vector>

namespace moonlab::balance {

enum class Strategy { shrink, enlarge, both };  // A: only where m_i > m_0; B: only where m_i <= m_0; C
enum class Part { tensor, whole };              // norms of each parameter tensor, or of all together

class MetaBalance {
 public:
  /// relax in [0, 1], beta in [0, 1).
  MetaBalance(double relax, double beta, Strategy strategy, Part part);

  /// gradients[i][p]: of task i, the main one first; all tasks have the same number of tensors. Returns the balanced
  /// gradients in the same form; `sum` adds them up. A gradient whose m_i is zero, or one that is not finite (its own
  /// or the main one), is left alone.
  std::vector<std::vector<at::Tensor>> balance(const std::vector<std::vector<at::Tensor>>& gradients);
  static std::vector<at::Tensor> sum(const std::vector<std::vector<at::Tensor>>& gradients);

  /// m, [tasks, tensors], undefined before the first call; what a checkpoint keeps.
  const at::Tensor& norms() const { return norms_; }
  void set_norms(at::Tensor norms) { norms_ = std::move(norms); }

 private:
  double relax_, beta_;
  Strategy strategy_;
  Part part_;
  at::Tensor norms_;
};

}  // namespace moonlab::balance
