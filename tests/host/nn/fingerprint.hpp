// Numbers that any change of one element changes.
#pragma once

#include <ATen/ATen.h>

#include "host/nn/module.hpp"

/// sum of (i + 1) * element i, in float64.
inline double fingerprint(const at::Tensor& t) {
  at::Tensor flat = t.detach().to(at::kDouble).flatten();
  return (flat * at::arange(1, flat.numel() + 1, at::kDouble)).sum().item<double>();
}

/// sum of (k + 1) * fingerprint of tensor k.
inline double fingerprint(const std::vector<at::Tensor>& list) {
  double sum = 0;
  for (size_t k = 0; k < list.size(); ++k) sum += static_cast<double>(k + 1) * fingerprint(list[k]);
  return sum;
}

/// cos 0, cos 1, cos 2, ... in this shape.
inline at::Tensor waves(at::IntArrayRef shape) {
  return at::cos(at::arange(c10::multiply_integers(shape), at::kDouble)).reshape(shape);
}

inline std::vector<at::Tensor> tensors(const moonlab::nn::Module::Named& named) {
  std::vector<at::Tensor> list;
  for (const auto& [name, t] : named) list.push_back(t);
  return list;
}
