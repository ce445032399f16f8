// A convolution, a batch norm and an activation, as most image networks repeat them.
#pragma once

#include <ATen/ATen.h>

#include "host/nn/module.hpp"

namespace moonlab::nn {

/// A convolution without bias that keeps the size of the picture but for its stride, and the norm after it.
std::shared_ptr<Module> convolution(int64_t in, int64_t out, int64_t kernel, int64_t stride);
std::shared_ptr<Module> batch_norm(int64_t channels);

enum class Activation { none, relu, relu6, silu };

at::Tensor activate(const at::Tensor& x, Activation activation);

struct ConvNormOptions {
  int64_t kernel = 1, stride = 1, groups = 1;
  Activation activation = Activation::none;
  double eps = 1e-5, momentum = 0.1;
  /// Padding so that the output has ceil(input / stride) rows, the odd one below and on the right, as TensorFlow does;
  /// else half of the kernel on every side.
  bool same = false;
};

/// x [B, in, H, W] -> [B, out, H', W']. Children "0" (convolution without bias) and "1" (norm), as torchvision's
/// Conv2dNormActivation.
struct ConvNorm : Module {
  Part convolution, norm;
  ConvNormOptions options;

  ConvNorm(int64_t in, int64_t out, const ConvNormOptions& o);
  Tensors forward(const Tensors& inputs) override;
};

/// He's normal start of all convolutions below a module, by outgoing connections; their biases 0.
void start_convolutions(Module& module);

}  // namespace moonlab::nn
