// Pictures of bytes at another size, with antialiasing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace moonlab::image {

enum class Filter : int32_t {
  kBilinear,  // a triangle
  kBicubic,   // Keys' cubic with a = -0.5
};

/// A part of a picture.
struct Part {
  int64_t top, left, height, width;
};

/// The bytes of a picture: row y, column x, channel c is data[y * row + x * channels + c].
struct Raster {
  const uint8_t* data;
  int64_t row;       // bytes from one row to the next
  int64_t channels;  // 1 or 3
};

/// Resizes pictures, first along their rows, then along their columns, each time to the nearest byte. Where it shrinks,
/// the filter grows with the factor, so that every pixel counts: what Pillow's resize and torchvision's with antialias
/// = True do. Numbers are Pillow's; some versions of it (13.0) begin with the columns where the height shrinks far more
/// than the width: then they are one byte off at most, as torchvision's are. Keeps its buffers and the weights of the
/// last sizes: one for each thread.
class Resampler {
 public:
  /// The part at height x width, [height, width, channels] at `to`. Pixels outside of the part do not count.
  void operator()(const Raster& from, const Part& part, int64_t height, int64_t width, Filter filter, uint8_t* to);

 private:
  // Of one side: place `first[i]` of the old one and the `taps` after it make place i of the new one.
  struct Weights {
    int64_t size = 0, to_size = 0, taps = 0;
    Filter filter = Filter::kBilinear;
    std::vector<int32_t> first, count;  // [to_size]
    std::vector<int32_t> factor;        // [to_size, taps], fixed point
    void prepare(int64_t size, int64_t to_size, Filter filter);
  };

  Weights across_, down_;
  std::vector<uint8_t> narrow_;  // the rows at their new width
};

}  // namespace moonlab::image
