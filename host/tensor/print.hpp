#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace moonlab {

struct PrintOptions {
  bool full = false;
  int max_lines = 0;
  bool header = false;
};
std::string print(const at::Tensor& tensor, const PrintOptions& options = {});
std::string summary(const at::Tensor& tensor);

}  // namespace moonlab
