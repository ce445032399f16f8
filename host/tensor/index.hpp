// Indexing: x[i], x["1:, ..., None"], x[mask], and assignment to parts.
//
// Integers, ranges, "..." and None give views; masks and index tensors gather. All as PyTorch does it, except that two
// ellipses are refused, that an assigned tensor is cast to x's dtype also through masks and index tensors, and that
// errors state the valid range.
#pragma once

#include <ATen/TensorIndexing.h>
#include <ATen/core/Tensor.h>

#include <string_view>
#include <vector>

namespace moonlab {

/// The terms of a slice string, separated by commas: "3", "-1", "1:3", "::2", ":", "...", "None", "True", "False".
/// Parsed once: a cache of the process, bounded, holds the latest strings. Any thread may call it.
/// Throws Error for what is no term, and for steps below 1 (tensors have no negative strides).
std::vector<at::indexing::TensorIndex> parse_slice(std::string_view text);

/// x at the terms: float32[3, 4] at {1} is float32[4]; at {mask[3]} float32[K, 4] for K true ones. No terms: x itself.
/// Throws Error where a term is out of range or does not fit. Differentiable.
at::Tensor get(const at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms);

/// x at the terms of a slice string, without copying them: the quick form of get(x, parse_slice(text)).
at::Tensor get(const at::Tensor& x, std::string_view text);

/// x[index] in dim 0, a view; negative indices count from the end.
at::Tensor get(const at::Tensor& x, int64_t index);

/// Assigns in place. The value is cast to x's dtype and broadcast to the part (leading ones in its shape are dropped
/// where there are too many); one number may come from another device. Gradients flow to the value, and to x around
/// the part.
void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms, const at::Tensor& value);
void set(at::Tensor& x, const std::vector<at::indexing::TensorIndex>& terms, const c10::Scalar& value);

}  // namespace moonlab
