// Softmax within blocks of competing nodes (section 3.3 of 000): p_u = exp z_u / sum over u's block of exp z_w.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::label {

/// Log probabilities [R, V] of logits [R, V] within the blocks that `block` (long [V]) numbers from 0. With
/// `candidates` (bool [R, V]) the sum of a row goes over the block's candidates alone; other entries are then no
/// probabilities. Differentiable; stable by subtracting each block's maximum. `checked`: the numbers are known to lie
/// in [0, V), which otherwise is looked at on the CPU.
at::Tensor block_log_softmax(const at::Tensor& logits, const at::Tensor& block, const at::Tensor& candidates = {},
                             bool checked = false);

/// The policy over candidates: log pi = log p minus the logarithm of the candidates' sum of p, in log space, because
/// block probabilities may underflow. Entries that are no candidates are -inf.
at::Tensor candidate_log_softmax(const at::Tensor& log_p, const at::Tensor& candidates);

}  // namespace moonlab::label
