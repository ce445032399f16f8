// Vectors of numbers in text files: features that others have computed.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace moonlab::data {

/// A line a vector, numbers between blanks, tabs or commas; plain or gzip. float32 [N, F]. Errors name the line: "FILE:
/// line 12: number 3: 'x' is no number", "FILE: line 12: expected 2048 numbers, got 2047"; no numbers at all.
at::Tensor read_vectors(const std::filesystem::path& file);

}  // namespace moonlab::data
