#include "host/label/unroll.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "host/tensor/node_pointer.hpp"

namespace moonlab::label {

namespace {

using at::Tensor;

Tensor rows_of(const Tensor& all, const Tensor& index) { return index.defined() ? all.index_select(0, index) : all; }

Tensor table_of(const Recurrence& r, int64_t rows_bound) {
  return r.embedding.size(0) <= rows_bound ? at::linear(r.embedding, r.weight_ih, r.bias_ih) : Tensor();
}

Tensor input_gates(const Recurrence& r, const Tensor& table, const Rows& rows) {
  Tensor gates = table.defined() ? table.index_select(0, rows.token)
                                 : at::linear(r.embedding.index_select(0, rows.token), r.weight_ih, r.bias_ih);
  return r.extra.defined() ? gates + rows_of(r.extra, rows.sample) : gates;
}

/// What one step computed, as its derivative needs it.
struct Activations {
  Tensor gates;   // [R, G] after their nonlinearities
  Tensor hidden;  // GRU: the hidden state's share of n before r [R, H]; LSTM: tanh(c)
};

/// torch.nn.GRUCell and LSTMCell: gi and gh [R, G] are the input's and the hidden state's shares of the gates.
CellState advance(Cell cell, const Tensor& gi, const Tensor& gh, const CellState& before, Activations* kept) {
  const int64_t h = before.h.size(1);
  if (cell == Cell::gru) {
    Tensor rz = (gi.slice(1, 0, 2 * h) + gh.slice(1, 0, 2 * h)).sigmoid();
    Tensor r = rz.slice(1, 0, h), z = rz.slice(1, h), share = gh.slice(1, 2 * h);
    Tensor n = at::addcmul(gi.slice(1, 2 * h), r, share).tanh();
    if (kept) *kept = {at::cat({rz, n}, 1), share};
    return {at::lerp(n, before.h, z), {}};
  }
  Tensor sum = gi + gh;
  Tensor i = sum.slice(1, 0, h).sigmoid(), f = sum.slice(1, h, 2 * h).sigmoid(), g = sum.slice(1, 2 * h, 3 * h).tanh(),
         o = sum.slice(1, 3 * h).sigmoid();
  Tensor c = before.c.defined() ? at::addcmul(i * g, f, before.c) : i * g;
  Tensor t = c.tanh();
  if (kept) *kept = {at::cat({i, f, g, o}, 1), t};
  return {o * t, c};
}

/// A level as it was walked.
struct Level {
  Rows rows;
  CellState before, after;
  Activations kept;
};

CellState parents_of(const CellState& state, const Tensor& parent) {
  return {rows_of(state.h, parent), state.c.defined() ? rows_of(state.c, parent) : Tensor()};
}

/// Walks with plain operators; keeps what a derivative by hand needs where `kept`.
std::vector<Level> walk(const Recurrence& r, const NextRows& next, int64_t rows_bound, bool kept) {
  const Tensor table = table_of(r, rows_bound);
  std::vector<Level> levels;
  CellState state{r.h0, {}};
  for (size_t i = 0;; ++i) {
    Level level;
    {
      at::NoGradGuard guard;
      level.rows = next(i, i == 0 ? Tensor() : state.h);
    }
    if (!level.rows.token.defined()) return levels;
    level.before = parents_of(state, level.rows.parent);
    level.after = advance(r.cell, input_gates(r, table, level.rows), at::linear(level.before.h, r.weight_hh, r.bias_hh),
                          level.before, kept ? &level.kept : nullptr);
    state = level.after;
    levels.push_back(std::move(level));
  }
}

Tensor hidden_of(const std::vector<Level>& levels) {
  std::vector<Tensor> all;
  for (const auto& l : levels) all.push_back(l.after.h);
  return all.size() == 1 ? all[0] : at::cat(all);
}

/// Derivatives of one step: of the gates' shares, and of the state before.
struct StepGradient {
  Tensor gi, gh, h, c;
};

StepGradient gru_gradient(const Level& l, const Tensor& dh) {
  const int64_t n = dh.size(1);
  const Tensor r = l.kept.gates.slice(1, 0, n), z = l.kept.gates.slice(1, n, 2 * n), candidate = l.kept.gates.slice(1, 2 * n);
  Tensor gi = at::empty_like(l.kept.gates), gh = at::empty_like(l.kept.gates);
  Tensor dr = gi.slice(1, 0, n), dz = gi.slice(1, n, 2 * n), dn = gi.slice(1, 2 * n);
  const Tensor kept_share = dh * z;
  at::tanh_backward_out(dn, dh - kept_share, candidate);
  at::sigmoid_backward_out(dz, dh * (l.before.h - candidate), z);
  at::sigmoid_backward_out(dr, dn * l.kept.hidden, r);
  gh.slice(1, 0, 2 * n).copy_(gi.slice(1, 0, 2 * n));
  Tensor dgh_n = gh.slice(1, 2 * n);
  at::mul_out(dgh_n, dn, r);
  return {gi, gh, kept_share, {}};
}

StepGradient lstm_gradient(const Level& l, const Tensor& dh, const Tensor& dc_after) {
  const int64_t n = dh.size(1);
  const Tensor &gates = l.kept.gates, &t = l.kept.hidden;
  const Tensor i = gates.slice(1, 0, n), f = gates.slice(1, n, 2 * n), g = gates.slice(1, 2 * n, 3 * n), o = gates.slice(1, 3 * n);
  Tensor dc = at::tanh_backward(dh * o, t);
  if (dc_after.defined()) dc = dc + dc_after;
  Tensor d = at::empty_like(gates);
  Tensor di = d.slice(1, 0, n), df = d.slice(1, n, 2 * n), dg = d.slice(1, 2 * n, 3 * n), dout = d.slice(1, 3 * n);
  at::sigmoid_backward_out(di, dc * g, i);
  at::tanh_backward_out(dg, dc * i, g);
  at::sigmoid_backward_out(dout, dh * t, o);
  if (l.before.c.defined()) at::sigmoid_backward_out(df, dc * l.before.c, f);
  else df.zero_();
  return {d, d, {}, l.before.c.defined() ? dc * f : Tensor()};
}

/// Adds `part` to the rows of `sum`, which may be undefined still, that `index` names (undefined: row by row).
void add_rows(Tensor& sum, const Tensor& part, const Tensor& index, int64_t rows) {
  if (!index.defined()) {
    sum = sum.defined() ? sum + part : part;
    return;
  }
  if (!sum.defined()) sum = at::zeros({rows, part.size(1)}, part.options());
  sum.index_add_(0, index, part);
}

// Not a Function of torch::autograd: the walked levels are kept as they are, with the node, rather than as saved
// variables one by one.
struct UnrollBackward : torch::autograd::Node {
  Recurrence recurrence;
  std::vector<Level> levels;
  std::vector<int64_t> versions;  // of the inputs: a parameter changed before the backward pass would go unnoticed
  bool table = false;

  std::string name() const override { return "UnrollBackward"; }
  void release_variables() override { levels.clear(); }
  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override;
  torch::autograd::variable_list again(const Tensor& grad);
};

std::vector<Tensor> inputs_of(const Recurrence& r) {
  return {r.embedding, r.weight_ih, r.bias_ih, r.weight_hh, r.bias_hh, r.h0, r.extra};
}

// With create_graph the derivative must itself have a history: the walk is repeated with plain operators.
torch::autograd::variable_list UnrollBackward::again(const Tensor& grad) {
  const Tensor hidden = hidden_of(walk(
      recurrence, [&](size_t i, const Tensor&) { return i < levels.size() ? levels[i].rows : Rows{}; },
      table ? recurrence.embedding.size(0) : 0, false));
  torch::autograd::variable_list wanted, result(7);
  std::vector<size_t> place;
  const auto inputs = inputs_of(recurrence);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && inputs[i].requires_grad()) wanted.push_back(inputs[i]), place.push_back(i);
  auto found = torch::autograd::grad({hidden}, wanted, {grad}, /*retain_graph=*/true, /*create_graph=*/true, /*allow_unused=*/true);
  for (size_t i = 0; i < place.size(); ++i) result[place[i]] = found[i];
  return result;
}

torch::autograd::variable_list UnrollBackward::apply(torch::autograd::variable_list&& grads) {
  const Tensor grad = grads[0];
  if (!grad.defined()) return torch::autograd::variable_list(7);
  TORCH_CHECK(!levels.empty(),
              "Trying to backward through the graph a second time: give the first backward retain_graph = true");
  const Recurrence& r = recurrence;
  const auto inputs = inputs_of(r);
  for (size_t i = 0; i < inputs.size(); ++i)
    TORCH_CHECK(!inputs[i].defined() || inputs[i]._version() == versions[i],
                "a parameter of the decoder was changed in place between its loss and the backward pass");
  if (at::GradMode::is_enabled()) return again(grad);
  std::vector<Tensor> dgi(levels.size()), dgh(levels.size()), tokens, before;
  Tensor dh, dc, dextra;  // of the level's rows
  int64_t end = grad.size(0);
  for (size_t i = levels.size(); i-- > 0;) {
    const Level& l = levels[i];
    const int64_t rows = l.rows.token.size(0), rows_above = i == 0 ? r.h0.size(0) : levels[i - 1].rows.token.size(0);
    const Tensor own = grad.narrow(0, end - rows, rows);
    end -= rows;
    const StepGradient d = r.cell == Cell::gru ? gru_gradient(l, dh.defined() ? dh + own : own)
                                               : lstm_gradient(l, dh.defined() ? dh + own : own, dc);
    dgi[i] = d.gi, dgh[i] = d.gh;
    const Tensor back = d.h.defined() ? at::addmm(d.h, d.gh, r.weight_hh) : at::mm(d.gh, r.weight_hh);
    dh = dc = Tensor();
    add_rows(dh, back, l.rows.parent, rows_above);
    if (d.c.defined()) add_rows(dc, d.c, l.rows.parent, rows_above);
    if (r.extra.defined()) add_rows(dextra, d.gi, l.rows.sample, r.extra.size(0));
  }
  for (const auto& l : levels) tokens.push_back(l.rows.token), before.push_back(l.before.h);
  const Tensor all_gi = at::cat(dgi), all_gh = at::cat(dgh), token = at::cat(tokens);
  Tensor dembedding, dweight_ih;
  if (table) {
    const Tensor dtable = at::zeros({r.embedding.size(0), all_gi.size(1)}, all_gi.options()).index_add_(0, token, all_gi);
    dembedding = dtable.mm(r.weight_ih), dweight_ih = dtable.t().mm(r.embedding);
  } else {
    dembedding = at::zeros_like(r.embedding).index_add_(0, token, all_gi.mm(r.weight_ih));
    dweight_ih = all_gi.t().mm(r.embedding.index_select(0, token));
  }
  return {dembedding, dweight_ih, all_gi.sum(0), all_gh.t().mm(at::cat(before)), all_gh.sum(0), dh, dextra};
}

}  // namespace

Tensor unroll(const Recurrence& r, const NextRows& next, int64_t rows_bound) {
  const auto inputs = inputs_of(r);
  bool wanted = false;
  for (const auto& t : inputs) wanted |= t.defined() && t.requires_grad();
  if (!wanted || !at::GradMode::is_enabled()) return hidden_of(walk(r, next, rows_bound, false));
  auto* node = new UnrollBackward;
  const NodePtr held = own(node);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  node->recurrence = r, node->table = r.embedding.size(0) <= rows_bound;
  for (const auto& t : inputs) node->versions.push_back(t.defined() ? static_cast<int64_t>(t._version()) : 0);
  Tensor hidden;
  {
    at::NoGradGuard guard;
    node->levels = walk(r, next, rows_bound, true);
    // a tensor of its own: the node must not hold the tensor whose history it is
    hidden = node->levels.size() == 1 ? node->levels[0].after.h.detach() : hidden_of(node->levels);
    for (auto& level : node->levels) level.after = {};
  }
  torch::autograd::set_history(hidden, held);
  return hidden;
}

CellWalk::CellWalk(const Recurrence& r, int64_t rows_bound) : r_(r) {
  at::NoGradGuard guard;
  table_ = table_of(r_, rows_bound);
}

CellState CellWalk::start() const { return {r_.h0, {}}; }

CellState CellWalk::step(const Rows& rows, const CellState& before) const {
  at::NoGradGuard guard;
  const CellState state = parents_of(before, rows.parent);
  return advance(r_.cell, input_gates(r_, table_, rows), at::linear(state.h, r_.weight_hh, r_.bias_hh), state, nullptr);
}

}  // namespace moonlab::label
