// Networks with weights by a formula, which another program can repeat.
#pragma once

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <cmath>
#include <memory>
#include <string>

#include "host/backbone/backbone.hpp"

/// In float64 and evaluation mode, the k-th floating tensor of its state sin(0.37 i + k): one of more dims scaled by
/// the root of a row's size, one of a single dim 1 + half of it.
inline std::shared_ptr<moonlab::nn::Module> filled(const std::string& kind, const moonlab::nn::Options& options) {
  auto net = moonlab::nn::build(kind, options);
  net->to({}, at::kDouble);
  net->train(false);
  int64_t k = 0;
  for (const auto& [name, held] : net->state_dict()) {
    if (!held.is_floating_point()) continue;
    at::Tensor value = held;
    const at::Tensor a = at::sin(at::arange(value.numel(), at::kDouble) * 0.37 + static_cast<double>(k++));
    value.copy_(
        (value.dim() == 1 ? 1 + 0.5 * a : a / std::sqrt(static_cast<double>(value[0].numel()))).reshape(value.sizes()));
  }
  return net;
}

struct Expected {
  size_t entries;        // of the state dict
  double sum, sevenths;  // of the features; of the i-th times i mod 7
};

/// The features of two pictures sin(0.11 i), [2, channels, side, side], against those of another program.
inline void check(const std::string& kind, const moonlab::nn::Options& options, int64_t side, const Expected& expected,
                  int64_t channels = 3) {
  CAPTURE(kind, options.dump());
  const auto net = filled(kind, options);
  CHECK(net->state_dict().size() == expected.entries);
  const at::Tensor x =
      at::sin(at::arange(2 * channels * side * side, at::kDouble) * 0.11).reshape({2, channels, side, side});
  const at::NoGradGuard off;
  const at::Tensor y = (*net)(x);
  REQUIRE(y.sizes() == at::IntArrayRef({2, net->features()}));
  CHECK(y.sum().item<double>() == Approx(expected.sum).epsilon(1e-10));
  const at::Tensor places = at::arange(y.numel(), at::kDouble).remainder(7).reshape(y.sizes());
  CHECK((y * places).sum().item<double>() == Approx(expected.sevenths).epsilon(1e-10));
}
