// A stored picture on its way into a batch: what is cut, resized and mirrored is gathered first and done once.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/image/image.hpp"

namespace moonlab::data {

/// Which part of a stored picture is shown, at which size, which way round.
struct Window {
  int64_t height = 0, width = 0;  // of the stored picture
  image::Part part{};
  int64_t to_height = 0, to_width = 0;
  bool mirrored = false, upside_down = false;
  bool cut = false;  // a step has chosen the part; until then it is what the set's fit leaves of the picture
  image::Filter filter = image::Filter::kBilinear;

  bool resized() const { return part.height != to_height || part.width != to_width; }
};

/// Keeps its buffers from one picture to the next: one for each thread.
class Picture {
 public:
  /// From now on the picture of this row: decoded where the set leaves pictures in their files. Shows it as the set
  /// does without any step. Errors: "FILE: reason" of a file that cannot be decoded.
  void open(const Samples& samples, int64_t row);

  /// What is shown; steps change it.
  Window window;
  int64_t channels() const { return channels_; }

  /// float32 [channels, to_height, to_width] at `to`: table[256 c + v] for a byte v of channel c.
  void render(const float* table, float* to);
  /// The same as a tensor of values in [0, 1].
  at::Tensor tensor();
  /// The same bytes as planes [channels, to_height, to_width].
  void planes(uint8_t* to);

 private:
  template <class Value, class Convert>
  void show(Value* to, const Convert& convert);

  int64_t channels_ = 0;
  const uint8_t* stored_ = nullptr;  // [channels, H, W] in memory, or [H, W, channels] of a file
  bool planar_ = true;
  image::Resampler resample_;
  image::Decoded decoded_;
  std::string file_;             // the encoded bytes
  std::vector<uint8_t> shown_;   // at the new size
};

/// v / 255 of every byte v, for each of three channels.
const float* unit_table();

}  // namespace moonlab::data
