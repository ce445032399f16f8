#pragma once

#include <ATen/TensorIndexing.h>
#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

namespace moonlab {

std::vector<at::indexing::TensorIndex> parse_slice(std::string_view text);
at::Tensor get(const at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms);
at::Tensor get(const at::Tensor& x, int64_t index);
void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms, const at::Tensor& value);
void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms, const c10::Scalar& value);

}  // namespace moonlab
