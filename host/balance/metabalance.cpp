#include "host/balance/metabalance.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::balance {

MetaBalance::MetaBalance(double relax, double beta, Strategy strategy, Part part)
    : Balance(part), relax_(relax), beta_(beta), strategy_(strategy) {
  if (!(relax >= 0 && relax <= 1)) fail("metabalance: relax must be in [0, 1], got ", relax);
  if (!(beta >= 0 && beta < 1)) fail("metabalance: beta must be in [0, 1), got ", beta);
}

at::Tensor MetaBalance::mix(const at::Tensor& gram) {
  at::Tensor now = gram.diagonal(0, 1, 2).clamp_min(0).sqrt().t();  // [tasks, units]; nan stays nan
  if (norms_.defined() && norms_.sizes() != now.sizes())
    fail("metabalance: ", now.sizes(), " norms do not continue ", norms_.sizes());
  at::Tensor before = norms_.defined() ? norms_.to(now.options()) : at::zeros_like(now);
  at::Tensor finite = now.isfinite();
  norms_ = at::where(finite, beta_ * before + (1 - beta_) * now, before);
  at::Tensor main = norms_.slice(0, 0, 1);
  at::Tensor factor = relax_ * main / norms_ + (1 - relax_);
  at::Tensor leave = (factor.isfinite() & (main > 0) & finite.slice(0, 0, 1) & finite).logical_not();
  if (strategy_ == Strategy::shrink) leave = leave.logical_or(norms_ <= main);
  if (strategy_ == Strategy::enlarge) leave = leave.logical_or(norms_ > main);
  factor = factor.masked_fill(leave, 1);
  factor.select(0, 0).fill_(1);
  return factor.t().diag_embed();
}

std::map<std::string, at::Tensor> MetaBalance::state() const {
  if (!norms_.defined()) return {};
  return {{"norms", norms_}};
}

void MetaBalance::set_state(const std::map<std::string, at::Tensor>& state) {
  const auto found = state.find("norms");
  norms_ = found == state.end() ? at::Tensor() : found->second;
}

}  // namespace moonlab::balance
