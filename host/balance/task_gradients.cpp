#include "host/balance/task_gradients.hpp"

#include <ATen/ATen.h>

#include "host/error.hpp"

namespace moonlab::balance {

namespace {

/// Half precision is too coarse for norms.
at::Tensor wide(const at::Tensor& x) {
  return x.scalar_type() == at::kHalf || x.scalar_type() == at::kBFloat16 ? x.to(at::kFloat) : x;
}

/// Above this many elements, gradients are not copied side by side.
constexpr int64_t kLarge = 1 << 16;

/// [T, T] inner products, or without `between` the [T] squares alone.
at::Tensor gram_of(const Tensors& by_task, const at::TensorOptions& options, bool between) {
  const auto tasks = static_cast<int64_t>(by_task.size());
  int64_t elements = 0;
  for (const auto& g : by_task)
    if (g.defined()) elements = g.numel();
  Tensors rows;
  for (const auto& g : by_task)
    rows.push_back(g.defined() ? wide(g).reshape(-1).to(options.dtype().toScalarType())
                               : at::zeros({elements}, options));
  if (elements <= kLarge) {
    at::Tensor all = at::stack(rows);
    return between ? all.mm(all.t()) : all.square().sum(1);
  }
  if (!between) {
    for (auto& row : rows) row = row.dot(row);
    return at::stack(rows);
  }
  Tensors products(static_cast<size_t>(tasks * tasks));
  for (int64_t i = 0; i < tasks; ++i)
    for (int64_t j = i; j < tasks; ++j)
      products[i * tasks + j] = products[j * tasks + i] =
          by_task[i].defined() && by_task[j].defined() ? rows[i].dot(rows[j]) : at::zeros({}, options);
  return at::stack(products).view({tasks, tasks});
}

/// Weights [parameters, T]. In main memory they are numbers to the processor; those of a device stay tensors, so that
/// nothing waits for it.
struct Weights {
  at::Tensor rows;
  bool known;

  explicit Weights(const at::Tensor& c) : rows(c.is_cpu() ? c.to(at::kDouble).contiguous() : c), known(c.is_cpu()) {}

  /// sum_t c[p, t] list[t]; what is undefined is left out.
  at::Tensor sum(size_t p, const Tensors& list) const {
    at::Tensor total;
    for (size_t t = 0; t < list.size(); ++t) {
      const at::Tensor& g = list[t];
      if (!g.defined()) continue;
      if (known) {
        const double w = rows.const_data_ptr<double>()[p * list.size() + t];
        if (total.defined()) total.add_(g, w);
        else total = g * w;
      } else {
        const at::Tensor w = rows[static_cast<int64_t>(p)][static_cast<int64_t>(t)].to(g.options());
        if (total.defined()) total.addcmul_(g, w);
        else total = g * w;
      }
    }
    return total;
  }
};

/// |d_t^T x|^2 = tr(x x^T d_t d_t^T) of every task, [T].
at::Tensor factor_norms(const at::Tensor& x, const at::Tensor& d) {
  at::Tensor by_task = d.transpose(0, 1);
  return at::bmm(by_task, by_task.transpose(1, 2)).mul_(x.mm(x.t())).sum({1, 2});
}

}  // namespace

TaskGradients::TaskGradients(std::vector<Tensors> by_task) : tasks_(static_cast<int64_t>(by_task.size())) {
  if (by_task.empty() || by_task[0].empty()) fail("balance: no gradients");
  for (const auto& g : by_task)
    if (g.size() != by_task[0].size()) fail("balance: tasks with ", by_task[0].size(), " and ", g.size(), " gradients");
  entries_.resize(by_task[0].size());
  for (size_t p = 0; p < entries_.size(); ++p) {
    const at::Tensor* first = nullptr;
    for (auto& task : by_task) {
      if (task[p].defined()) {
        if (!first) first = &task[p];
        if (task[p].sizes() != first->sizes())
          fail("balance: gradients of shapes ", first->sizes(), " and ", task[p].sizes(), " for parameter ", p + 1);
      }
      entries_[p].by_task.push_back(task[p].defined() && task[p].is_sparse() ? task[p].to_dense() : task[p]);
    }
    if (!first) fail("balance: no task reaches parameter ", p + 1);
  }
}

at::Tensor TaskGradients::Entry::of(int64_t task) const { return d.defined() ? d.select(1, task).t().mm(x) : by_task[task]; }

at::Tensor TaskGradients::products(bool between) const {
  at::NoGradGuard guard;
  at::TensorOptions options;
  Tensors each;
  for (const auto& e : entries_) {
    at::Tensor any = e.d;
    for (const auto& g : e.by_task)
      if (g.defined()) any = g;
    at::TensorOptions own = wide(any.new_empty({0})).options();
    if (each.empty()) options = own;
    if (!e.d.defined()) {
      each.push_back(gram_of(e.by_task, own, between).to(options));
      continue;
    }
    at::Tensor x = wide(e.x), d = wide(e.d);
    if (!between) {
      each.push_back(factor_norms(x, d).to(options));
      continue;
    }
    at::Tensor through = x.mm(x.t()).mm(d.view({d.size(0), -1})).view(d.sizes());
    each.push_back(at::bmm(d, through.transpose(1, 2)).sum(0).to(options));
  }
  at::Tensor all = at::stack(each);
  return between ? all : all.diag_embed();
}

Tensors TaskGradients::combine(const at::Tensor& c) const {
  at::NoGradGuard guard;
  if (c.dim() != 2 || c.size(0) != size() || c.size(1) != tasks_)
    fail("balance: weights of shape ", c.sizes(), " for ", size(), " parameters and ", tasks_, " tasks");
  Tensors total;
  const Weights weights(c);
  for (size_t p = 0; p < entries_.size(); ++p) {
    const auto& e = entries_[p];
    if (e.d.defined()) {
      total.push_back(weights.sum(p, e.d.unbind(1)).t().mm(e.x));
    } else {
      total.push_back(weights.sum(p, e.by_task));
    }
  }
  return total;
}

std::vector<Tensors> TaskGradients::lists() const {
  at::NoGradGuard guard;
  std::vector<Tensors> lists(tasks_);
  for (int64_t t = 0; t < tasks_; ++t)
    for (const auto& e : entries_) lists[t].push_back(e.of(t));
  return lists;
}

void TaskGradients::add(const TaskGradients& other) {
  at::NoGradGuard guard;
  if (other.tasks_ != tasks_ || other.size() != size())
    fail("balance: ", other.tasks_, " tasks with ", other.size(), " gradients do not add to ", tasks_, " with ",
         size());
  for (size_t p = 0; p < entries_.size(); ++p) {
    Tensors sums;
    for (int64_t t = 0; t < tasks_; ++t) {
      at::Tensor a = entries_[p].of(t), b = other.entries_[p].of(t);
      sums.push_back(!a.defined() ? b : !b.defined() ? a : a + b);
    }
    entries_[p] = Entry{std::move(sums), {}, {}};
  }
}

void TaskGradients::append(const TaskGradients& other) {
  if (other.tasks_ != tasks_) fail("balance: gradients of ", other.tasks_, " tasks beside those of ", tasks_);
  entries_.insert(entries_.end(), other.entries_.begin(), other.entries_.end());
}

void TaskGradients::scale(const at::Tensor& factor) {
  at::NoGradGuard guard;
  for (auto& e : entries_) {
    if (e.d.defined()) e.d = e.d * factor.to(e.d.options());
    for (auto& g : e.by_task)
      if (g.defined()) g = g * factor.to(g.options());
  }
}

}  // namespace moonlab::balance
