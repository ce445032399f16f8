// What libmoonlab_image.so gives. It is a library of its own because OpenCV's codecs pull in 140 others: opened when the
// first image is decoded (host/image/image.cpp), it costs programs without images nothing. Nothing of LibTorch crosses
// this border, and no exception.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moonlab::image {

enum class Fit : int32_t {
  kCrop,     // the largest centred part of the wanted shape, then resized
  kSqueeze,  // the whole picture, whatever becomes of its proportions
};

enum class Layout : int32_t { kPixels /* [H, W, 3] */, kPlanes /* [3, H, W] */ };

/// One picture to decode.
struct Request {
  const uint8_t* bytes;
  size_t size;
  int64_t max_pixels;      // a header that declares more is refused before memory is taken
  int32_t height, width;   // of the result; 0: as stored
  Fit fit;
  Layout layout;
  uint8_t* (*place)(void* context, int64_t height, int64_t width);  // where the 3 * height * width bytes go
  void* context;
  char error[240];         // why not
};

/// One picture to encode: RGB, [H, W, 3].
struct Encoding {
  const uint8_t* pixels;
  int64_t height, width;
  const char* extension;  // ".png", ".jpg", ".webp"
  int32_t quality;        // of the last two, 1 to 100
  void (*take)(void* context, const uint8_t* bytes, size_t size);
  void* context;
  char error[240];
};

struct Codec {
  bool (*decode)(Request&);
  bool (*encode)(Encoding&);
  /// Pixels [H, W, 3] to [height, width, 3]: by areas where it shrinks, linear where it grows.
  bool (*resize)(const uint8_t* from, int64_t from_height, int64_t from_width, uint8_t* to, int64_t height,
                 int64_t width);
};

/// The library's only symbol. Its number grows with every change of this header.
using OpenCodec = const Codec* (*)();
inline constexpr const char* kOpenCodec = "moonlab_image_codec_1";

}  // namespace moonlab::image
