#include "host/label/cell.hpp"

#include <ATen/ATen.h>
#include <ATen/Dispatch.h>
#include <ATen/Parallel.h>

namespace moonlab::label {

namespace {

using at::Tensor;

/// The gates' columns: gate `i` of gates that are `h` wide.
Tensor gate(const Tensor& gates, int64_t i, int64_t h) { return gates.slice(1, i * h, (i + 1) * h); }

StepGradient gru_by_operators(const StepRows& s, const Tensor& dh, Tensor gates) {
  const int64_t w = dh.size(1);
  const Tensor r = gate(s.gates, 0, w), z = gate(s.gates, 1, w), n = gate(s.gates, 2, w), kept = dh * z;
  Tensor dn = gate(gates, 0, w), dr = gate(gates, 1, w), dz = gate(gates, 2, w), share = gate(gates, 3, w);
  at::tanh_backward_out(dn, dh - kept, n);
  at::sigmoid_backward_out(dz, dh * (s.before.h - n), z);
  at::sigmoid_backward_out(dr, dn * s.share, r);
  at::mul_out(share, dn, r);
  return {gates, kept, {}};
}

// What follows is arithmetic along rows, several numbers at a time.
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC push_options
#pragma GCC optimize("O3")
#endif

template <class T>
void mix_row(int64_t w, const T* __restrict z, const T* __restrict n, const T* __restrict before, T* __restrict after) {
  for (int64_t i = 0; i < w; ++i) after[i] = n[i] + z[i] * (before[i] - n[i]);
}

/// Row by row as in gru_by_operators.
template <class T>
void gradient_row(int64_t w, const T* __restrict gates, const T* __restrict share, const T* __restrict before,
                  const T* __restrict dh, T* __restrict out, T* __restrict kept) {
  const T *r = gates, *z = gates + w, *n = gates + 2 * w;
  for (int64_t i = 0; i < w; ++i) {
    const T dn = dh[i] * (1 - z[i]) * (1 - n[i] * n[i]);
    out[i] = dn;
    out[w + i] = dn * share[i] * r[i] * (1 - r[i]);
    out[2 * w + i] = dh[i] * (before[i] - n[i]) * z[i] * (1 - z[i]);
    out[3 * w + i] = dn * r[i];
    kept[i] = dh[i] * z[i];
  }
}

#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC pop_options
#endif

template <class F>
void by_rows(int64_t rows, int64_t width, F row) {
  at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / width), [&](int64_t from, int64_t to) {
    for (int64_t r = from; r < to; ++r) row(r);
  });
}

StepGradient gru_on_cpu(const StepRows& s, const Tensor& after, Tensor gates) {
  const Tensor dh = after.contiguous(), kept = at::empty_like(dh), before = s.before.h.contiguous();
  const int64_t w = dh.size(1), step = s.gates.stride(0), out_step = gates.stride(0);
  AT_DISPATCH_FLOATING_TYPES(dh.scalar_type(), "gru_gradient", [&] {
    const auto *g = s.gates.const_data_ptr<scalar_t>(), *share = s.share.const_data_ptr<scalar_t>(),
               *h = before.const_data_ptr<scalar_t>(), *d = dh.const_data_ptr<scalar_t>();
    auto *out = gates.mutable_data_ptr<scalar_t>(), *back = kept.mutable_data_ptr<scalar_t>();
    by_rows(dh.size(0), w, [&](int64_t r) {
      gradient_row(w, g + r * step, share + r * w, h + r * w, d + r * w, out + r * out_step, back + r * w);
    });
  });
  return {gates, kept, {}};
}

void mix_on_cpu(const StepRows& s) {
  const int64_t w = s.after.h.size(1), step = s.gates.stride(0);
  AT_DISPATCH_FLOATING_TYPES(s.gates.scalar_type(), "gru", [&] {
    const auto *g = s.gates.const_data_ptr<scalar_t>(), *before = s.before.h.const_data_ptr<scalar_t>();
    auto* after = s.after.h.mutable_data_ptr<scalar_t>();
    by_rows(s.after.h.size(0), w,
            [&](int64_t r) { mix_row(w, g + r * step + w, g + r * step + 2 * w, before + r * w, after + r * w); });
  });
}

bool has_kernel(const StepRows& s) {
  return s.gates.is_cpu() && (s.gates.scalar_type() == at::kFloat || s.gates.scalar_type() == at::kDouble) &&
         s.gates.stride(1) == 1 && s.share.is_contiguous() && s.before.h.is_contiguous();
}

StepGradient lstm_gradient(const StepRows& s, const Tensor& dh, const Tensor& dc_after, Tensor gates) {
  const int64_t w = dh.size(1);
  const Tensor i = gate(s.gates, 0, w), f = gate(s.gates, 1, w), g = gate(s.gates, 2, w), o = gate(s.gates, 3, w);
  Tensor dc = at::tanh_backward(dh * o, s.tanh_c);
  if (dc_after.defined()) dc = dc + dc_after;
  Tensor di = gate(gates, 0, w), df = gate(gates, 1, w), dg = gate(gates, 2, w), dout = gate(gates, 3, w);
  at::sigmoid_backward_out(di, dc * g, i);
  at::tanh_backward_out(dg, dc * i, g);
  at::sigmoid_backward_out(dout, dh * s.tanh_c, o);
  if (!s.before.c.defined()) {
    df.zero_();
    return {gates, {}, {}};
  }
  at::sigmoid_backward_out(df, dc * s.before.c, f);
  return {gates, {}, dc * f};
}

}  // namespace

CellState advance(Cell cell, const Tensor& gi, const Tensor& gh, const CellState& before) {
  const int64_t w = before.h.size(1);
  if (cell == Cell::gru) {
    const Tensor rz = (gi.slice(1, 0, 2 * w) + gh.slice(1, 0, 2 * w)).sigmoid();
    const Tensor n = at::addcmul(gate(gi, 2, w), gate(rz, 0, w), gate(gh, 2, w)).tanh();
    return {at::lerp(n, before.h, gate(rz, 1, w)), {}};
  }
  const Tensor sum = gi + gh;
  const Tensor i = gate(sum, 0, w).sigmoid(), f = gate(sum, 1, w).sigmoid(), g = gate(sum, 2, w).tanh(),
               o = gate(sum, 3, w).sigmoid();
  const Tensor c = before.c.defined() ? at::addcmul(i * g, f, before.c) : i * g;
  return {o * c.tanh(), c};
}

Tensor input_bias(Cell cell, const Tensor& bias_ih, const Tensor& bias_hh) {
  if (cell == Cell::lstm) return bias_ih + bias_hh;
  Tensor sum = bias_ih.clone();
  const int64_t rz = bias_ih.size(0) / 3 * 2;
  sum.slice(0, 0, rz).add_(bias_hh.slice(0, 0, rz));
  return sum;
}

void advance_in_place(Cell cell, StepRows& s, const Tensor& weight_hh, const Tensor& bias_hh) {
  const int64_t w = s.before.h.size(1);
  if (cell == Cell::gru) {
    Tensor rz = s.gates.slice(1, 0, 2 * w), n = gate(s.gates, 2, w);
    rz.addmm_(s.before.h, weight_hh.slice(0, 0, 2 * w).t()).sigmoid_();
    at::addmm_out(s.share, bias_hh.slice(0, 2 * w), s.before.h, weight_hh.slice(0, 2 * w).t());
    n.addcmul_(gate(rz, 0, w), s.share).tanh_();
    if (has_kernel(s) && s.after.h.is_contiguous()) mix_on_cpu(s);
    else at::lerp_out(s.after.h, n, s.before.h, gate(rz, 1, w));
    return;
  }
  s.gates.addmm_(s.before.h, weight_hh.t());
  Tensor i_f = s.gates.slice(1, 0, 2 * w), g = gate(s.gates, 2, w), o = gate(s.gates, 3, w);
  i_f.sigmoid_(), g.tanh_(), o.sigmoid_();
  at::mul_out(s.after.c, gate(i_f, 0, w), g);
  if (s.before.c.defined()) s.after.c.addcmul_(gate(i_f, 1, w), s.before.c);
  at::tanh_out(s.tanh_c, s.after.c);
  at::mul_out(s.after.h, o, s.tanh_c);
}

StepGradient step_gradient(Cell cell, const StepRows& s, const Tensor& dh, const Tensor& dc, Tensor gates) {
  if (cell == Cell::lstm) return lstm_gradient(s, dh, dc, std::move(gates));
  return has_kernel(s) ? gru_on_cpu(s, dh, std::move(gates)) : gru_by_operators(s, dh, std::move(gates));
}

}  // namespace moonlab::label
