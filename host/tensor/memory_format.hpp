// How a tensor's elements lie in memory, by PyTorch's names.
#pragma once

#include <ATen/core/Tensor.h>

#include <string_view>

namespace moonlab {

/// Whether the elements lie one after the other in this order: "contiguous_format", "channels_last" or "channels_last_3d".
/// Raises for another name. LibTorch has an operator for it only from 2.13 on.
bool is_contiguous(const at::Tensor& tensor, std::string_view format);

}  // namespace moonlab
