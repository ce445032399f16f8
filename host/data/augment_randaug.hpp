// The operations of RandAugment, by number, as they are for a magnitude.
#pragma once

#include <ATen/core/Tensor.h>

#include <string>
#include <vector>

namespace moonlab::data {

/// One of the fourteen operations of RandAugment (Cubuk et al. 2020) with torchvision's strengths: `strength` gives
/// that of a magnitude, as a share in [0, 1] of the largest, for a picture [C, H, W]; where `is_signed` it is negated
/// half the time.
struct RandomOperation {
  std::string name;
  bool is_signed;
  double (*strength)(double share, const at::Tensor& image);
  at::Tensor (*apply)(const at::Tensor& image, double strength, bool bilinear, double fill);
};

/// identity, shear_x, shear_y, translate_x, translate_y, rotate, brightness, color, contrast, sharpness, posterize,
/// solarize, autocontrast, equalize.
const std::vector<RandomOperation>& random_operations();

}  // namespace moonlab::data
