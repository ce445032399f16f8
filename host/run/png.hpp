// Images as PNG bytes (ISO/IEC 15948): what a browser shows inside a picture.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>

namespace moonlab::run {

/// A PNG file of an image, uint8 [C, H, W] with C 1 (grey) or 3 (RGB). The same bytes for the same image.
/// Errors: another type or shape.
std::string encode_png(const at::Tensor& image);

/// Text of 64 letters for bytes (RFC 4648), filled up with "=".
std::string base64(std::string_view bytes);

}  // namespace moonlab::run
