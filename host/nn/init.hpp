// Initialisers, in place, with PyTorch's numbers for the same seed.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace moonlab::nn::init {

/// Numbers of connections into and out of one unit: dims 1 and 0 times the receptive field.
std::pair<int64_t, int64_t> fans(const at::Tensor& weight);
double gain(const std::string& nonlinearity, double slope = 0);

void uniform(at::Tensor& t, double low, double high);
void normal(at::Tensor& t, double mean, double deviation);
void constant(at::Tensor& t, double value);
/// Normal cut at [low, high], by rejection as PyTorch 2.13 draws it (earlier ones inverted the distribution).
void trunc_normal(at::Tensor& t, double mean, double deviation, double low, double high);
/// He et al. 2015; `fan_out` counts outgoing connections instead.
void kaiming_uniform(at::Tensor& t, double slope, const std::string& nonlinearity = "leaky_relu", bool fan_out = false);
void kaiming_normal(at::Tensor& t, double slope, const std::string& nonlinearity = "leaky_relu", bool fan_out = false);
/// Glorot and Bengio 2010.
void xavier_uniform(at::Tensor& t, double factor = 1);
void xavier_normal(at::Tensor& t, double factor = 1);
/// Saxe et al. 2013: orthogonal rows or columns.
void orthogonal(at::Tensor& t, double factor = 1);

/// What PyTorch's Linear and Conv start from: kaiming_uniform(a = sqrt 5) weights, then biases in +-1/sqrt(fan_in).
void linear_default(at::Tensor& weight, at::Tensor* bias);

}  // namespace moonlab::nn::init
