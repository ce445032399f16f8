// Learning with retrospection (LWR; Deng and Zhang 2021): what the network thought of a sample some epochs ago is a
// soft label for it now.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::label {

struct Retrospection {
  /// Temperature of the stored soft labels, softmax(z / tau).
  double tau = 5;
  /// The method's own form compares softmax(z / tau) with them and multiplies by tau^2; the form of LwAL's tables
  /// compares softmax(z).
  bool tempered = true;
};

/// What is stored for a sample: softmax(z / tau), [B, C], in float or double, without history.
at::Tensor soft_labels(const at::Tensor& logits, double tau);

/// KL(s || p) of every sample, [B]: the sum over the classes of s (log s - log p), times tau^2 where it is tempered.
/// Differentiable in the logits; s is constant. Classes of share 0 cost nothing.
/// @param logits float [B, C], @param s float [B, C]. Errors: shapes that do not fit.
at::Tensor retrospection_loss(const at::Tensor& logits, const at::Tensor& s, const Retrospection& form);

}  // namespace moonlab::label
