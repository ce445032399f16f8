#include "host/backbone/conv_norm.hpp"

#include <algorithm>

#include "host/nn/init.hpp"

namespace moonlab::nn {

std::shared_ptr<Module> convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride) {
  return build("Conv2d", {{"in_channels", in},
                          {"out_channels", out},
                          {"kernel_size", kernel},
                          {"stride", stride},
                          {"padding", kernel / 2},
                          {"bias", false}});
}

std::shared_ptr<Module> batch_norm(int64_t channels) { return build("BatchNorm2d", {{"num_features", channels}}); }

at::Tensor activate(const at::Tensor& x, Activation activation) {
  switch (activation) {
    case Activation::relu:
      return at::relu(x);
    case Activation::relu6:
      return at::relu6(x);
    case Activation::silu:
      return at::silu(x);
    case Activation::none:
      break;
  }
  return x;
}

namespace {

std::shared_ptr<Module> convolution_of(int64_t in, int64_t out, const ConvNormOptions& o) {
  return build("Conv2d", {{"in_channels", in},
                          {"out_channels", out},
                          {"kernel_size", o.kernel},
                          {"stride", o.stride},
                          {"padding", o.same && o.stride > 1 ? 0 : o.kernel / 2},
                          {"groups", o.groups},
                          {"bias", false}});
}

/// Padding before and after one dim.
std::pair<int64_t, int64_t> same_padding(int64_t size, int64_t kernel, int64_t stride) {
  const int64_t outputs = (size + stride - 1) / stride;
  const int64_t total = std::max<int64_t>((outputs - 1) * stride + kernel - size, 0);
  return {total / 2, total - total / 2};
}

}  // namespace

ConvNorm::ConvNorm(int64_t in, int64_t out, const ConvNormOptions& o)
    : Module("Conv2dNormActivation"),
      convolution(this, "0", convolution_of(in, out, o)),
      norm(this, "1", build("BatchNorm2d", {{"num_features", out}, {"eps", o.eps}, {"momentum", o.momentum}})),
      options(o) {}

Tensors ConvNorm::forward(const Tensors& inputs) {
  at::Tensor x = inputs.at(0);
  if (options.same && options.stride > 1) {
    const auto [left, right] = same_padding(x.size(-1), options.kernel, options.stride);
    const auto [above, below] = same_padding(x.size(-2), options.kernel, options.stride);
    x = at::constant_pad_nd(x, {left, right, above, below});
  }
  return {activate(norm(convolution(x)), options.activation)};
}

void start_convolutions(Module& module) {
  for (auto& [name, owner] : module.named_modules()) {
    auto* weight = owner->find("weight");
    if (!weight || !weight->value.defined() || weight->value.dim() != 4) continue;
    init::kaiming_normal(weight->value, 0, "relu", true);
    if (auto* bias = owner->find("bias"); bias && bias->value.defined()) init::constant(bias->value, 0);
  }
}

}  // namespace moonlab::nn
