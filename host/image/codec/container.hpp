// What a picture's file says of itself, read before a decoder sees it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace moonlab::image {

enum class Format { kJpeg, kPng, kWebp, kBmp, kUnknown };

struct Container {
  Format format = Format::kUnknown;
  int64_t height = 0, width = 0;
  int orientation = 1;  // EXIF: 1 to 8
};

/// Tells the format by its first bytes and walks its parts to the end: throws std::runtime_error with what is wrong
/// (cut short, a part whose checksum fails, no size). Of JPEG only the parts before the first scan: its decoder says
/// the rest.
Container inspect(const uint8_t* bytes, size_t size);

}  // namespace moonlab::image
