// What libmoonlab_image.so gives. It is a library of its own because OpenCV's codecs pull in 140 others: opened when
// the first image is decoded (host/image/image.cpp), it costs programs without images nothing. Nothing of LibTorch
// crosses this border, and no exception.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moonlab::image {

/// One picture to decode.
struct Request {
  const uint8_t* bytes;
  size_t size;
  int64_t max_pixels;      // a header that declares more is refused before memory is taken
  uint8_t* (*place)(void* context, int64_t height, int64_t width);  // where the bytes [height, width, 3] go
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
};

/// The library's only symbol. Its number grows with every change of this header.
using OpenCodec = const Codec* (*)();
inline constexpr const char* kOpenCodec = "moonlab_image_codec_2";

}  // namespace moonlab::image
