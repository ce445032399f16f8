#include "host/label/unroll.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/utils.h>

#include "host/error.hpp"
#include "host/tensor/node_pointer.hpp"

namespace moonlab::label {

namespace {

using at::Tensor;

Tensor rows_of(const Tensor& all, const Tensor& index) { return index.defined() ? all.index_select(0, index) : all; }

/// The input's shares of the gates of every token (input_bias), where that is less work.
Tensor table_of(const Recurrence& r, const Tensor& bias, int64_t most_rows) {
  return r.embedding.size(0) <= most_rows ? at::linear(r.embedding, r.weight_ih, bias) : Tensor();
}

CellState parents_of(const CellState& state, const Tensor& parent) {
  return {rows_of(state.h, parent), state.c.defined() ? rows_of(state.c, parent) : Tensor()};
}

/// The walk with operators that have derivatives.
Tensor walk(const Recurrence& r, const NextRows& next, bool with_table) {
  const Tensor table = with_table ? at::linear(r.embedding, r.weight_ih, r.bias_ih) : Tensor();
  std::vector<Tensor> all;
  CellState state{r.h0, {}};
  for (size_t i = 0;; ++i) {
    const Rows rows = next(i, i == 0 ? Tensor() : state.h);
    if (!rows.token.defined()) return all.size() == 1 ? all[0] : at::cat(all);
    Tensor gi = with_table ? table.index_select(0, rows.token)
                           : at::linear(r.embedding.index_select(0, rows.token), r.weight_ih, r.bias_ih);
    if (r.extra.defined()) gi = gi + rows_of(r.extra, rows.sample);
    const CellState before = parents_of(state, rows.parent);
    state = advance(r.cell, gi, at::linear(before.h, r.weight_hh, r.bias_hh), before);
    all.push_back(state.h);
  }
}

/// The input's shares of the gates of a level, into `gates`.
void input_gates(const Recurrence& r, const Tensor& table, const Tensor& bias, const Rows& rows, Tensor gates) {
  if (table.defined()) at::index_select_out(gates, table, 0, rows.token);
  else at::addmm_out(gates, bias, r.embedding.index_select(0, rows.token), r.weight_ih.t());
  if (r.extra.defined()) gates.add_(rows_of(r.extra, rows.sample));
}

/// A level as it was walked, its rows views of what Walked holds.
struct Level {
  Rows rows;
  int64_t first, count;
  bool has_c;  // a cell state before it
};

/// A whole walk: rows of all levels one below the other. What only one of the cells has is undefined for the other.
struct Walked {
  Tensor gates, share, before, after, before_c, after_c, tanh_c;
  std::vector<Level> levels;
  int64_t used = 0;

  Walked(const Recurrence& r, int64_t rows) {
    const int64_t h = r.h0.size(1), g = gates_of(r.cell) * h;
    auto make = [&](int64_t width) { return at::empty({rows, width}, r.h0.options()); };
    gates = make(g), before = make(h), after = make(h);
    if (r.cell == Cell::gru) share = make(h);
    else before_c = make(h), after_c = make(h), tanh_c = make(h);
  }
  StepRows rows(const Level& l) const {
    auto part = [&](const Tensor& t) { return t.defined() ? t.narrow(0, l.first, l.count) : Tensor(); };
    return {part(gates),
            part(share),
            part(tanh_c),
            {part(before), l.has_c ? part(before_c) : Tensor()},
            {part(after), part(after_c)}};
  }
};

void take_rows(Tensor into, const Tensor& from, const Tensor& index) {
  if (index.defined()) at::index_select_out(into, from, 0, index);
  else into.copy_(from);
}

/// The walk in memory taken at once, without derivatives: the rows that are walked are those of the result's tensors.
Walked walk_in_place(const Recurrence& r, const NextRows& next, int64_t most_rows) {
  const Tensor bias = input_bias(r.cell, r.bias_ih, r.bias_hh), table = table_of(r, bias, most_rows);
  Walked w(r, most_rows);
  CellState state{r.h0, {}};
  for (size_t i = 0;; ++i) {
    Level level{next(i, i == 0 ? Tensor() : state.h), w.used, 0, state.c.defined()};
    if (!level.rows.token.defined()) break;
    level.count = level.rows.token.size(0);
    if (w.used + level.count > most_rows) fail("unroll: more than ", most_rows, " rows");
    StepRows s = w.rows(level);
    take_rows(s.before.h, state.h, level.rows.parent);
    if (level.has_c) take_rows(s.before.c, state.c, level.rows.parent);
    input_gates(r, table, bias, level.rows, s.gates);
    advance_in_place(r.cell, s, r.weight_hh, r.bias_hh);
    state = s.after;
    w.used += level.count;
    w.levels.push_back(std::move(level));
  }
  return w;
}

// Not a Function of torch::autograd: the walked levels are kept as they are, with the node, rather than as saved
// variables one by one.
struct UnrollBackward : torch::autograd::Node {
  Recurrence recurrence;
  std::optional<Walked> walked;
  std::vector<int64_t> versions;  // of the inputs: a parameter changed before the backward pass would go unnoticed
  bool table = false;

  std::string name() const override { return "UnrollBackward"; }
  void release_variables() override { walked.reset(); }
  torch::autograd::variable_list apply(torch::autograd::variable_list&& grads) override;
  torch::autograd::variable_list again(const Tensor& grad);
};

std::vector<Tensor> inputs_of(const Recurrence& r) {
  return {r.embedding, r.weight_ih, r.bias_ih, r.weight_hh, r.bias_hh, r.h0, r.extra};
}

// With create_graph the derivative must itself have a history: the walk is repeated with plain operators.
torch::autograd::variable_list UnrollBackward::again(const Tensor& grad) {
  const auto& levels = walked->levels;
  const Tensor hidden = walk(
      recurrence, [&](size_t i, const Tensor&) { return i < levels.size() ? levels[i].rows : Rows{}; }, table);
  torch::autograd::variable_list wanted, result(7);
  std::vector<size_t> place;
  const auto inputs = inputs_of(recurrence);
  for (size_t i = 0; i < inputs.size(); ++i)
    if (inputs[i].defined() && inputs[i].requires_grad()) wanted.push_back(inputs[i]), place.push_back(i);
  auto found = torch::autograd::grad({hidden}, wanted, {grad}, /*retain_graph=*/true, /*create_graph=*/true,
                                     /*allow_unused=*/true);
  for (size_t i = 0; i < place.size(); ++i) result[place[i]] = found[i];
  return result;
}

torch::autograd::variable_list UnrollBackward::apply(torch::autograd::variable_list&& grads) {
  const Tensor grad = grads[0];
  if (!grad.defined()) return torch::autograd::variable_list(7);
  TORCH_CHECK(walked,
              "Trying to backward through the graph a second time: give the first backward retain_graph = true");
  const Recurrence& r = recurrence;
  const auto inputs = inputs_of(r);
  for (size_t i = 0; i < inputs.size(); ++i)
    TORCH_CHECK(!inputs[i].defined() || inputs[i]._version() == versions[i],
                "a parameter of the decoder was changed in place between its loss and the backward pass");
  if (at::GradMode::is_enabled()) return again(grad);
  const Walked& w = *walked;
  const int64_t width = r.h0.size(1), g = gates_of(r.cell) * width;
  const bool gru = r.cell == Cell::gru;
  Tensor d = at::empty({w.used, 4 * width}, grad.options());  // as StepGradient::gates
  const Tensor by_input = d.slice(1, 0, g), by_hidden = gru ? d.slice(1, width) : d;
  Tensor dh = grad.narrow(0, w.used - w.levels.back().count, w.levels.back().count), dc, dextra;
  if (r.extra.defined()) dextra = at::zeros_like(r.extra);
  for (size_t i = w.levels.size(); i-- > 0;) {
    const Level& l = w.levels[i];
    StepGradient s = step_gradient(r.cell, w.rows(l), dh, dc, d.narrow(0, l.first, l.count));
    const Tensor share = by_hidden.narrow(0, l.first, l.count);
    const Tensor back = s.h.defined() ? s.h.addmm_(share, r.weight_hh) : at::mm(share, r.weight_hh);
    // to the level above, whose rows have gradients of their own
    const Level* above = i == 0 ? nullptr : &w.levels[i - 1];
    auto raise = [&](const Tensor& own, const Tensor& part, int64_t rows) -> Tensor {
      if (!l.rows.parent.defined()) return own.defined() ? own + part : part;
      Tensor sum = own.defined() ? own.clone() : at::zeros({rows, width}, part.options());
      return sum.index_add_(0, l.rows.parent, part);
    };
    const int64_t rows = above ? above->count : r.h0.size(0);
    dh = raise(above ? grad.narrow(0, above->first, rows) : Tensor(), back, rows);
    dc = s.c.defined() ? raise({}, s.c, rows) : Tensor();
    if (!dextra.defined()) continue;
    const Tensor part = by_input.narrow(0, l.first, l.count);
    if (l.rows.sample.defined()) dextra.index_add_(0, l.rows.sample, part);
    else dextra.add_(part);
  }
  // a GRU's gates are in the order n, r, z where they come from the input; its weights have r, z, n
  auto in_order = [&](const Tensor& t, int64_t dim) { return gru ? t.roll(-width, dim) : t; };
  std::vector<Tensor> tokens;
  for (const auto& l : w.levels) tokens.push_back(l.rows.token);
  const Tensor token = tokens.size() == 1 ? tokens[0] : at::cat(tokens);
  Tensor dembedding, dweight_ih;
  if (table) {
    const int64_t tokens_there = r.embedding.size(0);
    const Tensor all =
        d.is_cpu()
            ? at::embedding_dense_backward(d, token, tokens_there, /*padding_idx=*/-1, /*scale_grad_by_freq=*/false)
            : at::zeros({tokens_there, d.size(1)}, d.options()).index_add_(0, token, d);  // which never waits
    const Tensor dtable = in_order(all.slice(1, 0, g), 1);
    dembedding = dtable.mm(r.weight_ih), dweight_ih = dtable.t().mm(r.embedding);
  } else {
    const Tensor ordered = in_order(by_input, 1);
    dembedding = at::zeros_like(r.embedding).index_add_(0, token, ordered.mm(r.weight_ih));
    dweight_ih = ordered.t().mm(r.embedding.index_select(0, token));
  }
  const Tensor sums = d.sum(0);
  return {dembedding,
          dweight_ih,
          in_order(sums.slice(0, 0, g), 0),
          by_hidden.t().mm(w.before.narrow(0, 0, w.used)),
          gru ? sums.slice(0, width) : sums,
          dh,
          dextra.defined() ? in_order(dextra, 1) : dextra};
}

}  // namespace

Tensor unroll(const Recurrence& r, const NextRows& next, int64_t most_rows) {
  const auto inputs = inputs_of(r);
  bool wanted = false;
  for (const auto& t : inputs) wanted |= t.defined() && t.requires_grad();
  if (!wanted || !at::GradMode::is_enabled()) {
    at::NoGradGuard guard;
    const Walked w = walk_in_place(r, next, most_rows);
    return w.after.narrow(0, 0, w.used);
  }
  auto* node = new UnrollBackward;
  const NodePtr held = own(node);
  node->set_next_edges(torch::autograd::collect_next_edges(inputs));
  node->recurrence = r, node->table = r.embedding.size(0) <= most_rows;
  for (const auto& t : inputs) node->versions.push_back(t.defined() ? static_cast<int64_t>(t._version()) : 0);
  Tensor hidden;
  {
    at::NoGradGuard guard;
    node->walked = walk_in_place(r, next, most_rows);
    hidden = node->walked->after.narrow(0, 0, node->walked->used).detach();
    node->walked->after = Tensor();  // the node must not hold the tensor whose history it is
  }
  torch::autograd::set_history(hidden, held);
  return hidden;
}

CellWalk::CellWalk(const Recurrence& r, int64_t most_rows) : r_(r) {
  at::NoGradGuard guard;
  bias_ = input_bias(r_.cell, r_.bias_ih, r_.bias_hh);
  table_ = table_of(r_, bias_, most_rows);
}

CellState CellWalk::start() const { return {r_.h0, {}}; }

CellState CellWalk::step(const Rows& rows, const CellState& before) const {
  at::NoGradGuard guard;
  const int64_t n = rows.token.size(0), h = r_.h0.size(1);
  auto make = [&](int64_t width) { return at::empty({n, width}, r_.h0.options()); };
  StepRows s{make(gates_of(r_.cell) * h), {}, {}, parents_of(before, rows.parent), {make(h), {}}};
  if (r_.cell == Cell::lstm) s.after.c = make(h), s.tanh_c = make(h);
  else s.share = make(h);
  input_gates(r_, table_, bias_, rows, s.gates);
  advance_in_place(r_.cell, s, r_.weight_hh, r_.bias_hh);
  return s.after;
}

}  // namespace moonlab::label
