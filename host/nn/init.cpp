#include "host/nn/init.hpp"

#include <ATen/ATen.h>

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
  at::NoGradGuard guard;
  auto cdf = [](double x) { return (1 + std::erf(x / std::sqrt(2.0))) / 2; };
  const double l = cdf((low - mean) / deviation), u = cdf((high - mean) / deviation);
  t.uniform_(2 * l - 1, 2 * u - 1);
  t.erfinv_();
  t.mul_(deviation * std::sqrt(2.0)).add_(mean).clamp_(low, high);
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
  kaiming_uniform(weight, std::sqrt(5.0));
  if (!bias || !bias->defined()) return;
  const auto in = fans(weight).first;
  const double bound = in > 0 ? 1 / std::sqrt(static_cast<double>(in)) : 0;
  uniform(*bias, -bound, bound);
}

}  // namespace moonlab::nn::init
