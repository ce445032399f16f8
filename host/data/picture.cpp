#include "host/data/picture.hpp"

#include <ATen/ATen.h>

#include <array>

#include "host/error.hpp"

namespace moonlab::data {

const float* unit_table() {
  static const std::array<float, 3 * 256> table = [] {
    std::array<float, 3 * 256> values{};
    for (size_t i = 0; i < values.size(); ++i) values[i] = static_cast<float>(static_cast<double>(i % 256) / 255.0);
    return values;
  }();
  return table.data();
}

void Picture::open(const Samples& samples, int64_t row) {
  const auto shape = samples.shape();
  channels_ = shape[0];
  window = {};
  window.to_height = shape[1];
  window.to_width = shape[2];
  planar_ = !samples.files;
  auto fit = image::Fit::kCrop;
  if (planar_) {
    window.height = shape[1];
    window.width = shape[2];
    stored_ = samples.images.const_data_ptr<uint8_t>() + row * channels_ * shape[1] * shape[2];
  } else {
    const auto& path = samples.files->paths.at(row);
    image::read_bytes(path, file_);
    image::decode_into(file_, path.string(), samples.files->how.max_pixels, decoded_);
    window.height = decoded_.height;
    window.width = decoded_.width;
    stored_ = decoded_.pixels.data();
    fit = samples.files->how.fit;
  }
  window.part = image::fitted(window.height, window.width, window.to_height, window.to_width, fit);
}

// Goes through what is shown, [channels, to_height, to_width]: *to++ = convert(channel, byte).
template <class Value, class Convert>
void Picture::show(Value* to, const Convert& convert) {
  const Window& w = window;
  const int64_t pixels = w.to_height * w.to_width, interleaved = planar_ ? 1 : channels_;
  const int64_t stored_plane = w.height * w.width, stored_row = w.width * interleaved;
  for (int64_t first = 0; first < channels_; first += interleaved, to += interleaved * pixels) {
    const uint8_t* from = stored_ + first * (planar_ ? stored_plane : 1);
    int64_t row = stored_row;
    if (w.resized()) {
      shown_.resize(static_cast<size_t>(pixels * interleaved));
      resample_({from, stored_row, interleaved}, w.part, w.to_height, w.to_width, w.filter, shown_.data());
      from = shown_.data();
      row = w.to_width * interleaved;
    } else {
      from += w.part.top * stored_row + w.part.left * interleaved;
    }
    for (int64_t y = 0; y < w.to_height; ++y) {
      const uint8_t* line = from + (w.upside_down ? w.to_height - 1 - y : y) * row;
      const int64_t step = w.mirrored ? -interleaved : interleaved;
      if (w.mirrored) line += (w.to_width - 1) * interleaved;
      Value* place = to + y * w.to_width;
      if (interleaved == 3) {
        for (int64_t x = 0; x < w.to_width; ++x, line += step) {
          place[x] = convert(0, line[0]);
          place[pixels + x] = convert(1, line[1]);
          place[2 * pixels + x] = convert(2, line[2]);
        }
      } else {
        for (int64_t x = 0; x < w.to_width; ++x, line += step) place[x] = convert(first, *line);
      }
    }
  }
}

void Picture::render(const float* table, float* to) {
  show(to, [table](int64_t channel, uint8_t v) { return table[256 * channel + v]; });
}

void Picture::planes(uint8_t* to) {
  show(to, [](int64_t, uint8_t v) { return v; });
}

at::Tensor Picture::tensor() {
  at::Tensor result = at::empty({channels_, window.to_height, window.to_width}, at::kFloat);
  const float* table = unit_table();
  show(result.mutable_data_ptr<float>(), [table](int64_t, uint8_t v) { return table[v]; });
  return result;
}

}  // namespace moonlab::data
