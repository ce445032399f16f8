#include "host/backbone/text.hpp"

#include <ATen/ATen.h>

#include <algorithm>
#include <limits>

#include "host/error.hpp"

namespace moonlab::nn {

TextPool parse_text_pool(const std::string& word, const std::vector<std::string>& allowed) {
  if (std::find(allowed.begin(), allowed.end(), word) == allowed.end()) {
    std::string list;
    for (const auto& a : allowed) list += (list.empty() ? "" : ", ") + a;
    fail("unknown pool '", word, "'", did_you_mean(word, allowed), " (", list, ")");
  }
  if (word == "last") return TextPool::last;
  if (word == "mean") return TextPool::mean;
  if (word == "max") return TextPool::max;
  return word == "first" ? TextPool::first : TextPool::pooler;
}

TokensAndMask tokens_and_mask(const Module& module, const Tensors& inputs) {
  const at::Tensor& x = inputs.at(0);
  if (x.dim() != 2 || (x.scalar_type() != at::kLong && x.scalar_type() != at::kInt))
    fail(module.kind(), ": takes tokens, long [B, T], got ", x.toString(), " ", x.sizes());
  if (x.size(1) == 0) fail(module.kind(), ": the texts have no tokens, got ", x.sizes());
  if (inputs.size() < 2 || !inputs[1].defined()) return {x, at::ones(x.sizes(), x.options().dtype(at::kBool))};
  if (inputs[1].sizes() != x.sizes())
    fail(module.kind(), ": the mask ", inputs[1].sizes(), " must have the shape of the tokens ", x.sizes());
  return {x, inputs[1].to(at::kBool)};
}

at::Tensor last_of(const at::Tensor& states, const at::Tensor& mask) {
  const at::Tensor last = (mask.sum(1) - 1).clamp_min(0).view({-1, 1, 1}).expand({-1, 1, states.size(2)});
  return states.gather(1, last).squeeze(1);
}

at::Tensor pooled(const at::Tensor& states, const at::Tensor& mask, TextPool pool) {
  const at::Tensor m = mask.unsqueeze(2);
  if (pool == TextPool::max) {
    at::Tensor best = states.masked_fill(m.logical_not(), -std::numeric_limits<double>::infinity()).amax(1);
    return best.masked_fill(mask.any(1, true).logical_not(), 0);
  }
  const at::Tensor share = m.to(states.scalar_type());
  return (states * share).sum(1) / share.sum(1).clamp_min(1e-9);
}

}  // namespace moonlab::nn
