#include "host/balance/mtadam.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"

namespace moonlab::balance {

namespace {

constexpr double kNothing = 1e-10;

std::string key(const char* what, size_t task, size_t parameter) {
  return std::string(what) + "." + std::to_string(task) + "." + std::to_string(parameter);
}

}  // namespace

MtAdam::MtAdam(std::vector<double> ranks, double norm_beta) : ranks_(std::move(ranks)), norm_beta_(norm_beta) {
  if (!(norm_beta >= 0 && norm_beta < 1)) fail("mtadam: norm_beta must be in [0, 1), got ", norm_beta);
  for (const double rank : ranks_)
    if (!(rank >= 0)) fail("mtadam: a rank must be a number >= 0, got ", rank);
}

void MtAdam::step(const Tensors& parameters, const TaskGradients& gradients, const std::vector<Rate>& rates) {
  at::NoGradGuard guard;
  const auto tasks = static_cast<size_t>(gradients.tasks());
  if (!ranks_.empty() && ranks_.size() != tasks) fail("mtadam: ", ranks_.size(), " ranks for ", tasks, " losses");
  if (static_cast<size_t>(gradients.size()) != parameters.size())
    fail("mtadam: ", gradients.size(), " gradients for ", parameters.size(), " parameters");
  if (rates.size() != 1 && rates.size() != parameters.size())
    fail("mtadam: ", rates.size(), " rates for ", parameters.size(), " parameters");
  const auto lists = gradients.lists();
  at::Tensor now = gradients.gram().diagonal(0, 1, 2).clamp_min(0).sqrt();  // [parameters, tasks]
  if (norms_.defined() && norms_.sizes() != now.sizes())
    fail("mtadam: ", now.sizes(), " norms do not continue ", norms_.sizes());
  norms_ = norms_.defined() ? norm_beta_ * norms_.to(now.options()) + (1 - norm_beta_) * now : now.clone();
  // n_a: the norm of the first loss that has one
  at::Tensor anchor = at::zeros_like(norms_.select(1, 0));
  for (size_t i = tasks; i-- > 0;) {
    at::Tensor n = norms_.select(1, static_cast<int64_t>(i));
    anchor = at::where(n > kNothing, n, anchor);
  }
  at::Tensor factor = anchor.unsqueeze(1) / norms_;
  factor = at::where(factor.isfinite() & (anchor > 0).unsqueeze(1), factor, at::ones_like(factor));
  if (first_.empty()) {
    first_.assign(tasks, Tensors(parameters.size()));
    second_ = first_;
  }
  ++steps_;
  for (size_t p = 0; p < parameters.size(); ++p) {
    const Rate& rate = rates[rates.size() == 1 ? 0 : p];
    const double correction1 = 1 - std::pow(rate.beta1, steps_), correction2 = 1 - std::pow(rate.beta2, steps_);
    at::Tensor sum, largest;
    for (size_t i = 0; i < tasks; ++i) {
      if (!lists[i][p].defined()) continue;
      const double rank = ranks_.empty() ? 1 : ranks_[i];
      at::Tensor scale = (factor.select(0, static_cast<int64_t>(p)).select(0, static_cast<int64_t>(i)) * rank);
      at::Tensor g = lists[i][p] * scale.to(lists[i][p].options());
      at::Tensor &m = first_[i][p], &v = second_[i][p];
      if (!m.defined()) {
        m = at::zeros_like(g);
        v = at::zeros_like(g);
      }
      m.mul_(rate.beta1).add_(g, 1 - rate.beta1);
      v.mul_(rate.beta2).addcmul_(g, g, 1 - rate.beta2);
      at::Tensor denominator = v.sqrt().div_(std::sqrt(correction2)).add_(rate.eps);
      largest = largest.defined() ? at::maximum(largest, denominator) : denominator;
      sum = sum.defined() ? sum + m : m;
    }
    if (!sum.defined()) continue;
    at::Tensor parameter = parameters[p];
    if (rate.weight_decay > 0) parameter.mul_(1 - rate.lr * rate.weight_decay);
    parameter.addcdiv_(sum, largest, -rate.lr / correction1);
  }
}

std::map<std::string, at::Tensor> MtAdam::state() const {
  std::map<std::string, at::Tensor> state;
  if (steps_ == 0) return state;
  state["steps"] = at::scalar_tensor(steps_, at::kLong);
  state["norms"] = norms_;
  for (size_t i = 0; i < first_.size(); ++i)
    for (size_t p = 0; p < first_[i].size(); ++p)
      if (first_[i][p].defined()) {
        state[key("first", i, p)] = first_[i][p];
        state[key("second", i, p)] = second_[i][p];
      }
  return state;
}

void MtAdam::set_state(const std::map<std::string, at::Tensor>& state) {
  steps_ = 0;
  norms_ = at::Tensor();
  first_.clear();
  second_.clear();
  if (!state.contains("steps")) return;
  steps_ = state.at("steps").item<int64_t>();
  norms_ = state.at("norms");
  first_.assign(norms_.size(1), Tensors(norms_.size(0)));
  second_ = first_;
  for (size_t i = 0; i < first_.size(); ++i)
    for (size_t p = 0; p < first_[i].size(); ++p) {
      const auto m = state.find(key("first", i, p)), v = state.find(key("second", i, p));
      if (m == state.end() || v == state.end()) continue;
      first_[i][p] = m->second.clone();
      second_[i][p] = v->second.clone();
    }
}

}  // namespace moonlab::balance
