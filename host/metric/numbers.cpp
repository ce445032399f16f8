#include "host/metric/numbers.hpp"

#include <ATen/ATen.h>

#include <algorithm>

#include "host/error.hpp"

namespace moonlab::metric {

std::vector<double> numbers(const at::Tensor& tensor) {
  if (tensor.is_complex()) fail("a metric takes real numbers, got a tensor of ", tensor.dtype().name());
  const at::Tensor t = tensor.detach().to(at::kCPU, at::kDouble).contiguous();
  const double* first = t.const_data_ptr<double>();
  return {first, first + t.numel()};
}

std::vector<int64_t> integers(const at::Tensor& tensor) {
  if (!at::isIntegralType(tensor.scalar_type(), /*includeBool=*/true))
    fail("numbers of classes are integers, got a tensor of ", tensor.dtype().name());
  const at::Tensor t = tensor.detach().to(at::kCPU, at::kLong).contiguous();
  const int64_t* first = t.const_data_ptr<int64_t>();
  return {first, first + t.numel()};
}

at::Tensor matrix(const std::vector<double>& values, int64_t rows, int64_t columns) {
  if (static_cast<int64_t>(values.size()) != rows * columns)
    fail(rows, " x ", columns, " numbers are needed, got ", values.size());
  const at::Tensor made = at::empty({rows, columns}, at::kDouble);
  std::copy(values.begin(), values.end(), made.mutable_data_ptr<double>());
  return made;
}

}  // namespace moonlab::metric
