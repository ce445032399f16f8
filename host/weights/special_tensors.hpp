// Tensors that are more than a view of a storage: sparse, quantized, without data.
#pragma once

#include "host/weights/call_arguments.hpp"

namespace moonlab::weights {

/// torch._utils._rebuild_sparse_tensor(layout, (indices, values, size, is_coalesced)) or (layout, (compressed indices,
/// plain indices, values, size)). Indices are checked. These throw std::invalid_argument or c10::Error.
at::Tensor sparse_tensor(const CallArguments& arguments, CopyBudget& budget);

/// torch._utils._rebuild_qtensor(storage, offset, size, stride, (scheme, scale, zero point...), requires_grad, hooks)
at::Tensor quantized_tensor(const CallArguments& arguments, CopyBudget& budget);

/// torch._utils._rebuild_meta_tensor_no_storage(dtype, size, stride, requires_grad)
at::Tensor meta_tensor(const CallArguments& arguments);

}  // namespace moonlab::weights
