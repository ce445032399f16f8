// Pictures moved, turned and stretched, and what is put around them. Pictures are float32 [C, H, W].
#pragma once

#include <ATen/core/Tensor.h>

#include <array>

namespace moonlab::data {

/// Where pixels come from: (x, y) of the result, counted from the picture's centre, shows
/// (m[0] x + m[1] y + m[2], m[3] x + m[4] y + m[5]).
using Inverse = std::array<double, 6>;

/// A picture that is sheared, scaled, turned clockwise about a point, then moved. Angles are degrees, lengths pixels,
/// the point counts from the picture's centre.
struct Affine {
  double angle = 0, move_x = 0, move_y = 0, scale = 1, shear_x = 0, shear_y = 0, about_x = 0, about_y = 0;
};

/// The inverse of M = T C R(angle) S(scale) SHy SHx C^-1 with SHx = [1, -tan shear_x; 0, 1], SHy = [1, 0; -tan shear_y,
/// 1], C the move of the point and T that of the picture (torchvision's affine).
Inverse inverse(const Affine& affine);

/// The picture seen through an inverse map, of the same size. Each pixel is the nearest one, or interpolated
/// bilinearly; what lies outside is `fill`, and at the edge both share by how much of each there is. (torchvision with
/// fill = None is this with 0. A fill of its own it weighs twice at the edge: there alone the numbers differ, and only
/// bilinear ones.)
at::Tensor warp(const at::Tensor& image, const Inverse& from, bool bilinear, double fill);

enum class PadMode { kConstant, kEdge, kReflect, kSymmetric };

struct Edges {
  int64_t left, top, right, bottom;
};

/// Pixels put at the edges: `fill`, the outermost pixel, or the picture mirrored at the outermost pixel (reflect) or
/// behind it (symmetric). Errors: more than can be mirrored.
at::Tensor padded(const at::Tensor& image, const Edges& edges, PadMode mode, double fill);

}  // namespace moonlab::data
