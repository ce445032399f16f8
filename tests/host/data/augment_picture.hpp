// A picture by a formula, and what another implementation (torchvision 0.29, by the same formula) made of it.
#pragma once

#include <ATen/ATen.h>

#include <array>
#include <catch2/catch.hpp>

namespace moonlab::data {

/// float [3, 16, 20]: bytes divided by 255
inline at::Tensor picture() {
  const at::Tensor i = at::arange(3 * 16 * 20, at::kLong);
  const at::Tensor bytes = (i * i * 7 + i * 31 + 13).remainder(251) + i.remainder(5);
  return bytes.to(at::kFloat).div(255).reshape({3, 16, 20});
}

/// The sum of all pixels, each with a weight of its place, and the pixels 37, 150, ... 602.
struct Expected {
  const char* name;
  double sum;
  std::array<double, 6> pixels;
};

inline void check(const Expected& expected, const at::Tensor& made) {
  INFO(expected.name);
  const at::Tensor flat = made.flatten().to(at::kDouble);
  const at::Tensor i = at::arange(flat.numel(), at::kLong);
  const at::Tensor weights = ((i * i).remainder(97) + 1).to(at::kDouble) / 97;
  CHECK((flat * weights).sum().item<double>() == Approx(expected.sum).margin(2e-4).epsilon(0));
  for (int k = 0; k < 6; ++k)
    CHECK(flat[37 + 113 * k].item<double>() == Approx(expected.pixels[k]).margin(2e-6).epsilon(0));
}

}  // namespace moonlab::data
