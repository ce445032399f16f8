// Pictures in files: JPEG, PNG, WebP and BMP to pixels and back.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "host/image/codec/interface.hpp"
#include "host/image/codec/raster.hpp"
#include "host/image/resample.hpp"

namespace moonlab::image {

enum class Fit : int32_t {
  kCrop,     // the largest centred part of the wanted shape, then resized
  kSqueeze,  // the whole picture, whatever becomes of its proportions
};

/// The part of a picture that is shown at height x width.
Part fitted(int64_t height, int64_t width, int64_t to_height, int64_t to_width, Fit fit);

/// How a picture becomes a tensor of bytes.
struct Decoding {
  int64_t height = 0, width = 0;  // of the result; 0: as stored
  Fit fit = Fit::kCrop;
  int64_t max_pixels = 100'000'000;  // what a header may declare
};

/// uint8 [H, W, 3], RGB, turned as EXIF says. Grey becomes three equal channels, CMYK light, 16 bits are rounded to 8,
/// alpha is dropped (the colours below stay as stored). Another size is made with antialiasing
/// (host/image/resample.hpp). Safe on several threads at once. Errors begin with `name`: a format that is none of JPEG,
/// PNG, WebP and BMP, data cut short or damaged, a declared size beyond max_pixels.
at::Tensor decode(std::string_view bytes, const std::string& name, const Decoding& how = {});
at::Tensor read(const std::filesystem::path& file, const Decoding& how = {});

/// A decoded picture in memory that the next one takes over.
struct Decoded {
  std::vector<uint8_t> pixels;  // the first height * width * 3 bytes: [height, width, 3]
  int64_t height = 0, width = 0;
  Raster raster() const { return {pixels.data(), width * 3, 3}; }
};

/// As stored, turned as EXIF says. Errors as above.
void decode_into(std::string_view bytes, const std::string& name, int64_t max_pixels, Decoded& to);

/// At the size that `how` gives, into 3 * height * width bytes at `to`, as planes [3, height, width].
void decode_planes(std::string_view bytes, const std::string& name, const Decoding& how, uint8_t* to);

/// uint8 [H, W, 3] as a file of the format that `extension` names (".png", ".jpg", ".webp"); `quality` of the last two.
std::string encode(const at::Tensor& pixels, const std::string& extension, int64_t quality = 90);

/// uint8 [H, W, 3] -> uint8 [height, width, 3], with antialiasing.
at::Tensor resize(const at::Tensor& pixels, int64_t height, int64_t width, Filter filter = Filter::kBilinear);

/// Shapes drawn over each other on paper of a colour (0xRRGGBB): uint8 [height, width, 3]. Errors: a size beyond
/// 32,768.
at::Tensor paint(const std::vector<Stroke>& strokes, int64_t height, int64_t width, uint32_t paper);

/// A whole file, into memory that is used again. Errors: "FILE: cannot be read: reason".
void read_bytes(const std::filesystem::path& file, std::string& into);
std::string read_bytes(const std::filesystem::path& file);

}  // namespace moonlab::image
