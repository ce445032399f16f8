// The elements of a tensor as text, laid out as PyTorch lays them out.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>

namespace moonlab {

/// How numbers are written and when elements are left out. PyTorch's defaults (torch.set_printoptions).
struct PrintStyle {
  int precision = 4;               // digits after the point
  int64_t threshold = 1000;        // tensors of more elements are summarised; negative: none is
  int64_t edge_items = 3;          // elements kept at both ends of each dim of a summarised tensor
  int64_t line_width = 80;         // columns
  std::optional<bool> scientific;  // always or never; absent: by the numbers
};

/// The style of this thread; a script may set it.
PrintStyle& print_style();

/// "[[1., 2.],\n [3., 4.]]", "5" for a 0-dim tensor, "[]" for an empty one. The tensor is strided, of any dtype, on any
/// device that holds data; only the elements shown travel to the CPU. `indent` is the column at which the text starts.
/// Records nothing for autograd.
std::string elements_text(const at::Tensor& tensor, int64_t indent, const PrintStyle& style);

}  // namespace moonlab
