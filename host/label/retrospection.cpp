#include "host/label/retrospection.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::label {

using at::Tensor;

namespace {

Tensor wide(const Tensor& x) { return x.scalar_type() == at::kDouble ? x : x.to(at::kFloat); }

}  // namespace

Tensor soft_labels(const Tensor& logits, double tau) { return (wide(logits.detach()) / tau).softmax(1); }

Tensor retrospection_loss(const Tensor& logits, const Tensor& s, const Retrospection& form) {
  if (logits.dim() != 2 || s.sizes() != logits.sizes())
    fail("retrospection: logits ", logits.sizes(), " and soft labels ", s.sizes(), " must both be [B, C]");
  const Tensor z = wide(logits), before = s.detach().to(z.scalar_type());
  const Tensor log_p = (form.tempered ? z / form.tau : z).log_softmax(1);
  const Tensor each = (at::xlogy(before, before) - before * log_p).sum(1);
  return form.tempered ? each * (form.tau * form.tau) : each;
}

}  // namespace moonlab::label
