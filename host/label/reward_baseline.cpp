#include "host/label/reward_baseline.hpp"

#include <ATen/ATen.h>

namespace moonlab::label {

at::Tensor RewardBaseline::start() { return at::zeros({3}, at::kDouble); }

at::Tensor RewardBaseline::value(Baseline kind, const at::Tensor& rewards) const {
  at::NoGradGuard guard;
  switch (kind) {
    case Baseline::mean:
      return (state_[0] / state_[1].clamp_min(1)).to(rewards.options());
    case Baseline::ema:
      return state_[2].to(rewards.options());
    case Baseline::batch:
      return rewards.mean();
    case Baseline::none:
      break;
  }
  return rewards.new_zeros({});
}

void RewardBaseline::add(const at::Tensor& rewards, double decay) {
  at::NoGradGuard guard;
  at::Tensor r = rewards.to(state_.options()), mean = r.mean();
  at::Tensor moving = at::where(state_[1] == 0, mean, decay * state_[2] + (1 - decay) * mean);
  state_.copy_(at::stack({state_[0] + r.sum(), state_[1] + static_cast<double>(r.numel()), moving}));
}

}  // namespace moonlab::label
