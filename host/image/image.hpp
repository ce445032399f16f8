// Pictures in files: JPEG, PNG, WebP and BMP to pixels and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/image/codec/interface.hpp"
#include "host/image/codec/raster.hpp"

namespace moonlab::image {

/// How a picture becomes a tensor of bytes.
struct Decoding {
  int64_t height = 0, width = 0;  // of the result; 0: as stored
  Fit fit = Fit::kCrop;
  int64_t max_pixels = 100'000'000;  // what a header may declare
};

/// uint8 [H, W, 3], RGB, turned as EXIF says. Grey becomes three equal channels, 16 bits are rounded to 8, alpha is
/// dropped (the colours below stay as stored). A picture that shrinks is averaged over areas (OpenCV's INTER_AREA); one
/// that grows is interpolated linearly. Safe on several threads at once. Errors begin with `name`: a format that is none
/// of these, data cut short or damaged, a declared size beyond max_pixels.
at::Tensor decode(std::string_view bytes, const std::string& name, const Decoding& how = {});
at::Tensor read(const std::filesystem::path& file, const Decoding& how = {});

/// The same into 3 * height * width bytes at `to`, as planes [3, height, width]; `how` gives the size.
void decode_into(std::string_view bytes, const std::string& name, const Decoding& how, uint8_t* to);

/// uint8 [H, W, 3] as a file of the format that `extension` names (".png", ".jpg", ".webp"); `quality` of the last two.
std::string encode(const at::Tensor& pixels, const std::string& extension, int64_t quality = 90);

/// uint8 [H, W, 3] -> uint8 [height, width, 3].
at::Tensor resize(const at::Tensor& pixels, int64_t height, int64_t width);

/// Shapes drawn over each other on paper of a colour (0xRRGGBB): uint8 [height, width, 3]. Errors: a size beyond 32,768.
at::Tensor paint(const std::vector<Stroke>& strokes, int64_t height, int64_t width, uint32_t paper);

/// A whole file. Errors: "FILE: cannot be read: reason".
std::string read_bytes(const std::filesystem::path& file);

}  // namespace moonlab::image
