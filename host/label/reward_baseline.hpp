// What a reward is compared with in REINFORCE (the "average baseline estimator" of 000, and alternatives).
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::label {

enum class Baseline { mean, ema, batch, none };

/// A baseline whose state is a tensor of three numbers, so that it is saved with the decoder and never leaves the
/// device: the sum of all earlier rewards, their number, and the moving average of the batches' means.
class RewardBaseline {
 public:
  /// Keeps the tensor ([3], floating, zeros at the start), which is changed in place.
  explicit RewardBaseline(at::Tensor& state) : state_(state) {}
  static at::Tensor start();

  /// What rewards [R] are compared with, a scalar of their dtype: of everything added before (0 at first), but for
  /// Baseline::batch, the mean of these rewards.
  at::Tensor value(Baseline kind, const at::Tensor& rewards) const;
  /// Counts rewards [R]; `decay` is that of the moving average, which starts at the first batch's mean.
  void add(const at::Tensor& rewards, double decay);

 private:
  at::Tensor& state_;
};

}  // namespace moonlab::label
