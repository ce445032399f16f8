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
    case PadMode::kConstant:
      return -1;
    case PadMode::kEdge:
      return at < 0 ? 0 : size - 1;
    case PadMode::kReflect:
      return at < 0 ? -at : 2 * (size - 1) - at;
    case PadMode::kSymmetric:
      return at < 0 ? -at - 1 : 2 * size - 1 - at;
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

at::Tensor padded(const at::Tensor& image, const Edges& e, PadMode mode, double fill) {
  const at::Tensor from = image.contiguous();
  const int64_t channels = from.size(0), height = from.size(1), width = from.size(2);
  const auto rows = sources(e.top, height, e.bottom, mode), cols = sources(e.left, width, e.right, mode);
  at::Tensor to =
      at::empty({channels, static_cast<int64_t>(rows.size()), static_cast<int64_t>(cols.size())}, at::kFloat);
  const float* in = from.const_data_ptr<float>();
  float* out = to.mutable_data_ptr<float>();
  for (int64_t c = 0; c < channels; ++c, in += height * width)
    for (const int64_t row : rows)
      for (const int64_t col : cols) *out++ = row < 0 || col < 0 ? static_cast<float>(fill) : in[row * width + col];
  return to;
}

at::Tensor warp(const at::Tensor& image, const Inverse& m, bool bilinear, double fill) {
  // A ring of fill around the picture: every place in reach of a pixel has four neighbours, and place 0 is outside.
  const at::Tensor from = padded(image, {1, 1, 1, 1}, PadMode::kConstant, fill);
  at::Tensor to = at::empty_like(image, at::MemoryFormat::Contiguous);
  const int64_t channels = image.size(0), height = image.size(1), width = image.size(2), stride = width + 2;
  const double half_x = static_cast<double>(width - 1) / 2, half_y = static_cast<double>(height - 1) / 2;
  const auto right = static_cast<double>(width + 1), bottom = static_cast<double>(height + 1);
  std::vector<int64_t> place(width);
  std::vector<float> along(width), down(width);
  float* out = to.mutable_data_ptr<float>();
  for (int64_t row = 0; row < height; ++row, out += width) {
    const double y = static_cast<double>(row) - half_y;
    const double start_x = m[1] * y + m[2] + half_x + 1, start_y = m[4] * y + m[5] + half_y + 1;
    for (int64_t col = 0; col < width; ++col) {
      const double x = static_cast<double>(col) - half_x;
      double sx = m[0] * x + start_x, sy = m[3] * x + start_y;
      const bool reached = sx > 0 && sx < right && sy > 0 && sy < bottom;  // what is no number is not
      sx = reached ? sx : 0;
      sy = reached ? sy : 0;
      const auto j = static_cast<int64_t>(bilinear ? sx : nearest(sx - 1) + 1);
      const auto i = static_cast<int64_t>(bilinear ? sy : nearest(sy - 1) + 1);
      place[col] = i * stride + j;
      along[col] = static_cast<float>(sx - static_cast<double>(j));
      down[col] = static_cast<float>(sy - static_cast<double>(i));
    }
    for (int64_t c = 0; c < channels; ++c) {
      const float* plane = from.const_data_ptr<float>() + c * (height + 2) * stride;
      float* line = out + c * height * width;
      if (!bilinear) {
        for (int64_t col = 0; col < width; ++col) line[col] = plane[place[col]];
        continue;
      }
      for (int64_t col = 0; col < width; ++col) {
        const float* at = plane + place[col];
        const float upper = at[0] + along[col] * (at[1] - at[0]);
        const float lower = at[stride] + along[col] * (at[stride + 1] - at[stride]);
        line[col] = upper + down[col] * (lower - upper);
      }
    }
  }
  return to;
}

}  // namespace moonlab::data
