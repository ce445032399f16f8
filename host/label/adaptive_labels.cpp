#include "host/label/adaptive_labels.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "host/error.hpp"

namespace moonlab::label {

using at::Tensor;

namespace {

constexpr double kNearest = 1e-6;  // sqrt(1e-12)
constexpr int64_t kDirect = 2;     // cdist: differences, never the expanded square

at::ScalarType computed_in(at::ScalarType type) { return type == at::kDouble ? type : at::kFloat; }

constexpr int64_t kFew = 1 << 20;  // numbers that differences are taken of anyway
constexpr double kNear = 1e-2;     // share of the squared lengths below which the expansion loses digits

/// Distances [B, N] of many long rows on the CPU: by one product, and by differences for the pairs that are near.
Tensor distances_by_product(const Tensor& z, const Tensor& labels) {
  const Tensor a = z.square().sum(1), b = labels.square().sum(1);
  Tensor squares = at::addmm(b.unsqueeze(0), z, labels.t(), 1, -2).add_(a.unsqueeze(1));
  AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "label_distances", [&] {
    const int64_t n = labels.size(0), d = labels.size(1);
    const auto *x = z.const_data_ptr<scalar_t>(), *y = labels.const_data_ptr<scalar_t>();
    const auto *xx = a.const_data_ptr<scalar_t>(), *yy = b.const_data_ptr<scalar_t>();
    auto* out = squares.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, z.size(0), std::max<int64_t>(1, 16384 / n), [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i)
        for (int64_t j = 0; j < n; ++j) {
          auto& square = out[i * n + j];
          if (square <= static_cast<scalar_t>(kNear) * (xx[i] + yy[j])) {
            square = 0;
            for (int64_t k = 0; k < d; ++k) {
              const auto gap = x[i * d + k] - y[j * d + k];
              square += gap * gap;
            }
          }
          square = std::sqrt(square);
        }
    });
  });
  return squares;
}

Tensor distances(const Tensor& z, const Tensor& labels) {
  if (z.is_cpu() && z.size(0) * labels.numel() > kFew) return distances_by_product(z, labels);
  return at::_cdist_forward(z, labels, 2, kDirect);
}

/// One node for all distances. Its backward is two products; written in operators on the inputs and the output, it can
/// itself be differentiated.
struct LabelLogits : torch::autograd::Function<LabelLogits> {
  using Context = torch::autograd::AutogradContext;
  using Variables = torch::autograd::variable_list;

  static Tensor forward(Context* context, const Tensor& z, const Tensor& labels) {
    const Tensor logits = distances(z, labels).clamp_min_(kNearest).neg_();
    context->save_for_backward({z, labels, logits});
    return logits;
  }

  // d(-dist) / dz = -(z - label) / dist = (z - label) / logit
  static Variables backward(Context* context, Variables grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &z = saved[0], &labels = saved[1], &logits = saved[2];
    const Tensor c = at::where(logits < -kNearest, grads[0] / logits, 0);
    Variables result(2);
    if (z.requires_grad()) result[0] = at::addmm(z * c.sum(1, true), c, labels, 1, -1);
    if (labels.requires_grad()) result[1] = at::addmm(labels * c.sum(0).unsqueeze(1), c.t(), z, 1, -1);
    return result;
  }
};

/// z without what is not read, in float or double.
Tensor counted(const Tensor& z, const Membership& of) {
  const Tensor wide = z.to(computed_in(z.scalar_type()));
  return of.w.defined() ? wide.masked_fill((of.w == 0).unsqueeze(1), 0) : wide;
}

/// [B, N] the share of each sample in each class, times its factor; for soft labels.
Tensor shares(const Membership& of, const Tensor& like) {
  Tensor t = of.t.to(like.scalar_type());
  if (of.w.defined()) t = t.masked_fill((of.w == 0).unsqueeze(1), 0) * of.w.to(like.scalar_type()).unsqueeze(1);
  return t;
}

void check(const Tensor& z, const Membership& of, const char* what) {
  if (z.dim() != 2) fail(what, ": outputs are float [B, d], got ", z.sizes());
  const int64_t batch = z.size(0);
  if (of.w.defined() && (of.w.dim() != 1 || of.w.size(0) != batch))
    fail(what, ": weights ", of.w.sizes(), " do not fit ", batch, " samples");
  if (of.t.defined()) {
    if (of.t.dim() != 2 || of.t.size(0) != batch || of.t.size(1) != of.classes)
      fail(what, ": soft labels ", of.t.sizes(), " do not fit ", batch, " samples of ", of.classes, " classes");
    return;
  }
  if (!of.y.defined() || of.y.dim() != 1 || of.y.size(0) != batch || of.y.scalar_type() != at::kLong)
    fail(what, ": ", batch, " rows of outputs need labels long [", batch, "]");
  if (!of.y.is_cpu()) return;  // elsewhere it would wait for the device, which checks indices itself
  const Tensor y = of.y.contiguous();
  const auto* at = y.const_data_ptr<int64_t>();
  for (int64_t b = 0; b < batch; ++b)
    if ((at[b] < 0 || at[b] >= of.classes) && !(of.w.defined() && of.w[b].item<double>() == 0))
      fail(what, ": label ", at[b], " of sample ", b, " is not in [0, ", of.classes - 1, "]");
}

/// Labels to look up: samples that count nothing may have none.
Tensor known(const Membership& of) { return of.w.defined() ? of.y.masked_fill(of.w == 0, 0) : of.y; }

std::pair<Tensor, Tensor> sums_of(const Tensor& rows, const Membership& of) {
  if (of.t.defined()) {
    const Tensor t = shares(of, rows);
    return {t.t().mm(rows), t.sum(0)};
  }
  const Tensor y = known(of),
               w = of.w.defined() ? of.w.to(rows.scalar_type()) : at::ones({rows.size(0)}, rows.options());
  const Tensor weighted = of.w.defined() ? rows * w.unsqueeze(1) : rows;
  const auto plain = rows.options().requires_grad(false);
  return {at::zeros({of.classes, rows.size(1)}, plain).index_add(0, y, weighted),
          at::zeros({of.classes}, plain).index_add(0, y, w)};
}

}  // namespace

Tensor label_logits(const Tensor& z, const Tensor& labels) {
  if (z.dim() != 2 || labels.dim() != 2 || z.size(1) != labels.size(1))
    fail("adaptive labels: outputs ", z.sizes(), " and labels ", labels.sizes(), " must be [B, d] and [N, d]");
  const auto type = computed_in(at::promote_types(z.scalar_type(), labels.scalar_type()));
  return LabelLogits::apply(z.to(type).contiguous(), labels.to(type).contiguous());
}

std::pair<Tensor, Tensor> class_sums(const Tensor& z, const Membership& of) {
  check(z, of, "adaptive labels");
  return sums_of(counted(z, of), of);
}

Tensor class_means(const Tensor& sums, const Tensor& counts, const Tensor& old) {
  if (old.sizes() != sums.sizes() || counts.dim() != 1 || counts.size(0) != sums.size(0))
    fail("adaptive labels: labels ", old.sizes(), " do not fit sums ", sums.sizes(), " and counts ", counts.sizes());
  const Tensor there = counts > 0;
  const Tensor means = sums / at::where(there, counts, 1).unsqueeze(1);
  const Tensor better = at::logical_and(there, at::isfinite(means.detach()).all(1)).unsqueeze(1);
  return at::where(better, means, old.detach().to(sums.scalar_type()));
}

Tensor repel(const Tensor& z, const Membership& of, Pairs reduction) {
  check(z, of, "repel");
  const Tensor rows = counted(z, of);
  const Tensor length = at::linalg_vector_norm(rows, 2, at::IntArrayRef{1}, true);
  const Tensor some = length > 0;
  const Tensor units = at::where(some, rows / at::where(some, length, 1), 0);
  const auto [narrow, counts] = sums_of(units, of);
  const Tensor sums = narrow.to(at::kDouble);  // [N, d]: what differs little is subtracted
  const Tensor w = of.w.defined() ? of.w.to(rows.scalar_type()) : Tensor();
  const Tensor all_counts = w.defined() ? w.sum() : at::scalar_tensor(static_cast<double>(z.size(0)), rows.options());
  Tensor value, pairs;
  if (of.t.defined()) {
    // 1 - t_i . t_j needs no other class to be named: shares may add up to less than one
    const Tensor t = shares(of, rows), u = w.defined() ? units * w.unsqueeze(1) : units;
    const Tensor mass = w.defined() ? w.square() : at::ones({z.size(0)}, rows.options());
    const Tensor alone = mass - t.square().sum(1);  // of a sample with itself
    const Tensor total = u.sum(0, false, at::kDouble);
    value = total.square().sum() - sums.square().sum() - (alone * units.square().sum(1)).sum();
    pairs = all_counts.square() - counts.square().sum() - alone.sum();
  } else {
    value = (sums * (sums.sum(0) - sums)).sum();
    pairs = (counts * (counts.sum() - counts)).sum();
  }
  value = value.to(rows.scalar_type());
  if (reduction == Pairs::sum) return value;
  const Tensor by = reduction == Pairs::mean_all ? all_counts.square() : pairs;
  return value / at::where(by > 0, by, 1).detach();
}

}  // namespace moonlab::label
