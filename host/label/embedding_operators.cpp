#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/label/embedding_terms.hpp"

namespace moonlab::label {

using at::Tensor;

namespace {

Tensor hinge_of(const Tensor& p, const EmbeddingLoss& o) {
  const Tensor gap = o.two_sided ? (p - o.alpha).abs() : (p - o.alpha).relu();
  return o.power == 1 ? gap : gap.pow(o.power);
}

/// [B] terms of every sample, summed up as the loss says. `teaching`: how much each sample teaches.
Tensor reduced(std::vector<Tensor> each, const Tensor& teaching, const Tensor& w, const EmbeddingLoss& o) {
  const Tensor like = each[kHard];
  if (w.defined())
    for (auto& term : each) term = term * w;
  const Tensor all =
      w.defined() ? w.sum().clamp_min(kNone) : at::scalar_tensor(static_cast<double>(like.size(0)), like.options());
  std::vector<Tensor> sums;
  for (int i = 0; i < kTerms; ++i) {
    if (i >= static_cast<int>(each.size()) || o.weights[i] == 0) {
      sums.push_back(at::zeros({}, like.options().requires_grad(false)));
      continue;
    }
    Tensor sum = each[i].sum() * o.weights[i];
    if (i == kEmbedding && o.counted) sum = sum / ((w.defined() ? teaching * w : teaching).sum() + kFew);
    else if (i != kHinge || o.hinge == Reduce::mean) sum = sum / all;
    sums.push_back(sum);
  }
  return at::stack(sums);
}

}  // namespace

Tensor terms_by_operators(Tensor outputs, const Tensor& table, Tensor row, Tensor y, const Tensor& w,
                          const EmbeddingLoss& o) {
  if (w.defined()) {  // what counts nothing is not read: it may hold nan, or no label
    const Tensor counts = w != 0;
    outputs = outputs.masked_fill(counts.logical_not().unsqueeze(1), 0);
    row = row * counts, y = y * counts;
  }
  const int64_t m = table.size(1);
  const Tensor at_y = y.unsqueeze(1), e = table.index_select(0, row).log_softmax(1);
  const Tensor first = outputs.narrow(1, 0, m).log_softmax(1);
  std::vector<Tensor> each{-first.gather(1, at_y).squeeze(1), -(e.detach().exp() * first).sum(1)};
  Tensor teaching;
  if (outputs.size(1) > m) {
    const Tensor z2 = outputs.narrow(1, m, m), truth = z2.log_softmax(1).gather(1, at_y).squeeze(1);
    const Tensor soft = (z2.detach() / o.tau).softmax(1);
    teaching = o.teaches == Teaches::all
                   ? at::ones_like(truth).detach()
                   : ((o.teaches == Teaches::first ? first : z2).argmax(1) == y).to(truth.scalar_type());
    each.insert(each.end(), {-truth, hinge_of(truth.exp(), o), at::where(teaching != 0, -(soft * e).sum(1), 0)});
  }
  return reduced(std::move(each), teaching, w, o);
}

Tensor expected_embedding_terms(const Tensor& outputs, const Tensor& table, const Tensor& soft, const Tensor& w,
                                const EmbeddingLoss& o) {
  check_embedding(outputs, table, w, soft.size(0), o);
  const int64_t m = table.size(1);
  if (soft.dim() != 2 || soft.size(1) != m || table.size(0) != m)
    fail("label embedding: soft labels ", soft.sizes(), " need the embeddings of all labels, got ", table.sizes());
  const auto type = embedding_type(outputs, table);
  Tensor z = outputs.to(type), t = soft.to(type);
  const Tensor factor = w.defined() ? w.to(type) : w;
  if (w.defined()) {
    const Tensor silent = (w == 0).unsqueeze(1);
    z = z.masked_fill(silent, 0), t = t.masked_fill(silent, 0);
  }
  const Tensor e = table.to(type).log_softmax(1), first = z.narrow(1, 0, m).log_softmax(1);
  std::vector<Tensor> each{-(t * first).sum(1), -(t.mm(e.detach().exp()) * first).sum(1)};
  Tensor teaching;
  if (z.size(1) > m) {
    const Tensor z2 = z.narrow(1, m, m), second = z2.log_softmax(1), q = (z2.detach() / o.tau).softmax(1);
    Tensor taught;
    if (o.teaches == Teaches::all) {
      teaching = t.sum(1);
      taught = -(t * q.mm(e.t())).sum(1);
    } else {  // the label that is drawn is the predicted one
      const Tensor guess = (o.teaches == Teaches::first ? first : z2).argmax(1);
      teaching = t.gather(1, guess.unsqueeze(1)).squeeze(1);
      taught = -teaching * (q * e.index_select(0, guess)).sum(1);
    }
    each.insert(each.end(), {-(t * second).sum(1), (t * hinge_of(second.exp(), o)).sum(1), taught});
  }
  return reduced(std::move(each), teaching, factor, o);
}

}  // namespace moonlab::label
