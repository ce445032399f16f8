// Tensors as text.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace moonlab {

struct PrintOptions {
  bool full = false;    // every element, however many, however long the text
  int max_lines = 0;    // no more lines than this: fewer elements first, then the middle is left out; 0: no limit
  bool header = false;  // a first line "[float32 2x3 cpu]" with the gradient function, if any
};

/// What PyTorch prints for the tensor, character for character: "tensor([[1., 2.],\n        [3., 4.]])", with the dtype
/// where it is not the default one, the device where it is not the CPU, size, grad_fn. Sparse, quantized, nested and
/// meta tensors and those inside vmap too. "undefined tensor" for an undefined one.
std::string print(const at::Tensor& tensor, const PrintOptions& options = {});

/// One tensor in a few words, for messages: "float32[2, 3] cpu", "int64[] cuda:0".
std::string summary(const at::Tensor& tensor);

}  // namespace moonlab
