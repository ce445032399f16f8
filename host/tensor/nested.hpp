// Tensors from nested lists and back, element by element without a tensor a number.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace moonlab {

/// The elements of a tensor in row-major order on the CPU: `item(i)` is the i-th.
class Nested {
 public:
  explicit Nested(const at::Tensor& tensor);
  std::vector<int64_t> shape;
  c10::Scalar item(int64_t index) const;

 private:
  at::Tensor data_;
};

/// Collects the numbers of nested lists: open(depth, n) for every list, add(depth, number) for every number. Raises
/// where lists of one level differ in length or numbers stand at different depths.
class NestedBuilder {
 public:
  void open(size_t depth, int64_t length);
  void add(size_t depth, const c10::Scalar& number);

  /// The tensor. An empty dtype means bool where all are booleans, complex64 where one is complex, else float32; an
  /// empty device the CPU.
  at::Tensor build(const std::string& dtype, const std::string& device) const;

 private:
  at::Tensor unlifted(const std::string& dtype, const std::string& device) const;

  std::vector<int64_t> shape_;
  std::vector<bool> seen_;
  int64_t leaf_depth_ = -1;
  std::vector<double> real_, imaginary_;
  std::vector<int64_t> exact_;  // 64-bit integers beyond 2^53, where exact
  bool booleans_ = true, complex_ = false, any_exact_ = false;
};

}  // namespace moonlab
