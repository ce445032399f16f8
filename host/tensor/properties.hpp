// What a tensor tells about itself beside its operators.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/TensorIndexing.h>

#include <string>

namespace moonlab {

at::Tensor transposed(const at::Tensor& x);         // x.T: all dims reversed
at::Tensor matrix_transposed(const at::Tensor& x);  // x.mT: the last two dims swapped

std::string layout_name(c10::Layout layout);  // "strided", "sparse_coo"

/// Sets x.grad; the gradient must have x's shape, dtype and device. An undefined one clears it.
void set_grad(const at::Tensor& x, const at::Tensor& grad);

/// The only element, whatever the dtype.
c10::Scalar item_of(const at::Tensor& x);

/// A half-open range as an index term.
at::indexing::TensorIndex slice(int64_t from, int64_t to, int64_t step);

}  // namespace moonlab
