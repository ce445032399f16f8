// Gradients that conflict are turned: PCGrad (Yu et al. 2020) and GradVac (Wang et al. 2021).
//
// Both visit for every task i the other tasks j in a random order and change v (g_i at first) by a multiple of the
// original g_j:
//   PCGrad   where v . g_j < 0:          v -= (v . g_j) / |g_j|^2 g_j
//   GradVac  where phi = cos(v, g_j) < t_ij:
//            v += |v| (t sqrt(1 - phi^2) - phi sqrt(1 - t^2)) / (|g_j| sqrt(1 - t^2)) g_j,
//            and then t_ij = (1 - b) t_ij + b phi, for every pair; t starts at 0, where the two agree.
// The update is the sum over tasks (or the mean). A v or g_j of length zero, or one that is not finite, changes
// nothing.
#pragma once

#include <ATen/core/Generator.h>

#include "host/balance/balance.hpp"

namespace moonlab::balance {

/// orders[i]: the tasks that i meets, by number from 0, in their order.
using Orders = std::vector<std::vector<int64_t>>;

class Surgery : public Balance {
 public:
  /// Takes the place of the random orders until it is set again; empty brings them back. Errors: a task that is not
  /// there, or that meets itself.
  void set_orders(Orders orders) { orders_ = std::move(orders); }

  /// The state of the random stream.
  std::map<std::string, at::Tensor> state() const override;
  void set_state(const std::map<std::string, at::Tensor>& state) override;

 protected:
  Surgery(Part part, bool mean, uint64_t seed);
  at::Tensor mix(const at::Tensor& gram) override;
  virtual void begin(const at::Tensor& gram) {}
  /// How much of g_j is added to v: [units]. `row` [units, tasks] are v's weights, `products` [units, tasks] = v . g_j.
  virtual at::Tensor step(int64_t i, int64_t j, const at::Tensor& row, const at::Tensor& products,
                          const at::Tensor& gram) = 0;

 private:
  Orders next_orders(int64_t tasks);

  bool mean_;
  at::Generator random_;
  Orders orders_;
};

class PcGrad : public Surgery {
 public:
  PcGrad(Part part, bool mean, uint64_t seed) : Surgery(part, mean, seed) {}

 protected:
  at::Tensor step(int64_t i, int64_t j, const at::Tensor& row, const at::Tensor& products,
                  const at::Tensor& gram) override;
};

class GradVac : public Surgery {
 public:
  /// b in [0, 1]: how fast the targets follow. always: they follow whether or not v was turned.
  GradVac(Part part, bool mean, uint64_t seed, double b, bool always);
  std::map<std::string, at::Tensor> state() const override;
  void set_state(const std::map<std::string, at::Tensor>& state) override;

  /// t, [units, tasks, tasks], undefined before the first call.
  const at::Tensor& targets() const { return targets_; }

 protected:
  void begin(const at::Tensor& gram) override;
  at::Tensor step(int64_t i, int64_t j, const at::Tensor& row, const at::Tensor& products,
                  const at::Tensor& gram) override;

 private:
  double b_;
  bool always_;
  at::Tensor targets_;
};

}  // namespace moonlab::balance
