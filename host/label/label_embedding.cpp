#include "host/label/label_embedding.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "host/error.hpp"
#include "host/label/embedding_rows.hpp"

namespace moonlab::label {

namespace {

using at::Tensor;

constexpr double kFew = 1e-8;    // what the authors add to the number of samples that teach
constexpr double kNone = 1e-12;  // a batch in which no sample counts costs nothing

enum Term { kHard, kSoft, kSecond, kHinge, kEmbedding, kTerms };

// ---- shapes and types -----------------------------------------------------------------------------------------------

void check(const Tensor& outputs, const Tensor& table, const Tensor& w, int64_t batch, const EmbeddingLoss& o) {
  if (outputs.dim() != 2 || table.dim() != 2)
    fail("label embedding: outputs ", outputs.sizes(), " and embeddings ", table.sizes(), " must both have two dims");
  const int64_t m = table.size(1);
  if (outputs.size(1) != m && outputs.size(1) != 2 * m)
    fail("label embedding: embeddings of ", m, " numbers go with outputs of ", m, " or, with a second one, ", 2 * m,
         " numbers; got ", outputs.size(1));
  if (batch != outputs.size(0)) fail("label embedding: ", outputs.size(0), " rows of outputs, but ", batch, " labels");
  if (w.defined() && (w.dim() != 1 || w.size(0) != batch))
    fail("label embedding: weights ", w.sizes(), " do not fit ", batch, " samples");
  if (!(o.tau > 0)) fail("label embedding: tau must be positive, got ", o.tau);
  if (!(o.power >= 1)) fail("label embedding: p must be at least 1, got ", o.power);
}

void check_numbers(const Tensor& numbers, const Tensor& w, int64_t end, const char* what) {
  const auto* at = numbers.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < numbers.size(0); ++b)
    if ((at[b] < 0 || at[b] >= end) && !(w.defined() && w[b].item<double>() == 0))
      fail("label embedding: ", what, " ", at[b], " of sample ", b, " is not in [0, ", end - 1, "]");
}

bool computes(at::ScalarType type) { return type == at::kFloat || type == at::kDouble; }

at::ScalarType type_of(const Tensor& outputs, const Tensor& table) {
  const auto type = at::promote_types(outputs.scalar_type(), table.scalar_type());
  return computes(type) ? type : at::kFloat;  // half precision: as PyTorch's own losses under autocast
}

// ---- by operators ---------------------------------------------------------------------------------------------------

Tensor hinge_of(const Tensor& p, const EmbeddingLoss& o) {
  const Tensor gap = o.two_sided ? (p - o.alpha).abs() : (p - o.alpha).relu();
  return o.power == 1 ? gap : gap.pow(o.power);
}

/// [B] terms of every sample, summed up as the loss says. `teaching`: how much each sample teaches.
Tensor reduced(std::vector<Tensor> each, const Tensor& teaching, const Tensor& w, const EmbeddingLoss& o) {
  const Tensor like = each[kHard];
  if (w.defined())
    for (auto& term : each) term = term * w;
  const Tensor all = w.defined() ? w.sum().clamp_min(kNone) : at::scalar_tensor(static_cast<double>(like.size(0)), like.options());
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

Tensor by_operators(Tensor outputs, const Tensor& table, Tensor row, Tensor y, const Tensor& w, const EmbeddingLoss& o) {
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
    teaching = o.teaches == Teaches::all ? at::ones_like(truth).detach()
               : ((o.teaches == Teaches::first ? first : z2).argmax(1) == y).to(truth.scalar_type());
    each.insert(each.end(), {-truth, hinge_of(truth.exp(), o), at::where(teaching != 0, -(soft * e).sum(1), 0)});
  }
  return reduced(std::move(each), teaching, w, o);
}

// ---- in one pass ----------------------------------------------------------------------------------------------------

/// What the terms of every sample are multiplied with, apart from the weights of terms and samples.
struct Scales {
  double sample, hinge, teaching;
};

struct Kept : torch::CustomClassHolder {
  struct {
    EmbeddingLoss loss;
    Scales scales;
  } what;
};

template <class T>
rows::Loss<T> row_loss(const EmbeddingLoss& o) {
  return {static_cast<T>(o.tau), static_cast<T>(o.alpha), static_cast<T>(o.power), o.two_sided};
}

bool teaches(const EmbeddingLoss& o, bool right1, bool right2) {
  return o.teaches == Teaches::all || (o.teaches == Teaches::first ? right1 : right2);
}

struct EmbeddingTerms : torch::autograd::Function<EmbeddingTerms> {
  static Tensor forward(torch::autograd::AutogradContext* context, const Tensor& outputs, const Tensor& table,
                        const Tensor& row, const Tensor& y, const std::optional<Tensor>& weights, const EmbeddingLoss& o) {
    const Tensor z = outputs.contiguous(), e = table.contiguous(), place = row.contiguous(), label = y.contiguous();
    const Tensor w = weights ? weights->contiguous() : Tensor();
    const int64_t batch = z.size(0), m = e.size(1), width = z.size(1);
    const Tensor stats = at::zeros({batch, rows::kStats}, z.options());
    const Tensor each = at::zeros({batch, kTerms}, z.options().dtype(at::kDouble));
    double all = 0, teaching = 0;
    AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "label_embedding", [&] {
      const auto loss = row_loss<scalar_t>(o);
      const auto *zs = z.const_data_ptr<scalar_t>(), *es = e.const_data_ptr<scalar_t>();
      const auto* factor = w.defined() ? w.const_data_ptr<scalar_t>() : nullptr;
      const auto *ys = label.const_data_ptr<int64_t>(), *places = place.const_data_ptr<int64_t>();
      auto* kept = stats.mutable_data_ptr<scalar_t>();
      auto* terms = each.mutable_data_ptr<double>();
      at::parallel_for(0, batch, rows::grain(m), [&](int64_t from, int64_t to) {
        for (int64_t b = from; b < to; ++b) {
          if (factor && factor[b] == 0) continue;
          const scalar_t* z1 = zs + b * width;
          scalar_t* s = kept + b * rows::kStats;
          rows::forward(loss, m, z1, width > m ? z1 + m : nullptr, es + places[b] * m, ys[b], s, terms + b * kTerms);
          s[rows::kTeaches] = width > m && teaches(o, s[rows::kRight1] != 0, s[rows::kRight2] != 0);
          if (s[rows::kTeaches] == 0) terms[b * kTerms + kEmbedding] = 0;
        }
      });
      for (int64_t b = 0; b < batch; ++b) {
        const double f = factor ? static_cast<double>(factor[b]) : 1;
        all += f;
        teaching += f * static_cast<double>(kept[b * rows::kStats + rows::kTeaches]);
      }
    });
    const double sample = 1 / std::max(all, kNone);
    auto held = c10::make_intrusive<Kept>();
    held->what.loss = o;
    held->what.scales = {sample, o.hinge == Reduce::sum ? 1.0 : sample, o.counted ? 1 / (teaching + kFew) : sample};
    Tensor sums = w.defined() ? at::mv(each.t(), w.to(at::kDouble)) : each.sum(0);
    auto* sum = sums.mutable_data_ptr<double>();
    const auto& by = held->what.scales;
    for (int i = 0; i < kTerms; ++i)
      sum[i] = o.weights[i] == 0 ? 0 : sum[i] * o.weights[i] * (i == kHinge ? by.hinge : i == kEmbedding ? by.teaching : by.sample);
    context->save_for_backward({outputs, table, place, label, w, stats});
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(held));
    return sums.to(z.scalar_type());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext* context, torch::autograd::variable_list grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &outputs = saved[0], &table = saved[1], &place = saved[2], &label = saved[3], &w = saved[4], &stats = saved[5];
    const auto held = context->saved_data["kept"].toCapsule();
    const auto& [loss, by] = static_cast<const Kept*>(held.get())->what;
    if (at::GradMode::is_enabled()) {  // create_graph: the derivative must itself have a history
      torch::autograd::variable_list wanted, found, result(6);
      const torch::autograd::variable_list again{by_operators(outputs, table, place, label, w, loss)};
      for (int i = 0; i < 2; ++i)
        if (saved[i].requires_grad()) wanted.push_back(saved[i]);
      found = torch::autograd::grad(again, wanted, {grads[0]}, /*retain_graph=*/true, /*create_graph=*/true, /*allow_unused=*/true);
      for (int i = 0, k = 0; i < 2; ++i)
        if (saved[i].requires_grad()) result[i] = found[k++];
      return result;
    }
    const Tensor z = outputs.contiguous(), e = table.contiguous(), g = grads[0].contiguous();
    const int64_t batch = z.size(0), m = e.size(1), width = z.size(1);
    const bool learns = table.requires_grad() && width > m && loss.weights[kEmbedding] != 0;
    const Tensor dz = at::zeros_like(z), de = learns ? at::empty({batch, m}, z.options()) : Tensor();
    const Tensor dtable = table.requires_grad() ? at::zeros_like(e) : Tensor();
    AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "label_embedding_backward", [&] {
      const auto row = row_loss<scalar_t>(loss);
      const auto *zs = z.const_data_ptr<scalar_t>(), *es = e.const_data_ptr<scalar_t>();
      const auto *kept = stats.const_data_ptr<scalar_t>(), *grad = g.const_data_ptr<scalar_t>();
      const auto* factor = w.defined() ? w.const_data_ptr<scalar_t>() : nullptr;
      const auto *ys = label.const_data_ptr<int64_t>(), *places = place.const_data_ptr<int64_t>();
      auto* d = dz.mutable_data_ptr<scalar_t>();
      auto* rows_of = learns ? de.mutable_data_ptr<scalar_t>() : nullptr;
      scalar_t scaled[kTerms];
      for (int i = 0; i < kTerms; ++i)
        scaled[i] = static_cast<scalar_t>(loss.weights[i] == 0 ? 0 : loss.weights[i] * static_cast<double>(grad[i]) *
                                              (i == kHinge ? by.hinge : i == kEmbedding ? by.teaching : by.sample));
      at::parallel_for(0, batch, rows::grain(m), [&](int64_t from, int64_t to) {
        for (int64_t b = from; b < to; ++b) {
          const scalar_t f = factor ? factor[b] : scalar_t(1);
          if (f == 0) continue;
          const scalar_t *z1 = zs + b * width, *s = kept + b * rows::kStats;
          const rows::Factors<scalar_t> factors{f * scaled[kHard], f * scaled[kSoft], f * scaled[kSecond], f * scaled[kHinge],
                                                f * scaled[kEmbedding]};
          rows::backward(row, m, z1, width > m ? z1 + m : nullptr, es + places[b] * m, ys[b], s, factors, d + b * width,
                         width > m ? d + b * width + m : nullptr,
                         learns && s[rows::kTeaches] != 0 ? rows_of + b * m : nullptr);
        }
      });
      if (!learns) return;
      auto* sum = dtable.mutable_data_ptr<scalar_t>();  // one thread: the same order, the same sum, in every run
      for (int64_t b = 0; b < batch; ++b)
        if (kept[b * rows::kStats + rows::kTeaches] != 0)
          for (int64_t i = 0; i < m; ++i) sum[places[b] * m + i] += rows_of[b * m + i];
    });
    return {dz, dtable, {}, {}, {}, {}};
  }
};

}  // namespace

Tensor embedding_terms(const Tensor& outputs, const Tensor& table, const Tensor& row, const Tensor& y, const Tensor& w,
                       const EmbeddingLoss& o) {
  check(outputs, table, w, y.size(0), o);
  if (row.dim() != 1 || row.size(0) != y.size(0) || y.dim() != 1 || row.scalar_type() != at::kLong || y.scalar_type() != at::kLong)
    fail("label embedding: labels and rows are long [B], got ", y.sizes(), " and ", row.sizes());
  const auto type = type_of(outputs, table);
  const Tensor z = outputs.to(type), e = table.to(type), factor = w.defined() ? w.to(type) : w;
  if (!z.is_cpu()) return by_operators(z, e, row, y, factor, o);
  check_numbers(y, w, e.size(1), "label");
  check_numbers(row, w, e.size(0), "row");
  return EmbeddingTerms::apply(z, e, row, y, factor.defined() ? std::optional(factor) : std::nullopt, o);
}

Tensor expected_embedding_terms(const Tensor& outputs, const Tensor& table, const Tensor& soft, const Tensor& w,
                                const EmbeddingLoss& o) {
  check(outputs, table, w, soft.size(0), o);
  const int64_t m = table.size(1);
  if (soft.dim() != 2 || soft.size(1) != m || table.size(0) != m)
    fail("label embedding: soft labels ", soft.sizes(), " need the embeddings of all labels, got ", table.sizes());
  const auto type = type_of(outputs, table);
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
