// Normalisation without running statistics: over the last dims, groups of channels, neighbouring channels.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Sizes = std::vector<int64_t>;

Sizes shape_of(const Options& value) { return value.is_number() ? Sizes{value.get<int64_t>()} : value.get<Sizes>(); }

/// Ba et al. 2016.
struct LayerNorm : Module {
  Sizes shape;
  double eps;
  bool affine;
  at::Tensor &weight, &bias;

  explicit LayerNorm(const Options& o)
      : Module("LayerNorm"), shape(shape_of(o["normalized_shape"])), eps(o["eps"]), affine(o["elementwise_affine"]),
        weight(register_parameter("weight", affine ? at::ones(shape, factory()) : at::Tensor())),
        bias(register_parameter("bias", affine && o["bias"].get<bool>() ? at::zeros(shape, factory()) : at::Tensor())) {}
  Tensors forward(const Tensors& x) override { return {at::layer_norm(x.at(0), shape, weight, bias, eps)}; }
  std::string describe() const override {
    return repr(shape) + ", eps=" + repr(eps) + ", elementwise_affine=" + repr(Options(affine)) + ", bias=" + repr(Options(bias.defined()));
  }
};

/// Zhang and Sennrich 2019. Without eps: the smallest step of the input's dtype.
struct RMSNorm : Module {
  Sizes shape;
  std::optional<double> eps;
  bool affine;
  at::Tensor& weight;

  explicit RMSNorm(const Options& o)
      : Module("RMSNorm"), shape(shape_of(o["normalized_shape"])), eps(number(o["eps"])), affine(o["elementwise_affine"]),
        weight(register_parameter("weight", affine ? at::ones(shape, factory()) : at::Tensor())) {}
  Tensors forward(const Tensors& x) override { return {at::rms_norm(x.at(0), shape, weight.defined() ? std::optional<at::Tensor>(weight) : std::nullopt, eps)}; }
  std::string describe() const override {
    return repr(shape) + ", eps=" + (eps ? repr(*eps) : "None") + ", elementwise_affine=" + repr(Options(affine));
  }
};

/// Wu and He 2018.
struct GroupNorm : Module {
  int64_t groups, channels;
  double eps;
  bool affine;
  at::Tensor &weight, &bias;

  explicit GroupNorm(const Options& o)
      : Module("GroupNorm"), groups(o["num_groups"]), channels(o["num_channels"]), eps(o["eps"]), affine(o["affine"]),
        weight(register_parameter("weight", affine ? at::ones({channels}, factory()) : at::Tensor())),
        bias(register_parameter("bias", affine && o["bias"].get<bool>() ? at::zeros({channels}, factory()) : at::Tensor())) {
    if (groups < 1 || channels % groups) fail("GroupNorm: num_channels ", channels, " must be divisible by num_groups ", groups);
  }
  Tensors forward(const Tensors& x) override {
    if (x.at(0).dim() < 2) fail("GroupNorm: expected at least 2 dims, got ", x[0].dim());
    if (x[0].numel() && x[0].numel() == groups && x[0].size(0) == 1)
      fail("GroupNorm: expected more than 1 value per group, got input size ", x[0].sizes());
    return {at::group_norm(x[0], groups, weight, bias, eps)};
  }
  std::string describe() const override {
    return std::to_string(groups) + ", " + std::to_string(channels) + ", eps=" + repr(eps) + ", affine=" + repr(Options(affine)) +
           ", bias=" + repr(Options(bias.defined()));
  }
};

/// x / (k + alpha * m)^beta (Krizhevsky et al. 2012); m: the sum of squares over `before` to `after` neighbouring
/// channels divided by `size`.
at::Tensor across_channels(const at::Tensor& x, int64_t before, int64_t after, int64_t size, double alpha, double beta, double k) {
  if (x.numel() == 0) return x;
  const int64_t window = before + after + 1;
  at::Tensor square = (x * x).reshape({x.size(0), 1, x.size(1), x.dim() > 2 ? x.size(2) : 1, -1});
  square = at::pad(square, {0, 0, 0, 0, before, after});
  at::Tensor mean = at::avg_pool3d(square, {window, 1, 1}, 1).reshape(x.sizes());
  return x / (mean * (alpha * static_cast<double>(window) / static_cast<double>(size)) + k).pow(beta);
}

struct Lrn : Stateless {
  Lrn(const char* name, bool centred, Options k)
      : Stateless(name, {{"size", nullptr}, {"alpha", 1e-4}, {"beta", 0.75}, {"k", std::move(k)}}, {"=size", "alpha", "beta", "k"},
                  [=](const Options& o) -> Compute {
                    const int64_t size = o["size"];
                    const double alpha = o["alpha"], beta = o["beta"], shift = o["k"];
                    // the cross-map form counts as many channels before as after (PyTorch's never takes the first channel out again)
                    const int64_t before = centred ? (size - 1) / 2 : size / 2;
                    const int64_t after = (size - 1) / 2;
                    return [=](const Tensors& x, bool) {
                      if (centred) expect_dims(name, x.at(0), {4});
                      else if (x.at(0).dim() < 3) fail(name, ": expected 3D or higher dimensionality input (got ", x[0].dim(), " dimensions)");
                      return Tensors{across_channels(x[0], before, after, size, alpha, beta, shift)};
                    };
                  }) {}
};

const Register layer_norm("LayerNorm", {{"normalized_shape", nullptr}, {"eps", 1e-5}, {"elementwise_affine", true}, {"bias", true}},
                          [](const Options& o) { return std::make_shared<LayerNorm>(o); });
const Register rms_norm("RMSNorm", {{"normalized_shape", nullptr}, {"eps", kNone}, {"elementwise_affine", true}},
                        [](const Options& o) { return std::make_shared<RMSNorm>(o); });
const Register group_norm("GroupNorm", {{"num_groups", nullptr}, {"num_channels", nullptr}, {"eps", 1e-5}, {"affine", true}, {"bias", true}},
                          [](const Options& o) { return std::make_shared<GroupNorm>(o); });
const Lrn local("LocalResponseNorm", false, 1.0);
const Lrn cross_map("CrossMapLRN2d", true, 1);

}  // namespace

}  // namespace moonlab::nn
