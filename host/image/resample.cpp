#include "host/image/resample.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

namespace moonlab::image {

namespace {

constexpr int kBits = 22;  // of the fraction of a weight: 8 of a byte and 2 for sums beyond 255 remain of 32
constexpr int32_t kHalf = 1 << (kBits - 1);

double reach(Filter filter) { return filter == Filter::kBilinear ? 1 : 2; }

double value(Filter filter, double x) {
  x = std::abs(x);
  if (filter == Filter::kBilinear) return x < 1 ? 1 - x : 0;
  constexpr double a = -0.5;
  if (x < 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? (((x - 5) * x + 8) * x - 4) * a : 0;
}

inline uint8_t byte_of(int32_t sum) { return static_cast<uint8_t>(std::clamp(sum >> kBits, 0, 255)); }

template <int channels>
void along_row(const uint8_t* from, const int32_t* first, const int32_t* count, const int32_t* factor, int64_t taps,
               int64_t width, uint8_t* to) {
  for (int64_t x = 0; x < width; ++x, factor += taps, to += channels) {
    int32_t sum[channels];
    for (int c = 0; c < channels; ++c) sum[c] = kHalf;
    const uint8_t* pixel = from + static_cast<int64_t>(first[x]) * channels;
    for (int32_t k = 0; k < count[x]; ++k, pixel += channels)
      for (int c = 0; c < channels; ++c) sum[c] += pixel[c] * factor[k];
    for (int c = 0; c < channels; ++c) to[c] = byte_of(sum[c]);
  }
}

// One row of the result from `count` rows, `row` bytes apart, a piece at a time that stays in registers. The same code
// for processors with and without AVX2, chosen when the program starts.
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__)
__attribute__((target_clones("avx2", "default"), optimize("O3")))
#endif
void down_columns(const uint8_t* from, int64_t row, const int32_t* factor, int32_t count, int64_t bytes, uint8_t* to) {
  constexpr int kPiece = 32;
  int64_t at = 0;
  for (; at + kPiece <= bytes; at += kPiece) {
    int32_t sum[kPiece];
    for (int i = 0; i < kPiece; ++i) sum[i] = kHalf;
    const uint8_t* line = from + at;
    for (int32_t k = 0; k < count; ++k, line += row) {
      const int32_t f = factor[k];
      for (int i = 0; i < kPiece; ++i) sum[i] += line[i] * f;
    }
    for (int i = 0; i < kPiece; ++i) to[at + i] = byte_of(sum[i]);
  }
  for (; at < bytes; ++at) {
    int32_t sum = kHalf;
    for (int32_t k = 0; k < count; ++k) sum += from[at + k * row] * factor[k];
    to[at] = byte_of(sum);
  }
}

}  // namespace

void Resampler::Weights::prepare(int64_t from, int64_t to, Filter wanted) {
  if (size == from && to_size == to && filter == wanted) return;
  size = from;
  to_size = to;
  filter = wanted;
  const double scale = static_cast<double>(from) / static_cast<double>(to), wide = std::max(scale, 1.0);
  const double support = reach(filter) * wide;
  taps = static_cast<int64_t>(std::ceil(support)) * 2 + 1;
  first.assign(to, 0);
  count.assign(to, 0);
  factor.assign(to * taps, 0);
  std::vector<double> exact(taps);
  for (int64_t i = 0; i < to; ++i) {
    const double centre = (static_cast<double>(i) + 0.5) * scale;
    const auto begin = std::max<int64_t>(0, static_cast<int64_t>(centre - support + 0.5));
    const auto end = std::min<int64_t>(from, static_cast<int64_t>(centre + support + 0.5));
    first[i] = static_cast<int32_t>(begin);
    count[i] = static_cast<int32_t>(end - begin);
    double sum = 0;
    for (int64_t k = begin; k < end; ++k)
      sum += exact[k - begin] = value(filter, (static_cast<double>(k) - centre + 0.5) / wide);
    for (int64_t k = 0; k < end - begin; ++k) {
      const double share = (sum != 0 ? exact[k] / sum : exact[k]) * (1 << kBits);
      factor[i * taps + k] = static_cast<int32_t>(share < 0 ? share - 0.5 : share + 0.5);
    }
  }
}

void Resampler::operator()(const Raster& from, const Part& part, int64_t height, int64_t width, Filter filter,
                           uint8_t* to) {
  const int64_t channels = from.channels, bytes = width * channels;
  const uint8_t* start = from.data + part.top * from.row + part.left * channels;
  int64_t row = from.row;
  if (part.width != width) {
    across_.prepare(part.width, width, filter);
    uint8_t* narrow = to;
    if (part.height != height) {
      narrow_.resize(part.height * bytes);
      narrow = narrow_.data();
    }
    const auto pass = channels == 1 ? along_row<1> : along_row<3>;
    for (int64_t y = 0; y < part.height; ++y)
      pass(start + y * from.row, across_.first.data(), across_.count.data(), across_.factor.data(), across_.taps, width,
           narrow + y * bytes);
    if (part.height == height) return;
    start = narrow;
    row = bytes;
  }
  if (part.height == height) {
    for (int64_t y = 0; y < height; ++y) std::memcpy(to + y * bytes, start + y * row, bytes);
    return;
  }
  down_.prepare(part.height, height, filter);
  for (int64_t y = 0; y < height; ++y)
    down_columns(start + down_.first[y] * row, row, down_.factor.data() + y * down_.taps, down_.count[y], bytes,
                 to + y * bytes);
}

}  // namespace moonlab::image
