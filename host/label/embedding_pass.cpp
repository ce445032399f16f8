#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cmath>

#include "host/label/embedding_terms.hpp"

namespace moonlab::label {

namespace {

using at::Tensor;

/// Samples that one thread should at least have.
int64_t grain(int64_t m) { return std::max<int64_t>(1, 16384 / std::max<int64_t>(m, 1)); }

template <class T>
T dot(const T* a, const T* b, int64_t m) {
  T sum[4] = {};  // four sums, which need not wait for each other
  int64_t i = 0;
  for (; i + 4 <= m; i += 4)
    for (int k = 0; k < 4; ++k) sum[k] += a[i + k] * b[i + k];
  for (; i < m; ++i) sum[0] += a[i] * b[i];
  return (sum[0] + sum[1]) + (sum[2] + sum[3]);
}

template <class T>
int64_t largest(const T* x, int64_t m) {
  int64_t best = 0;
  for (int64_t i = 1; i < m; ++i)
    if (x[i] > x[best]) best = i;
  return best;
}

/// log of the sum of exp x, from the largest entry and its probability, which is at least 1 / m.
template <class T>
T log_sum(const T* x, const T* p, int64_t peak) {
  return x[peak] - std::log(p[peak]);
}

double hinge(const EmbeddingLoss& o, double p) {
  const double gap = o.two_sided ? std::abs(p - o.alpha) : std::max(0.0, p - o.alpha);
  return o.power == 1 ? gap : std::pow(gap, o.power);
}

double slope(const EmbeddingLoss& o, double p) {
  const double gap = p - o.alpha;
  if (gap == 0 || (gap < 0 && !o.two_sided)) return 0;
  const double size = o.power == 1 ? 1 : o.power * std::pow(std::abs(gap), o.power - 1);
  return gap < 0 ? -size : size;
}

/// What the terms of every sample are multiplied with, apart from the sample's own factor.
using Scales = std::array<double, kTerms>;

struct Kept : torch::CustomClassHolder {
  EmbeddingLoss loss;
  Scales scales;
};

/// A batch as the loops read it; T is float or double.
template <class T>
struct View {
  int64_t batch, m, width;  // width: m, or 2 m with a second output
  const T *z, *p;           // outputs and their softmaxes [batch, width]
  const T* soft;            // softmax(z2 / tau) [batch, m]
  const T *e, *pe;          // rows of embeddings, and their softmaxes: of the table's rows, or of the samples
  const int64_t *row, *row_of_p, *y;
  const T* w;
  bool second() const { return width > m; }
  double factor(int64_t b) const { return w ? static_cast<double>(w[b]) : 1; }
};

struct EmbeddingTerms : torch::autograd::Function<EmbeddingTerms> {
  using Context = torch::autograd::AutogradContext;
  using Variables = torch::autograd::variable_list;

  static Tensor forward(Context* context, const Tensor& outputs, const Tensor& table, const Tensor& row,
                        const Tensor& y, const std::optional<Tensor>& weights, const EmbeddingLoss& o) {
    const int64_t batch = outputs.size(0), m = table.size(1);
    const Tensor z = outputs.contiguous(), e = table.contiguous(), place = row.contiguous(), label = y.contiguous();
    const Tensor w = weights ? weights->contiguous() : Tensor();
    const bool second = z.size(1) > m, few = table.size(0) <= batch;  // few rows: each is normalised once
    const Tensor p = at::softmax(z.view({batch, second ? 2 : 1, m}), 2);
    const Tensor pe = at::softmax(few ? e : e.index_select(0, silenced(place, w)), 1);
    const Tensor soft = second ? at::softmax(z.narrow(1, m, m) / o.tau, 1) : Tensor();
    const Tensor teaches = at::zeros({batch}, z.options()), each = at::zeros({batch, kTerms}, at::kDouble);
    auto held = c10::make_intrusive<Kept>();
    held->loss = o;
    AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "label_embedding", [&] {
      const auto v = view<scalar_t>(z, p, soft, e, pe, place, few, label, w, m);
      held->scales = walk(v, o, teaches.mutable_data_ptr<scalar_t>(), each.mutable_data_ptr<double>());
    });
    Tensor sums = w.defined() ? at::mv(each.t(), w.to(at::kDouble)) : each.sum(0);
    auto* sum = sums.mutable_data_ptr<double>();
    for (int i = 0; i < kTerms; ++i) sum[i] = held->scales[i] == 0 ? 0 : sum[i] * held->scales[i];
    context->save_for_backward({outputs, table, place, label, w, p, pe, soft, teaches});
    context->saved_data["kept"] = c10::IValue::make_capsule(std::move(held));
    return sums.to(z.scalar_type());
  }

  static Variables backward(Context* context, Variables grads) {
    const auto saved = context->get_saved_variables();
    const Tensor &outputs = saved[0], &table = saved[1], &place = saved[2], &label = saved[3], &w = saved[4];
    const auto held = context->saved_data["kept"].toCapsule();
    const auto& kept = static_cast<const Kept&>(*held);
    Variables result(6);
    if (at::GradMode::is_enabled()) {  // create_graph: the derivative must itself have a history
      Variables wanted;
      for (int i = 0; i < 2; ++i)
        if (saved[i].requires_grad()) wanted.push_back(saved[i]);
      const Variables again{terms_by_operators(outputs, table, place, label, w, kept.loss)};
      const auto found =
          torch::autograd::grad(again, wanted, {grads[0]}, true, /*create_graph=*/true, /*allow_unused=*/true);
      for (int i = 0, k = 0; i < 2; ++i)
        if (saved[i].requires_grad()) result[i] = found[k++];
      return result;
    }
    const Tensor z = outputs.contiguous(), e = table.contiguous(), g = grads[0].contiguous();
    const int64_t m = e.size(1);
    result[0] = at::zeros_like(z);
    if (table.requires_grad()) result[1] = at::zeros_like(e);
    AT_DISPATCH_FLOATING_TYPES(z.scalar_type(), "label_embedding_backward", [&] {
      const auto v = view<scalar_t>(z, saved[5], saved[7], e, saved[6], place, table.size(0) <= z.size(0), label, w, m);
      Scales scaled = kept.scales;
      for (int i = 0; i < kTerms; ++i) scaled[i] *= static_cast<double>(g.const_data_ptr<scalar_t>()[i]);
      walk_back(v, kept.loss, scaled, saved[8].const_data_ptr<scalar_t>(), result[0].mutable_data_ptr<scalar_t>(),
                result[1].defined() && scaled[kEmbedding] != 0 ? result[1].mutable_data_ptr<scalar_t>() : nullptr);
    });
    return result;
  }

 private:
  /// Rows to look up: samples that count nothing may name none.
  static Tensor silenced(const Tensor& place, const Tensor& w) { return w.defined() ? place * (w != 0) : place; }

  template <class T>
  static View<T> view(const Tensor& z, const Tensor& p, const Tensor& soft, const Tensor& e, const Tensor& pe,
                      const Tensor& row, bool few, const Tensor& y, const Tensor& w, int64_t m) {
    return {z.size(0),
            m,
            z.size(1),
            z.const_data_ptr<T>(),
            p.const_data_ptr<T>(),
            soft.defined() ? soft.const_data_ptr<T>() : nullptr,
            e.const_data_ptr<T>(),
            pe.const_data_ptr<T>(),
            row.const_data_ptr<int64_t>(),
            few ? row.const_data_ptr<int64_t>() : nullptr,
            y.const_data_ptr<int64_t>(),
            w.defined() ? w.const_data_ptr<T>() : nullptr};
  }

  /// Fills the terms of the samples and which of them teach; the scales that the numbers of samples give.
  template <class T>
  static Scales walk(const View<T>& v, const EmbeddingLoss& o, T* teaches, double* each) {
    at::parallel_for(0, v.batch, grain(v.m), [&](int64_t from, int64_t to) {
      for (int64_t b = from; b < to; ++b) {
        if (v.factor(b) == 0) continue;
        const int64_t m = v.m, y = v.y[b];
        const T *z1 = v.z + b * v.width, *p1 = v.p + b * v.width;
        const T *e = v.e + v.row[b] * m, *pe = v.pe + (v.row_of_p ? v.row_of_p[b] : b) * m;
        double* term = each + b * kTerms;
        const int64_t first = largest(z1, m);
        const T log1 = log_sum(z1, p1, first);
        term[kHard] = log1 - z1[y];
        if (o.weights[kSoft] != 0) term[kSoft] = log1 - dot(pe, z1, m);
        if (!v.second()) continue;
        const T *z2 = z1 + m, *p2 = p1 + m;
        const int64_t guess = largest(z2, m);
        term[kSecond] = log_sum(z2, p2, guess) - z2[y];
        term[kHinge] = hinge(o, static_cast<double>(p2[y]));
        if (o.teaches != Teaches::all && (o.teaches == Teaches::first ? first : guess) != y) continue;
        teaches[b] = 1;
        if (o.weights[kEmbedding] != 0) term[kEmbedding] = log_sum(e, pe, largest(e, m)) - dot(v.soft + b * m, e, m);
      }
    });
    double all = 0, teaching = 0;
    for (int64_t b = 0; b < v.batch; ++b) all += v.factor(b), teaching += v.factor(b) * static_cast<double>(teaches[b]);
    const double mean = 1 / std::max(all, kNone);
    return {o.weights[kHard] * mean, o.weights[kSoft] * mean, o.weights[kSecond] * mean,
            o.weights[kHinge] * (o.hinge == Reduce::sum ? 1 : mean),
            o.weights[kEmbedding] * (o.counted ? 1 / (teaching + kFew) : mean)};
  }

  /// dz [batch, width] and dtable (null where it learns nothing) from the scaled derivatives of the terms.
  template <class T>
  static void walk_back(const View<T>& v, const EmbeddingLoss& o, const Scales& scaled, const T* teaches, T* dz,
                        T* dtable) {
    const int64_t m = v.m;
    at::parallel_for(0, v.batch, grain(m), [&](int64_t from, int64_t to) {
      for (int64_t b = from; b < to; ++b) {
        const double f = v.factor(b);
        if (f == 0) continue;
        const int64_t y = v.y[b];
        const T *p1 = v.p + b * v.width, *pe = v.pe + (v.row_of_p ? v.row_of_p[b] : b) * m;
        T* d1 = dz + b * v.width;
        const T hard = static_cast<T>(f * scaled[kHard]), soft = static_cast<T>(f * scaled[kSoft]);
        if (soft == 0)
          for (int64_t i = 0; i < m; ++i) d1[i] = hard * p1[i];
        else
          for (int64_t i = 0; i < m; ++i) d1[i] = (hard + soft) * p1[i] - soft * pe[i];
        d1[y] -= hard;
        if (!v.second()) continue;
        const T* p2 = p1 + m;
        const double sure = static_cast<double>(p2[y]);
        const T factor = static_cast<T>(f * (scaled[kSecond] - scaled[kHinge] * slope(o, sure) * sure));
        for (int64_t i = 0; i < m; ++i) d1[m + i] = factor * p2[i];
        d1[m + y] -= factor;
      }
    });
    if (!dtable || !v.second()) return;
    // Several samples add to one row: a thread has columns of its own, so that sums come in the same order in every
    // run.
    at::parallel_for(0, m, std::max<int64_t>(64, 16384 / std::max<int64_t>(v.batch, 1)), [&](int64_t from, int64_t to) {
      for (int64_t b = 0; b < v.batch; ++b) {
        if (teaches[b] == 0 || v.factor(b) == 0) continue;
        const T c = static_cast<T>(v.factor(b) * scaled[kEmbedding]);
        const T *pe = v.pe + (v.row_of_p ? v.row_of_p[b] : b) * m, *soft = v.soft + b * m;
        T* d = dtable + v.row[b] * m;
        for (int64_t i = from; i < to; ++i) d[i] += c * (pe[i] - soft[i]);
      }
    });
  }
};

}  // namespace

Tensor terms_in_one_pass(const Tensor& outputs, const Tensor& table, const Tensor& row, const Tensor& y,
                         const Tensor& w, const EmbeddingLoss& o) {
  return EmbeddingTerms::apply(outputs, table, row, y, w.defined() ? std::optional(w) : std::nullopt, o);
}

}  // namespace moonlab::label
