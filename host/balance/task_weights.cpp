#include "host/balance/task_weights.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"

namespace moonlab::balance {

namespace {

/// The smallest weight that GradNorm's plain steps may reach: below zero a task would be unlearnt.
constexpr double kFloor = 1e-6;

at::Tensor found(const std::map<std::string, at::Tensor>& state, const char* key) {
  const auto entry = state.find(key);
  return entry == state.end() ? at::Tensor() : entry->second;
}

}  // namespace

std::vector<double> normalised(const std::vector<double>& weights) {
  if (weights.empty()) fail("task weights: there are none");
  double sum = 0;
  for (size_t i = 0; i < weights.size(); ++i) {
    if (!std::isfinite(weights[i]) || weights[i] < 0)
      fail("task weights: weight ", i + 1, " must be a number >= 0, got ", weights[i]);
    sum += weights[i];
  }
  if (sum == 0) fail("task weights: all are 0");
  std::vector<double> scaled;
  for (const double w : weights) scaled.push_back(w / sum);
  return scaled;
}

GradNorm::GradNorm(double alpha, double lr) : alpha_(alpha), lr_(lr) {
  if (!(alpha >= 0)) fail("gradnorm: alpha must be a number >= 0, got ", alpha);
  if (!(lr > 0)) fail("gradnorm: lr must be a number > 0, got ", lr);
}

at::Tensor GradNorm::step(const at::Tensor& norms, const at::Tensor& given) {
  at::NoGradGuard guard;
  at::Tensor losses = given.to(norms.options());
  if (norms.sizes() != losses.sizes()) fail("gradnorm: ", norms.sizes(), " norms and ", losses.sizes(), " losses");
  if (!initial_.defined()) initial_ = losses.clone();
  at::Tensor w = weights_.defined() ? weights_.to(norms.options()) : at::ones_like(norms);
  at::Tensor g = w * norms;
  at::Tensor ratio = losses / initial_.to(norms.options());
  at::Tensor target = g.mean() * (ratio / ratio.mean()).pow(alpha_);
  at::Tensor next = (w - lr_ * (g - target).sign() * norms).clamp_min(kFloor);
  next = next / next.sum() * static_cast<double>(next.numel());
  at::Tensor sound = (norms.isfinite() & losses.isfinite() & target.isfinite() & next.isfinite()).all();
  weights_ = at::where(sound, next, w);
  return weights_;
}

std::map<std::string, at::Tensor> GradNorm::state() const {
  if (!weights_.defined()) return {};
  return {{"weights", weights_}, {"initial", initial_}};
}

void GradNorm::set_state(const std::map<std::string, at::Tensor>& state) {
  weights_ = found(state, "weights");
  initial_ = found(state, "initial");
}

Dwa::Dwa(double temperature) : temperature_(temperature) {
  if (!(temperature > 0)) fail("dwa: temperature must be a number > 0, got ", temperature);
}

void Dwa::add(const at::Tensor& losses) {
  at::NoGradGuard guard;
  sums_ = sums_.defined() ? sums_ + losses : losses.detach().clone();
  ++steps_;
}

void Dwa::epoch() {
  at::NoGradGuard guard;
  if (steps_ == 0) return;
  at::Tensor mean = sums_ / static_cast<double>(steps_);
  if (before_.defined()) {
    at::Tensor ratio = mean / before_.to(mean.options());
    at::Tensor next = (ratio / temperature_).softmax(0) * static_cast<double>(mean.numel());
    weights_ = at::where(next.isfinite().all(), next, at::ones_like(next));
  }
  before_ = mean;
  sums_ = at::Tensor();
  steps_ = 0;
}

std::map<std::string, at::Tensor> Dwa::state() const {
  std::map<std::string, at::Tensor> state{{"steps", at::scalar_tensor(steps_, at::kLong)}};
  if (sums_.defined()) state["sums"] = sums_;
  if (before_.defined()) state["before"] = before_;
  if (weights_.defined()) state["weights"] = weights_;
  return state;
}

void Dwa::set_state(const std::map<std::string, at::Tensor>& state) {
  at::Tensor steps = found(state, "steps");
  steps_ = steps.defined() ? steps.item<int64_t>() : 0;
  sums_ = found(state, "sums");
  before_ = found(state, "before");
  weights_ = found(state, "weights");
}

}  // namespace moonlab::balance
