// The binary version of CIFAR-10 and CIFAR-100 (Krizhevsky 2009, cs.toronto.edu/~kriz/cifar.html).
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <utility>
#include <vector>

namespace moonlab::data {

/// Records of label bytes, then 1024 red, 1024 green and 1024 blue bytes, of all files in their order; plain or gzip.
/// CIFAR-10 has one label byte, CIFAR-100 two: the coarse one, then the fine one, which is given. uint8 [N, 3, 32, 32]
/// and long [N]. Errors name the file and the record: one that is cut short, a label that is none of `classes`.
std::pair<at::Tensor, at::Tensor> read_cifar(const std::vector<std::filesystem::path>& files, int64_t label_bytes,
                                             int64_t classes);

}  // namespace moonlab::data
