// What a loader gives.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::data {

/// One batch of B samples.
struct Batch {
  at::Tensor x;       // float32 [B, C, H, W]: pixels scaled to [0, 1], then normalised a channel
  at::Tensor y;       // long [B]: the class, or what `targets` makes of it (a node of the label graph)
  at::Tensor idx;     // long [B]: the sample's index in its dataset
  at::Tensor domain;  // long [B]: which dataset, from 0
  at::Tensor targets;  // y on the CPU: what a loss works out on the host waits for no device
};

}  // namespace moonlab::data
