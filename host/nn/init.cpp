#include "host/nn/init.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>

#include "host/error.hpp"

namespace moonlab::nn::init {

std::pair<int64_t, int64_t> fans(const at::Tensor& w) {
  if (w.dim() < 2) fail("an initialiser that counts connections needs at least 2 dims, got ", w.sizes());
  int64_t field = 1;
  for (int64_t d = 2; d < w.dim(); ++d) field *= w.size(d);
  return {w.size(1) * field, w.size(0) * field};
}

double gain(const std::string& f, double slope) {
  if (f == "linear" || f == "sigmoid" || f.rfind("conv", 0) == 0) return 1;
  if (f == "tanh") return 5.0 / 3;
  if (f == "relu") return std::sqrt(2.0);
  if (f == "leaky_relu") return std::sqrt(2.0 / (1 + slope * slope));
  if (f == "selu") return 0.75;
  fail("no gain is known for '", f, "'", did_you_mean(f, {"linear", "sigmoid", "tanh", "relu", "leaky_relu", "selu"}));
}

void uniform(at::Tensor& t, double low, double high) {
  at::NoGradGuard guard;
  t.uniform_(low, high);
}

void normal(at::Tensor& t, double mean, double deviation) {
  at::NoGradGuard guard;
  t.normal_(mean, deviation);
}

void constant(at::Tensor& t, double value) {
  at::NoGradGuard guard;
  t.fill_(value);
}

void trunc_normal(at::Tensor& t, double mean, double deviation, double low, double high) {
  if (!(deviation > 0) || !(low < high)) fail("trunc_normal: needs a deviation above 0 and low < high, got ", deviation, ", ", low, ", ", high);
  if (t.is_meta()) return;
  at::NoGradGuard guard;
  auto cdf = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  at::Tensor drawn;
  if (cdf((high - mean) / deviation) - cdf((low - mean) / deviation) > 0.3) {
    // most draws of the normal fall inside: draw again what does not, by bounds as the dtype holds them
    const double l = at::scalar_tensor(low, t.scalar_type()).item<double>(), h = at::scalar_tensor(high, t.scalar_type()).item<double>();
    drawn = at::empty_like(t).normal_(mean, deviation);
    for (at::Tensor out; (out = (drawn < l) | (drawn > h)).any().item<bool>();)
      drawn = at::where(out, at::empty_like(drawn).normal_(mean, deviation), drawn);
  } else {
    // a narrow or far window: uniform candidates, accepted with the density over its peak in the window
    const double peak = -0.5 * std::pow((std::clamp(mean, low, high) - mean) / deviation, 2);
    auto refused = [&](const at::Tensor& x) {
      at::Tensor share = x.clone().sub_(mean).div_(deviation).pow_(2).mul_(-0.5).sub_(peak);
      return at::empty_like(x).uniform_().log_().gt(share);
    };
    drawn = at::empty_like(t).uniform_(low, high);
    for (at::Tensor pending = refused(drawn); pending.any().item<bool>();) {
      at::Tensor candidates = at::empty_like(t).uniform_(low, high);
      drawn = at::where(pending, candidates, drawn);
      pending = at::where(pending, refused(candidates), pending);
    }
  }
  t.copy_(drawn);
}

void kaiming_uniform(at::Tensor& t, double slope, const std::string& f, bool out) {
  auto [in, outgoing] = fans(t);
  const double bound = std::sqrt(3.0) * (gain(f, slope) / std::sqrt(static_cast<double>(out ? outgoing : in)));
  uniform(t, -bound, bound);
}

void kaiming_normal(at::Tensor& t, double slope, const std::string& f, bool out) {
  auto [in, outgoing] = fans(t);
  normal(t, 0, gain(f, slope) / std::sqrt(static_cast<double>(out ? outgoing : in)));
}

void xavier_uniform(at::Tensor& t, double factor) {
  auto [in, out] = fans(t);
  const double bound = std::sqrt(3.0) * factor * std::sqrt(2.0 / static_cast<double>(in + out));
  uniform(t, -bound, bound);
}

void xavier_normal(at::Tensor& t, double factor) {
  auto [in, out] = fans(t);
  normal(t, 0, factor * std::sqrt(2.0 / static_cast<double>(in + out)));
}

void orthogonal(at::Tensor& t, double factor) {
  at::NoGradGuard guard;
  if (t.dim() < 2) fail("orthogonal needs at least 2 dims, got ", t.sizes());
  const int64_t rows = t.size(0), columns = t.numel() / rows;
  at::Tensor flat = at::empty({rows, columns}, t.options()).normal_(0, 1);
  if (rows < columns) flat.t_();
  auto [q, r] = at::linalg_qr(flat);
  q = q * at::diagonal(r).sign();
  if (rows < columns) q.t_();
  t.view_as(q).copy_(q).mul_(factor);
}

void linear_default(at::Tensor& weight, at::Tensor* bias) {
  if (weight.numel()) kaiming_uniform(weight, std::sqrt(5.0));  // nothing to draw, and no connections to count
  if (!bias || !bias->defined()) return;
  const auto in = fans(weight).first;
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  uniform(*bias, -bound, bound);
}

}  // namespace moonlab::nn::init
