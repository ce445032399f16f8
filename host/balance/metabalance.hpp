// MetaBalance (He et al. 2022): auxiliary gradients are brought to the magnitude of the main task's.
//
// For every part of the shared parameters and task i, m_i = beta m_i + (1 - beta) |g_i| from 0; the gradient of an
// auxiliary task becomes relax * g_i * m_0 / m_i + (1 - relax) * g_i; the update uses the sum. The first task is the
// main one and stays as it is. A static weight of an auxiliary task cancels in the first share and stays in the second:
// with relax = 1 it has no effect. A gradient whose m_i or m_0 is zero, or one that is not finite (its own or the main
// one), is left alone, and what is not finite leaves no trace in the moving norms.
#pragma once

#include "host/balance/balance.hpp"

namespace moonlab::balance {

enum class Strategy { shrink, enlarge, both };  // A: only where m_i > m_0; B: only where m_i <= m_0; C

class MetaBalance : public Balance {
 public:
  /// relax in [0, 1], beta in [0, 1).
  MetaBalance(double relax, double beta, Strategy strategy, Part part);

  /// m, [tasks, units], undefined before the first call.
  const at::Tensor& norms() const { return norms_; }

  std::map<std::string, at::Tensor> state() const override;
  void set_state(const std::map<std::string, at::Tensor>& state) override;

 protected:
  at::Tensor mix(const at::Tensor& gram) override;

 private:
  double relax_, beta_;
  Strategy strategy_;
  at::Tensor norms_;
};

}  // namespace moonlab::balance
