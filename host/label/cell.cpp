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
  at::sigmoid_backward_out(dr, dn * gate(s.shares, 2, w), r);
  at::mul_out(share, dn, r);
  return {gates, kept, {}};
}

/// The same in one pass over the rows.
StepGradient gru_on_cpu(const StepRows& s, const Tensor& after, Tensor gates) {
  const Tensor dh = after.contiguous(), kept = at::empty_like(dh), before = s.before.h.contiguous();
  const int64_t rows = dh.size(0), w = dh.size(1);
  const int64_t gate_stride = s.gates.stride(0), share_stride = s.shares.stride(0), out_stride = gates.stride(0);
  AT_DISPATCH_FLOATING_TYPES(dh.scalar_type(), "gru_gradient", [&] {
    const auto *all_gates = s.gates.const_data_ptr<scalar_t>(), *all_shares = s.shares.const_data_ptr<scalar_t>(),
               *all_before = before.const_data_ptr<scalar_t>(), *all_dh = dh.const_data_ptr<scalar_t>();
    auto *all_out = gates.mutable_data_ptr<scalar_t>(), *all_kept = kept.mutable_data_ptr<scalar_t>();
    at::parallel_for(0, rows, std::max<int64_t>(1, 16384 / w), [&](int64_t from, int64_t to) {
      for (int64_t row = from; row < to; ++row) {
        const scalar_t *r = all_gates + row * gate_stride, *z = r + w, *n = z + w, *h = all_before + row * w,
                       *share = all_shares + row * share_stride + 2 * w, *d = all_dh + row * w;
        scalar_t *dn = all_out + row * out_stride, *dr = dn + w, *dz = dr + w, *by_share = dz + w,
                 *back = all_kept + row * w;
        for (int64_t i = 0; i < w; ++i) {
          const scalar_t inner = d[i] * (1 - z[i]) * (1 - n[i] * n[i]);
          dn[i] = inner;
          dr[i] = inner * share[i] * r[i] * (1 - r[i]);
          dz[i] = d[i] * (h[i] - n[i]) * z[i] * (1 - z[i]);
          by_share[i] = inner * r[i];
          back[i] = d[i] * z[i];
        }
      }
    });
  });
  return {gates, kept, {}};
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

bool rows_are_dense(const Tensor& t) { return t.stride(1) == 1; }

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

void advance_in_place(Cell cell, StepRows& s) {
  const int64_t w = s.before.h.size(1);
  if (cell == Cell::gru) {
    Tensor rz = s.gates.slice(1, 0, 2 * w), n = gate(s.gates, 2, w);
    rz.add_(s.shares.slice(1, 0, 2 * w)).sigmoid_();
    n.addcmul_(gate(rz, 0, w), gate(s.shares, 2, w)).tanh_();
    at::lerp_out(s.after.h, n, s.before.h, gate(rz, 1, w));
    return;
  }
  s.gates.add_(s.shares);
  Tensor i_f = s.gates.slice(1, 0, 2 * w), g = gate(s.gates, 2, w), o = gate(s.gates, 3, w);
  i_f.sigmoid_(), g.tanh_(), o.sigmoid_();
  at::mul_out(s.after.c, gate(i_f, 0, w), g);
  if (s.before.c.defined()) s.after.c.addcmul_(gate(i_f, 1, w), s.before.c);
  at::tanh_out(s.tanh_c, s.after.c);
  at::mul_out(s.after.h, o, s.tanh_c);
}

StepGradient step_gradient(Cell cell, const StepRows& s, const Tensor& dh, const Tensor& dc, Tensor gates) {
  if (cell == Cell::lstm) return lstm_gradient(s, dh, dc, std::move(gates));
  const bool plain = dh.is_cpu() && (dh.scalar_type() == at::kFloat || dh.scalar_type() == at::kDouble) &&
                     rows_are_dense(s.gates) && rows_are_dense(s.shares) && rows_are_dense(gates);
  return plain ? gru_on_cpu(s, dh, std::move(gates)) : gru_by_operators(s, dh, std::move(gates));
}

}  // namespace moonlab::label
