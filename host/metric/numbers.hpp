// The functions of this folder take plain numbers; tensors come and go here.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <vector>

namespace moonlab::metric {

/// The elements of a tensor of any shape, row by row, from any device. Errors: a complex tensor.
std::vector<double> numbers(const at::Tensor& tensor);

/// The elements of a tensor of whole numbers. Errors: a tensor of another kind.
std::vector<int64_t> integers(const at::Tensor& tensor);

/// float64 [rows, columns] on the CPU.
at::Tensor matrix(const std::vector<double>& values, int64_t rows, int64_t columns);

}  // namespace moonlab::metric
