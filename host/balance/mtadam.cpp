#include "host/balance/mtadam.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <cmath>

#include "host/error.hpp"

namespace moonlab::balance {

namespace {

constexpr double kNothing = 1e-10;

std::string key(const char* what, size_t task, size_t parameter) {
  return std::string(what) + "." + std::to_string(task) + "." + std::to_string(parameter);
}

/// What one loss has to do with one parameter.
struct Part {
  at::Tensor gradient, first, second, scale;  // scale: a number on the device
};

/// Numbers that are updated at once: they and what belongs to them stay in the first cache.
constexpr int64_t kChunk = 1024;

/// Moments of one loss for n numbers; adds m to `sum` and raises `largest` to the denominator.
template <class T>
void moments(const T* __restrict g, T* __restrict m, T* __restrict v, T* __restrict sum, T* __restrict largest,
             int64_t n, T scale, T b1, T b2, T root, T eps) {
  for (int64_t i = 0; i < n; ++i) {
    const T x = g[i] * scale;
    m[i] = b1 * m[i] + (1 - b1) * x;
    v[i] = b2 * v[i] + (1 - b2) * x * x;
    const T denominator = std::sqrt(v[i]) * root + eps;
    largest[i] = largest[i] > denominator ? largest[i] : denominator;
    sum[i] += m[i];
  }
}

/// The update in one pass over memory, for numbers of the CPU.
template <class T>
void update_once(at::Tensor& parameter, const std::vector<Part>& parts, const MtAdam::Rate& rate, double correction1,
                 double correction2) {
  struct Raw {
    const T* g;
    T *m, *v, scale;
  };
  std::vector<Raw> raw;
  for (const auto& part : parts)
    raw.push_back({part.gradient.const_data_ptr<T>(), part.first.mutable_data_ptr<T>(),
                   part.second.mutable_data_ptr<T>(), part.scale.item<T>()});
  T* p = parameter.mutable_data_ptr<T>();
  const T root = 1 / std::sqrt(correction2), keep = 1 - rate.lr * rate.weight_decay, length = rate.lr / correction1;
  at::parallel_for(0, parameter.numel(), 1 << 14, [&](int64_t begin, int64_t end) {
    T sum[kChunk], largest[kChunk];
    for (int64_t at = begin; at < end; at += kChunk) {
      const int64_t n = std::min(kChunk, end - at);
      std::fill_n(sum, n, T(0));
      std::fill_n(largest, n, T(0));
      for (const Raw& r : raw)
        moments<T>(r.g + at, r.m + at, r.v + at, sum, largest, n, r.scale, rate.beta1, rate.beta2, root, rate.eps);
      for (int64_t i = 0; i < n; ++i) p[at + i] = p[at + i] * keep - length * sum[i] / largest[i];
    }
  });
}

void update(at::Tensor parameter, std::vector<Part>& parts, const MtAdam::Rate& rate, double correction1,
            double correction2) {
  bool plain = parameter.is_cpu() && parameter.is_contiguous() &&
               (parameter.scalar_type() == at::kFloat || parameter.scalar_type() == at::kDouble);
  for (const auto& part : parts)
    plain = plain && part.gradient.is_contiguous() && part.first.is_contiguous() && part.second.is_contiguous() &&
            part.gradient.scalar_type() == parameter.scalar_type() &&
            part.first.scalar_type() == parameter.scalar_type();
  if (plain && parameter.scalar_type() == at::kFloat)
    return update_once<float>(parameter, parts, rate, correction1, correction2);
  if (plain) return update_once<double>(parameter, parts, rate, correction1, correction2);
  at::Tensor sum, largest;
  for (auto& part : parts) {
    at::Tensor g = part.gradient * part.scale;
    part.first.mul_(rate.beta1).add_(g, 1 - rate.beta1);
    part.second.mul_(rate.beta2).addcmul_(g, g, 1 - rate.beta2);
    at::Tensor denominator = part.second.sqrt().div_(std::sqrt(correction2)).add_(rate.eps);
    largest = largest.defined() ? at::maximum(largest, denominator) : denominator;
    sum = sum.defined() ? sum + part.first : part.first;
  }
  if (rate.weight_decay > 0) parameter.mul_(1 - rate.lr * rate.weight_decay);
  parameter.addcdiv_(sum, largest, -rate.lr / correction1);
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
    std::vector<Part> parts;
    for (size_t i = 0; i < tasks; ++i) {
      if (!lists[i][p].defined()) continue;
      const double rank = ranks_.empty() ? 1 : ranks_[i];
      at::Tensor scale = factor.select(0, static_cast<int64_t>(p)).select(0, static_cast<int64_t>(i)) * rank;
      at::Tensor &m = first_[i][p], &v = second_[i][p];
      if (!m.defined()) {
        m = at::zeros_like(lists[i][p]);
        v = at::zeros_like(lists[i][p]);
      }
      parts.push_back({lists[i][p], m, v, scale.to(lists[i][p].options())});
    }
    if (!parts.empty()) update(parameters[p], parts, rate, correction1, correction2);
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
