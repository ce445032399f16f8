// The IDX format of MNIST and its descendants (yann.lecun.com/exdb/mnist), plain or gzip.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace moonlab::data {

/// An IDX file of unsigned bytes with any number of dimensions: uint8 with the file's shape. Errors name the file and
/// say what is wrong: the magic number, the element type, a size that lies, bytes missing or too many.
at::Tensor read_idx(const std::filesystem::path& file);

/// The images [N, H, W] of a file as uint8 [N, 1, H, W].
at::Tensor read_idx_images(const std::filesystem::path& file);

/// The labels of a file as long [N].
at::Tensor read_idx_labels(const std::filesystem::path& file);

}  // namespace moonlab::data
