#include "host/label/block_softmax.hpp"

#include <ATen/ATen.h>

#include <limits>

#include "host/error.hpp"

namespace moonlab::label {

at::Tensor block_log_softmax(const at::Tensor& logits, const at::Tensor& block, const at::Tensor& candidates) {
  if (logits.dim() != 2 || block.dim() != 1 || logits.size(1) != block.size(0))
    fail("block softmax: logits ", logits.sizes(), " do not fit ", block.sizes(),
         " block numbers; wanted [R, V] and [V]");
  constexpr double kNone = -std::numeric_limits<double>::infinity();
  // one column for each block; a block's number never exceeds that of its nodes, so V columns suffice without a look
  // at the values, which would wait for the device
  const int64_t columns = block.size(0);
  at::Tensor peak;
  {
    at::NoGradGuard guard;
    at::Tensor z = candidates.defined() ? logits.masked_fill(candidates.logical_not(), kNone) : logits;
    peak = at::full({logits.size(0), columns}, kNone, logits.options());
    peak.scatter_reduce_(1, block.unsqueeze(0).expand_as(z), z, "amax");
    peak = peak.masked_fill(peak.isinf(), 0).index_select(1, block);
  }
  at::Tensor shifted = logits - peak;
  at::Tensor mass = candidates.defined() ? shifted.masked_fill(candidates.logical_not(), kNone).exp() : shifted.exp();
  at::Tensor sum = at::zeros({logits.size(0), columns}, logits.options()).index_add(1, block, mass);
  // blocks without members (or without candidates) are never read where it matters; log 0 would poison gradients
  at::Tensor norm = sum.masked_fill(sum == 0, 1).log().index_select(1, block);
  return shifted - norm;
}

at::Tensor candidate_log_softmax(const at::Tensor& log_p, const at::Tensor& candidates) {
  return at::log_softmax(log_p.masked_fill(candidates.logical_not(), -std::numeric_limits<double>::infinity()), 1);
}

}  // namespace moonlab::label
