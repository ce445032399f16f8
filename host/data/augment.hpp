// Random changes of training pictures, declared as a list of steps.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "host/data/transform.hpp"

namespace moonlab::data {

/// Uniform numbers of one sample in one epoch. The seed is all they depend on, so that a batch is the same on any
/// number of workers and any device.
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
  /// A step that only chooses where pixels come from, on a picture that is still stored: changes the window, drawing as
  /// apply does. False where it cannot; then it has drawn nothing.
  virtual bool frame(Window& window, Draw& draw) const { return false; }
};

using Steps = std::vector<std::shared_ptr<const Step>>;

/// Steps one after the other on a stored picture; undefined where they only chose its window.
at::Tensor run(const Steps& steps, Picture& picture, uint64_t seed);

/// Crops, flips and sizes at the beginning of a list are worked out together on the stored bytes, and a resized_crop
/// among them takes its part of the whole stored picture; after other steps they work on floats. Steps from a list of {
/// kind, options }:
///   crop { size = 0, pad = 0, fill = 0 }        a part of height and width `size` ({h, w}, a number, 0: as the picture
///                                                was) at a random place, after `pad` pixels of `fill` at each edge
///   flip { p = 0.5, vertical = false }           mirrored
///   resized_crop { size = 0, scale = {0.08, 1}, ratio = {3/4, 4/3} }
///                                                a part of a random share of the area and random proportions (uniform
///                                                in their logarithm), resized bilinearly with antialiasing; after ten
///                                                tries that do not fit, the largest centred part with allowed
///                                                proportions (as Szegedy et al. 2015 train)
///   resize { size = 0, fit = "crop", interpolation = "bilinear" }
///                                                another size, with antialiasing: the largest centred part of the new
///                                                proportions, or the whole picture ("squeeze")
///   erase { p = 0.5, scale = {0.02, 0.33}, ratio = {0.3, 3.3}, fill = 0 }
///                                                a random rectangle is filled (Zhong et al. 2020)
///   pad { padding = 0, fill = 0, mode = "constant" }
///                                                pixels at the edges: a number, {x, y} or {left, top, right, bottom}
///   jitter { brightness = 0, contrast = 0, saturation = 0, hue = 0, p = 1 }
///                                                each by a factor in {low, high}, a number d: 1 +- d (the hue by a
///                                                share of its circle, +- d), in random order
///   grey { p = 0.1 }                             without its colours, of as many channels
///   affine { degrees = 0, translate = {0, 0}, scale = {1, 1}, shear = 0, interpolation = "nearest", fill = 0 }
///                                                turned clockwise about its centre, moved by shares of width and
///                                                height, scaled, sheared by degrees: +- d, {low, high} of x, or of x
///                                                and of y
///   randaug { n = 2, m = 9, bins = 31, interpolation = "nearest", fill = 0 }
///                                                n operations of host/data/augment_randaug.hpp, each of magnitude m of
///                                                0 .. bins - 1 (Cubuk et al. 2020)
/// Errors: an unknown step or option with the nearest one, values out of range.
Steps make_steps(const nlohmann::ordered_json& list);

/// The steps of each of a loader's sources, in their order, as its transform; none: the picture stays as it is.
TransformMaker augmentation(std::vector<Steps> of_domain);

}  // namespace moonlab::data
