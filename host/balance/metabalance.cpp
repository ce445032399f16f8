#include "host/balance/metabalance.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::balance {

using Tensors = std::vector<at::Tensor>;

MetaBalance::MetaBalance(double relax, double beta, Strategy strategy, Part part)
    : relax_(relax), beta_(beta), strategy_(strategy), part_(part) {
  if (!(relax >= 0 && relax <= 1)) fail("metabalance: relax must be in [0, 1], got ", relax);
  if (!(beta >= 0 && beta < 1)) fail("metabalance: beta must be in [0, 1), got ", beta);
}

std::vector<Tensors> MetaBalance::balance(const std::vector<Tensors>& gradients) {
  if (gradients.empty() || gradients[0].empty()) fail("metabalance: no gradients");
  for (const auto& g : gradients)
    if (g.size() != gradients[0].size())
      fail("metabalance: tasks with ", gradients[0].size(), " and ", g.size(), " gradients");
  at::NoGradGuard guard;
  Tensors rows;
  for (const auto& g : gradients) {
    at::Tensor norm = at::stack(at::_foreach_norm(g));
    rows.push_back(part_ == Part::whole ? norm.norm().expand_as(norm) : norm);
  }
  at::Tensor now = at::stack(rows);  // [tasks, tensors]
  if (norms_.defined() && norms_.sizes() != now.sizes())
    fail("metabalance: ", now.sizes(), " norms do not continue ", norms_.sizes());
  at::Tensor before = norms_.defined() ? norms_.to(now.options()) : at::zeros_like(now);
  // a gradient that is not finite (a skipped step of mixed precision) leaves no trace in the moving norms
  at::Tensor finite = now.isfinite();
  norms_ = at::where(finite, beta_ * before + (1 - beta_) * now, before);
  at::Tensor main = norms_.slice(0, 0, 1), rest = norms_.slice(0, 1);
  at::Tensor factor = relax_ * main / rest + (1 - relax_);
  at::Tensor leave = (factor.isfinite() & finite.slice(0, 0, 1) & finite.slice(0, 1)).logical_not();
  if (strategy_ == Strategy::shrink) leave = leave.logical_or(rest <= main);
  if (strategy_ == Strategy::enlarge) leave = leave.logical_or(rest > main);
  factor = factor.masked_fill(leave, 1);
  std::vector<Tensors> balanced{gradients[0]};
  for (size_t i = 1; i < gradients.size(); ++i)
    balanced.push_back(at::_foreach_mul(gradients[i], factor[static_cast<int64_t>(i) - 1].unbind()));
  return balanced;
}

Tensors MetaBalance::sum(const std::vector<Tensors>& gradients) {
  at::NoGradGuard guard;
  Tensors total = gradients.at(0);
  for (size_t i = 1; i < gradients.size(); ++i) total = at::_foreach_add(total, gradients[i]);
  return total;
}

}  // namespace moonlab::balance
