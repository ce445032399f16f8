#include "host/data/mixing.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "host/error.hpp"

namespace moonlab::data {

namespace {

double normal(Draw& draw) {  // Box and Muller 1958
  const double radius = std::sqrt(-2 * std::log(1 - draw.uniform()));
  return radius * std::cos(2 * 3.14159265358979323846 * draw.uniform());
}

/// The logarithm of a number of Gamma(shape): for small shapes the number itself is below every double.
double log_gamma_number(double shape, Draw& draw) {
  if (shape < 1) {
    const double u = 1 - draw.uniform();
    return log_gamma_number(shape + 1, draw) + std::log(u) / shape;
  }
  const double d = shape - 1.0 / 3, c = 1 / std::sqrt(9 * d);  // Marsaglia and Tsang 2000
  for (;;) {
    const double x = normal(draw), root = 1 + c * x;
    if (root <= 0) continue;
    const double v = root * root * root;
    if (std::log(1 - draw.uniform()) < 0.5 * x * x + d - d * v + d * std::log(v)) return std::log(d * v);
  }
}

at::Tensor permutation(int64_t size, Draw& draw) {
  at::Tensor order = at::empty({size}, at::kLong);
  auto* p = order.mutable_data_ptr<int64_t>();
  std::iota(p, p + size, 0);
  for (int64_t i = size - 1; i > 0; --i) std::swap(p[i], p[draw.below(i + 1)]);
  return order;
}

at::Tensor both(const at::Tensor& own, const at::Tensor& order, double lambda) {
  return own.mul(lambda).add_(own.index_select(0, order), 1 - lambda);
}

/// Puts the partners' box into the pictures; gives the mask [H, W] and makes lambda what is left of the area.
at::Tensor cut(at::Tensor& x, const at::Tensor& order, double& lambda, Draw& draw) {
  const int64_t height = x.size(2), width = x.size(3);
  const int64_t row = draw.below(height), col = draw.below(width);
  const double half = 0.5 * std::sqrt(1 - lambda);
  const auto half_height = static_cast<int64_t>(half * static_cast<double>(height));
  const auto half_width = static_cast<int64_t>(half * static_cast<double>(width));
  const int64_t top = std::max<int64_t>(row - half_height, 0), bottom = std::min(row + half_height, height);
  const int64_t left = std::max<int64_t>(col - half_width, 0), right = std::min(col + half_width, width);
  at::Tensor mask = at::zeros({height, width}, at::kBool);
  mask.narrow(0, top, bottom - top).narrow(1, left, right - left).fill_(true);
  at::Tensor box = x.narrow(2, top, bottom - top).narrow(3, left, right - left);
  box.copy_(box.index_select(0, order));
  lambda = 1 - static_cast<double>((bottom - top) * (right - left)) / static_cast<double>(height * width);
  return mask;
}

}  // namespace

double draw_beta(double alpha, Draw& draw) {
  const double a = log_gamma_number(alpha, draw), b = log_gamma_number(alpha, draw);
  return 1 / (1 + std::exp(b - a));
}

Mixing::Mixing(const nlohmann::ordered_json& list) {
  if (!list.is_array()) fail("mixing: expected a list, got ", list.dump());
  for (const auto& given : list) {
    const std::string name = given.value("kind", std::string());
    if (name != "mixup" && name != "cutmix")
      fail("mixing: unknown kind '", name, "'", did_you_mean(name, {"mixup", "cutmix"}));
    for (const auto& [key, value] : given.items()) {
      if (key == "kind") continue;
      if (key != "alpha" && key != "p")
        fail("mixing: ", name, ": unknown option '", key, "'", did_you_mean(key, {"alpha", "p"}));
      if (!value.is_number()) fail("mixing: ", name, ": ", key, " takes a number, got ", value.dump());
    }
    const Way way{name == "cutmix", given.value("alpha", 1.0), given.value("p", 1.0)};
    if (!(way.alpha > 0)) fail("mixing: ", name, ": alpha = ", way.alpha, " is not above 0");
    if (!(way.p >= 0 && way.p <= 1)) fail("mixing: ", name, ": p = ", way.p, " is not in [0, 1]");
    ways_.push_back(way);
  }
}

void Mixing::apply(Batch& batch, int64_t classes, uint64_t seed) const {
  if (ways_.empty()) return;
  at::NoGradGuard no_grad;
  if (batch.x.dim() != 4)
    fail("mixing: pictures [B, C, H, W] can be mixed, got ", batch.x.scalar_type(), " ", batch.x.sizes());
  if (batch.y.dim() != 1) fail("mixing: samples have one label here, these have several each");
  Draw draw(seed);
  const Way& way = ways_[draw.below(static_cast<int64_t>(ways_.size()))];
  batch.t = at::zeros({batch.y.size(0), classes}, at::kFloat).scatter_(1, batch.y.unsqueeze(1), 1.0);
  if (draw.uniform() >= way.p) return;
  MixedBatch mix;
  mix.lambda = draw_beta(way.alpha, draw);
  mix.permutation = permutation(batch.y.size(0), draw);
  if (way.cut) mix.mask = cut(batch.x, mix.permutation, mix.lambda, draw);
  else batch.x = both(batch.x, mix.permutation, mix.lambda);
  if (batch.w.defined()) {
    const at::Tensor weighted = both(batch.t * batch.w.unsqueeze(1), mix.permutation, mix.lambda);
    batch.w = both(batch.w, mix.permutation, mix.lambda);
    batch.weights = batch.w;
    batch.t = weighted / batch.w.unsqueeze(1);
  } else {
    batch.t = both(batch.t, mix.permutation, mix.lambda);
  }
  batch.mix = std::move(mix);
}

}  // namespace moonlab::data
