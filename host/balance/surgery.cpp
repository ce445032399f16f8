#include "host/balance/surgery.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/rng.hpp"

namespace moonlab::balance {

Surgery::Surgery(Part part, bool mean, uint64_t seed)
    : Balance(part), mean_(mean), random_(stream(seed, "balance order")) {}

Orders Surgery::next_orders(int64_t tasks) {
  Orders orders = orders_;
  if (orders.empty()) {
    for (int64_t i = 0; i < tasks; ++i) {
      at::Tensor shuffled = at::randperm(tasks - 1, random_, at::TensorOptions(at::kLong));
      std::vector<int64_t> others;
      for (int64_t k = 0; k < tasks - 1; ++k) {
        const int64_t other = shuffled.const_data_ptr<int64_t>()[k];
        others.push_back(other < i ? other : other + 1);
      }
      orders.push_back(std::move(others));
    }
  }
  if (static_cast<int64_t>(orders.size()) != tasks) fail("balance: ", orders.size(), " orders for ", tasks, " tasks");
  for (int64_t i = 0; i < tasks; ++i)
    for (const int64_t j : orders[i])
      if (j < 0 || j >= tasks || j == i) fail("balance: task ", i, " cannot meet task ", j, " of ", tasks);
  return orders;
}

at::Tensor Surgery::mix(const at::Tensor& gram) {
  const int64_t tasks = gram.size(1);
  const Orders orders = next_orders(tasks);
  begin(gram);
  at::Tensor weights = at::eye(tasks, gram.options()).repeat({gram.size(0), 1, 1});
  for (int64_t i = 0; i < tasks; ++i) {
    at::Tensor row = weights.select(1, i);
    for (const int64_t j : orders[i]) {
      at::Tensor products = at::bmm(row.unsqueeze(1), gram).squeeze(1);
      row.select(1, j).add_(step(i, j, row, products, gram));
    }
  }
  return mean_ ? weights / static_cast<double>(tasks) : weights;
}

std::map<std::string, at::Tensor> Surgery::state() const { return {{"random", generator_state(random_)}}; }

void Surgery::set_state(const std::map<std::string, at::Tensor>& state) {
  const auto found = state.find("random");
  if (found == state.end()) fail("balance: a state without 'random'");
  set_generator_state(random_, found->second);
}

at::Tensor PcGrad::step(int64_t, int64_t j, const at::Tensor&, const at::Tensor& products, const at::Tensor& gram) {
  at::Tensor square = gram.select(1, j).select(1, j);
  at::Tensor share = products.select(1, j) / square;
  return at::where((share < 0) & share.isfinite() & (square > 0), -share, at::zeros_like(share));
}

GradVac::GradVac(Part part, bool mean, uint64_t seed, double b, bool always)
    : Surgery(part, mean, seed), b_(b), always_(always) {
  if (!(b >= 0 && b <= 1)) fail("gradvac: beta must be in [0, 1], got ", b);
}

void GradVac::begin(const at::Tensor& gram) {
  if (targets_.defined() && targets_.sizes() != gram.sizes())
    fail("gradvac: ", gram.sizes(), " targets do not continue ", targets_.sizes());
  targets_ = targets_.defined() ? targets_.to(gram.options(), false, true) : at::zeros_like(gram);
}

at::Tensor GradVac::step(int64_t i, int64_t j, const at::Tensor& row, const at::Tensor& products,
                         const at::Tensor& gram) {
  at::Tensor v = (row * products).sum(1).clamp_min(0).sqrt();  // |v|
  at::Tensor g = gram.select(1, j).select(1, j).clamp_min(0).sqrt();
  at::Tensor phi = (products.select(1, j) / (v * g)).clamp(-1, 1);
  at::Tensor target = targets_.select(1, i).select(1, j);
  // a target of 1 would ask for an infinite multiple of g_j
  at::Tensor t = target.clamp(-1 + 1e-6, 1 - 1e-6);
  at::Tensor co = (1 - t * t).sqrt();
  at::Tensor share = v * (t * (1 - phi * phi).sqrt() - phi * co) / (g * co);
  at::Tensor known = phi.isfinite();
  at::Tensor turned = known & share.isfinite() & (phi < target);
  at::Tensor follow = always_ ? known : turned;
  target.copy_(at::where(follow, (1 - b_) * target + b_ * phi, target));
  return at::where(turned, share, at::zeros_like(share));
}

std::map<std::string, at::Tensor> GradVac::state() const {
  auto state = Surgery::state();
  if (targets_.defined()) state["targets"] = targets_;
  return state;
}

void GradVac::set_state(const std::map<std::string, at::Tensor>& state) {
  Surgery::set_state(state);
  const auto found = state.find("targets");
  targets_ = found == state.end() ? at::Tensor() : found->second.clone();
}

}  // namespace moonlab::balance
