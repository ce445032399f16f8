// Random changes of training pictures, declared as a list of steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/data/transform.hpp"

namespace moonlab::data {

/// Uniform numbers of one sample in one epoch. The seed is all they depend on, so that a batch is the same on any number
/// of workers and any device.
class Draw {
 public:
  explicit Draw(uint64_t seed) : state_(seed) {}
  /// In [0, 1).
  double uniform();
  double uniform(double low, double high) { return low + (high - low) * uniform(); }
  /// 0 .. n-1
  int64_t below(int64_t n) { return static_cast<int64_t>(uniform() * static_cast<double>(n)); }

 private:
  uint64_t state_;
};

/// One step: float [C, H, W] in [0, 1] to the same, of another size perhaps. It does not write to its input.
class Step {
 public:
  virtual ~Step() = default;
  virtual at::Tensor apply(const at::Tensor& image, Draw& draw) const = 0;
};

using Steps = std::vector<std::shared_ptr<const Step>>;

/// Steps from a list of { kind, options }:
///   crop { size = 0, pad = 0, fill = 0 }        a part of height and width `size` ({h, w}, a number, 0: as the picture
///                                                was) at a random place, after `pad` pixels of `fill` at each edge
///   flip { p = 0.5, vertical = false }           mirrored
///   resized_crop { size = 0, scale = {0.08, 1}, ratio = {3/4, 4/3} }
///                                                a part of a random share of the area and random proportions (uniform in
///                                                their logarithm), resized bilinearly with antialiasing; after ten tries
///                                                that do not fit, the largest centred part with allowed proportions
///                                                (as Szegedy et al. 2015 train)
///   erase { p = 0.5, scale = {0.02, 0.33}, ratio = {0.3, 3.3}, fill = 0 }
///                                                a random rectangle is filled (Zhong et al. 2020)
/// Errors: an unknown step or option with the nearest one, values out of range.
Steps make_steps(const nlohmann::ordered_json& list);

/// The steps of each of a loader's sources, in their order, as its transform; none: the picture stays as it is.
TransformMaker augmentation(std::vector<Steps> of_domain);

}  // namespace moonlab::data
