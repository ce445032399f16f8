#include "host/data/augment_colour.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "host/error.hpp"

namespace moonlab::data::colour {

namespace {

constexpr float kRed = 0.2989f, kGreen = 0.587f, kBlue = 0.114f;

float unit(float x) { return std::min(std::max(x, 0.0f), 1.0f); }

/// A picture's planes and those of the result.
struct Planes {
  at::Tensor from, to;
  int64_t channels, height, width, pixels;
  const float* in;
  float* out;

  explicit Planes(const at::Tensor& image)
      : from(image.contiguous()),
        channels(image.size(0)),
        height(image.size(1)),
        width(image.size(2)),
        pixels(height * width) {
    if (channels != 1 && channels != 3) fail("augment: colours are of 1 or 3 channels, the picture has ", channels);
    to = at::empty_like(from);
    in = from.const_data_ptr<float>();
    out = to.mutable_data_ptr<float>();
  }
  float grey_at(int64_t i) const {
    return channels == 1 ? in[i] : kRed * in[i] + kGreen * in[pixels + i] + kBlue * in[2 * pixels + i];
  }
};

template <class Map>
at::Tensor each_pixel(const at::Tensor& image, Map map) {
  Planes p(image);
  for (int64_t i = 0; i < p.channels * p.pixels; ++i) p.out[i] = map(p.in[i]);
  return p.to;
}

int byte_of(float x) { return static_cast<int>(unit(x) * 255.0f + 0.5f); }

/// Each channel through a table of 256 values that `fill` makes of its histogram.
template <class Fill>
at::Tensor by_histogram(const at::Tensor& image, Fill fill) {
  Planes p(image);
  for (int64_t c = 0; c < p.channels; ++c) {
    const float* in = p.in + c * p.pixels;
    std::array<int64_t, 256> counts{};
    for (int64_t i = 0; i < p.pixels; ++i) ++counts[byte_of(in[i])];
    const std::array<float, 256> table = fill(counts, p.pixels);
    for (int64_t i = 0; i < p.pixels; ++i) p.out[c * p.pixels + i] = table[byte_of(in[i])];
  }
  return p.to;
}

}  // namespace

at::Tensor brightness(const at::Tensor& image, double factor) {
  return each_pixel(image, [f = static_cast<float>(factor)](float x) { return unit(f * x); });
}

at::Tensor contrast(const at::Tensor& image, double factor) {
  Planes p(image);
  double sum = 0;
  for (int64_t i = 0; i < p.pixels; ++i) sum += p.grey_at(i);
  const auto f = static_cast<float>(factor);
  const auto rest = static_cast<float>((1 - factor) * sum / static_cast<double>(p.pixels));
  for (int64_t i = 0; i < p.channels * p.pixels; ++i) p.out[i] = unit(f * p.in[i] + rest);
  return p.to;
}

at::Tensor saturation(const at::Tensor& image, double factor) {
  Planes p(image);
  if (p.channels == 1) return image;
  const auto f = static_cast<float>(factor), rest = static_cast<float>(1 - factor);
  for (int64_t i = 0; i < p.pixels; ++i) {
    const float grey = rest * p.grey_at(i);
    for (int64_t c = 0; c < 3; ++c) p.out[c * p.pixels + i] = unit(f * p.in[c * p.pixels + i] + grey);
  }
  return p.to;
}

at::Tensor hue(const at::Tensor& image, double turn) {
  Planes p(image);
  if (p.channels == 1) return image;
  const auto sixths = static_cast<float>(6 * turn);
  for (int64_t i = 0; i < p.pixels; ++i) {
    const float r = p.in[i], g = p.in[p.pixels + i], b = p.in[2 * p.pixels + i];
    const float most = std::max({r, g, b}), span = most - std::min({r, g, b});
    // the hue in sixths of the circle, from red over green to blue, then turned
    float h = span == 0 ? 0.0f : most == r ? (g - b) / span : most == g ? 2 + (b - r) / span : 4 + (r - g) / span;
    h += sixths;
    h -= 6 * std::floor(h / 6);
    // the colour of that hue with the same largest and smallest part
    auto part = [&](float offset) {
      float k = offset + h;
      if (k >= 6) k -= 6;
      return unit(most - span * unit(std::min(k, 4 - k)));
    };
    p.out[i] = part(5);
    p.out[p.pixels + i] = part(3);
    p.out[2 * p.pixels + i] = part(1);
  }
  return p.to;
}

at::Tensor grey(const at::Tensor& image) {
  Planes p(image);
  for (int64_t i = 0; i < p.pixels; ++i) {
    const float value = p.grey_at(i);
    for (int64_t c = 0; c < p.channels; ++c) p.out[c * p.pixels + i] = value;
  }
  return p.to;
}

at::Tensor sharpness(const at::Tensor& image, double factor) {
  Planes p(image);
  if (p.height <= 2 || p.width <= 2) return image;
  const auto f = static_cast<float>(factor), rest = static_cast<float>((1 - factor) / 13);
  std::copy_n(p.in, p.channels * p.pixels, p.out);
  for (int64_t c = 0; c < p.channels; ++c)
    for (int64_t y = 1; y + 1 < p.height; ++y) {
      const float* row = p.in + c * p.pixels + y * p.width;
      const float *above = row - p.width, *below = row + p.width;
      float* out = p.out + c * p.pixels + y * p.width;
      for (int64_t x = 1; x + 1 < p.width; ++x) {
        const float around =
            above[x - 1] + above[x] + above[x + 1] + row[x - 1] + row[x + 1] + below[x - 1] + below[x] + below[x + 1];
        out[x] = f * row[x] + rest * (around + 5 * row[x]);
      }
    }
  for (int64_t i = 0; i < p.channels * p.pixels; ++i) p.out[i] = unit(p.out[i]);
  return p.to;
}

at::Tensor posterize(const at::Tensor& image, int64_t bits) {
  const int mask = 256 - (1 << (8 - bits));
  return each_pixel(image, [mask](float x) { return static_cast<float>(byte_of(x) & mask) / 255.0f; });
}

at::Tensor solarize(const at::Tensor& image, double threshold) {
  // a byte that is the threshold counts, however it was rounded when it was divided by 255
  return each_pixel(image,
                    [from = static_cast<float>((threshold - 1e-3) / 255)](float x) { return x >= from ? 1 - x : x; });
}

at::Tensor autocontrast(const at::Tensor& image) {
  Planes p(image);
  for (int64_t c = 0; c < p.channels; ++c) {
    const float* in = p.in + c * p.pixels;
    const auto [least, most] = std::minmax_element(in, in + p.pixels);
    const float low = *least < *most ? *least : 0, span = *least < *most ? *most - *least : 1;
    for (int64_t i = 0; i < p.pixels; ++i) p.out[c * p.pixels + i] = unit((in[i] - low) / span);
  }
  return p.to;
}

at::Tensor equalize(const at::Tensor& image) {
  return by_histogram(image, [](const std::array<int64_t, 256>& counts, int64_t pixels) {
    int64_t last = 0;
    for (int64_t v = 0; v < 256; ++v)
      if (counts[v]) last = counts[v];
    const int64_t step = (pixels - last) / 255;
    std::array<float, 256> table;
    int64_t below = step / 2;
    for (int64_t v = 0; v < 256; ++v) {
      table[v] = static_cast<float>(step ? std::min<int64_t>(below / step, 255) : v) / 255.0f;
      below += counts[v];
    }
    return table;
  });
}

}  // namespace moonlab::data::colour
