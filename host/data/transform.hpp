// A user's own step between the stored image and the batch.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <functional>
#include <memory>

#include "host/data/picture.hpp"

namespace moonlab::data {

/// Which sample is transformed. `seed` depends on the loader's seed, the epoch, the sample and how often the epoch has
/// met it before, never on which worker it falls to.
struct Drawn {
  int64_t domain, index, target, epoch;
  uint64_t seed;
};

/// Made, used and destroyed on one worker's thread.
class Transform {
 public:
  virtual ~Transform() = default;
  /// From float32 [C, H, W] in [0, 1] to the image that the model sees, before normalisation: [C', H', W'] of the same
  /// shape for every sample of a batch.
  virtual at::Tensor apply(const at::Tensor& image, const Drawn& drawn) = 0;
  /// The same from a stored picture. One that only chooses where pixels come from sets the window and gives an
  /// undefined tensor: the loader then makes bytes to normalised numbers in one pass.
  virtual at::Tensor apply(Picture& picture, const Drawn& drawn) { return apply(picture.tensor(), drawn); }
};

using TransformMaker = std::function<std::unique_ptr<Transform>()>;

}  // namespace moonlab::data
