#include "host/data/augment_warp.hpp"

#include <ATen/ATen.h>

#include <cmath>
#include <vector>

#include "host/error.hpp"

namespace moonlab::data {

namespace {

constexpr double kDegree = 3.14159265358979323846 / 180;

/// To the nearest whole number, a half to the even one, without a call: beyond 2^51 doubles have no fractions.
double nearest(double x) {
  constexpr double kShift = 6755399441055744.0;
  return (x + kShift) - kShift;
}

/// The place of the picture, along one side, that a place of the padded one shows; -1: fill.
int64_t source_of(int64_t at, int64_t size, PadMode mode) {
  if (at >= 0 && at < size) return at;
  switch (mode) {
    case PadMode::kConstant: return -1;
    case PadMode::kEdge: return at < 0 ? 0 : size - 1;
    case PadMode::kReflect: return at < 0 ? -at : 2 * (size - 1) - at;
    case PadMode::kSymmetric: return at < 0 ? -at - 1 : 2 * size - 1 - at;
  }
  return -1;
}

std::vector<int64_t> sources(int64_t before, int64_t size, int64_t after, PadMode mode) {
  const int64_t most = mode == PadMode::kReflect ? size - 1 : size;
  if ((mode == PadMode::kReflect || mode == PadMode::kSymmetric) && std::max(before, after) > most)
    fail("augment: pad: ", std::max(before, after), " pixels cannot be mirrored from a side of ", size);
  std::vector<int64_t> list;
  for (int64_t at = -before; at < size + after; ++at) list.push_back(source_of(at, size, mode));
  return list;
}

}  // namespace

Inverse inverse(const Affine& t) {
  const double angle = t.angle * kDegree, sy = t.shear_y * kDegree;
  const double tan_x = std::tan(t.shear_x * kDegree), cos_y = std::cos(sy);
  // rotation and shears without the scale: [a, b; c, d] of determinant 1
  const double a = std::cos(angle - sy) / cos_y, b = -(a * tan_x + std::sin(angle));
  const double c = std::sin(angle - sy) / cos_y, d = std::cos(angle) - c * tan_x;
  Inverse m{d / t.scale, -b / t.scale, 0, -c / t.scale, a / t.scale, 0};
  const double x = t.about_x + t.move_x, y = t.about_y + t.move_y;
  m[2] = t.about_x - m[0] * x - m[1] * y;
  m[5] = t.about_y - m[3] * x - m[4] * y;
  return m;
}

at::Tensor warp(const at::Tensor& image, const Inverse& m, bool bilinear, double fill) {
  const at::Tensor from = image.contiguous();
  at::Tensor to = at::empty_like(from);
  const int64_t channels = from.size(0), height = from.size(1), width = from.size(2), pixels = height * width;
  const float* in = from.const_data_ptr<float>();
  float* out = to.mutable_data_ptr<float>();
  const auto outside = static_cast<float>(fill);
  const double half_x = static_cast<double>(width - 1) / 2, half_y = static_cast<double>(height - 1) / 2;
  for (int64_t row = 0; row < height; ++row)
    for (int64_t col = 0; col < width; ++col, ++out) {
      const double x = static_cast<double>(col) - half_x, y = static_cast<double>(row) - half_y;
      const double sx = m[0] * x + m[1] * y + m[2] + half_x, sy = m[3] * x + m[4] * y + m[5] + half_y;
      // written so that what is no number is outside as well
      if (!(sx > -1 && sx < static_cast<double>(width) && sy > -1 && sy < static_cast<double>(height))) {
        for (int64_t c = 0; c < channels; ++c) out[c * pixels] = outside;
        continue;
      }
      if (!bilinear) {
        const auto i = static_cast<int64_t>(nearest(sy)), j = static_cast<int64_t>(nearest(sx));
        const bool inside = i >= 0 && i < height && j >= 0 && j < width;
        for (int64_t c = 0; c < channels; ++c) out[c * pixels] = inside ? in[c * pixels + i * width + j] : outside;
        continue;
      }
      const int64_t j = static_cast<int64_t>(sx + 1) - 1, i = static_cast<int64_t>(sy + 1) - 1;  // rounded down
      const auto fx = static_cast<float>(sx - static_cast<double>(j)), fy = static_cast<float>(sy - static_cast<double>(i));
      const bool left = j >= 0, right = j + 1 < width, top = i >= 0, bottom = i + 1 < height;
      for (int64_t c = 0; c < channels; ++c) {
        const float* at = in + c * pixels + i * width + j;
        const float upper = (1 - fx) * (top && left ? at[0] : outside) + fx * (top && right ? at[1] : outside);
        const float lower = (1 - fx) * (bottom && left ? at[width] : outside) + fx * (bottom && right ? at[width + 1] : outside);
        out[c * pixels] = (1 - fy) * upper + fy * lower;
      }
    }
  return to;
}

at::Tensor padded(const at::Tensor& image, const Edges& e, PadMode mode, double fill) {
  const at::Tensor from = image.contiguous();
  const int64_t channels = from.size(0), height = from.size(1), width = from.size(2);
  const auto rows = sources(e.top, height, e.bottom, mode), cols = sources(e.left, width, e.right, mode);
  at::Tensor to = at::empty({channels, static_cast<int64_t>(rows.size()), static_cast<int64_t>(cols.size())}, at::kFloat);
  const float* in = from.const_data_ptr<float>();
  float* out = to.mutable_data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c, in += height * width)
    for (const int64_t row : rows)
      for (const int64_t col : cols) *out++ = row < 0 || col < 0 ? static_cast<float>(fill) : in[row * width + col];
  return to;
}

}  // namespace moonlab::data
