#include "host/tensor/graph_node.hpp"

#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/function_hook.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/variable.h>

#include <list>

#include "host/error.hpp"
#include "host/tensor/print.hpp"

namespace moonlab {

namespace ag = torch::autograd;

struct GraphNode::Impl {
  decltype(ag::Edge::function) node;
};

namespace {

std::shared_ptr<GraphNode> wrapped(const decltype(ag::Edge::function)& node) {
  return node ? std::make_shared<GraphNode>(std::make_shared<GraphNode::Impl>(GraphNode::Impl{node})) : nullptr;
}

using Alive = std::shared_ptr<bool>;

struct After : ag::FunctionPostHook {
  std::function<Tensors(const Tensors&, const Tensors&)> f;
  Alive alive;
  ag::variable_list operator()(const ag::variable_list& inputs, const ag::variable_list& outputs) override {
    if (!*alive) return inputs;
    Tensors replaced = f(inputs, outputs);
    if (replaced.empty()) return inputs;
    if (replaced.size() != inputs.size())
      fail("a hook of a node returned ", replaced.size(), " gradients, the node has ", inputs.size());
    return replaced;
  }
};

struct Before : ag::FunctionPreHook {
  std::function<Tensors(const Tensors&)> f;
  Alive alive;
  ag::variable_list operator()(const ag::variable_list& grads) override {
    if (!*alive) return grads;
    Tensors replaced = f(grads);
    if (replaced.empty()) return grads;
    if (replaced.size() != grads.size())
      fail("a hook before a node returned ", replaced.size(), " gradients, the node takes ", grads.size());
    return replaced;
  }
};

/// All hooks after accumulation of one leaf: LibTorch has room for one object.
struct AfterAccumulation : ag::PostAccumulateGradHook {
  std::list<std::pair<std::function<void(const at::Tensor&)>, Alive>> list;
  void operator()(const at::Tensor& x) override {
    const auto now = list;
    for (const auto& [f, alive] : now)
      if (*alive) f(x);
  }
};

}  // namespace

std::shared_ptr<GraphNode> GraphNode::of(const at::Tensor& x) { return wrapped(x.grad_fn()); }

std::pair<std::shared_ptr<GraphNode>, unsigned> GraphNode::edge_of(const at::Tensor& x) {
  if (!x.requires_grad()) fail("get_gradient_edge: ", summary(x), " does not require a gradient");
  const ag::Edge edge = ag::impl::gradient_edge(x);
  return {wrapped(edge.function), edge.input_nr};
}

std::string node_name(const at::Tensor& x) {
  const auto node = wrapped(x.grad_fn());
  return node ? node->name() : "";
}

std::string GraphNode::name() const {
  std::string name = impl_->node->name();
  if (const size_t colons = name.rfind("::"); colons != name.npos) name.erase(0, colons + 2);
  // a number beside a tensor takes the overload for numbers here, in Python the one for tensors
  for (const char* numbered : {"AddBackward1", "SubBackward1", "MulBackward1", "DivBackward1"})
    if (name == numbered) name.back() = '0';
  return name;
}

std::vector<std::pair<std::shared_ptr<GraphNode>, unsigned>> GraphNode::next() const {
  std::vector<std::pair<std::shared_ptr<GraphNode>, unsigned>> list;
  for (const auto& edge : impl_->node->next_edges()) list.emplace_back(wrapped(edge.function), edge.input_nr);
  return list;
}

bool GraphNode::same(const GraphNode& other) const { return impl_->node.get() == other.impl_->node.get(); }

int64_t GraphNode::sequence_number() const { return static_cast<int64_t>(impl_->node->sequence_nr()); }

at::Tensor GraphNode::variable() const {
  auto* leaf = dynamic_cast<ag::AccumulateGrad*>(impl_->node.get());
  return leaf ? leaf->variable : at::Tensor();
}

std::function<void()> GraphNode::after(std::function<Tensors(const Tensors&, const Tensors&)> f) {
  auto hook = std::make_unique<After>();
  hook->f = std::move(f);
  auto alive = hook->alive = std::make_shared<bool>(true);
  impl_->node->add_post_hook(std::move(hook));
  return [alive] { *alive = false; };
}

std::function<void()> GraphNode::before(std::function<Tensors(const Tensors&)> f) {
  auto hook = std::make_unique<Before>();
  hook->f = std::move(f);
  auto alive = hook->alive = std::make_shared<bool>(true);
  impl_->node->add_pre_hook(std::move(hook));
  return [alive] { *alive = false; };
}

std::function<void()> after_accumulation(const at::Tensor& leaf, std::function<void(const at::Tensor&)> f) {
  if (!leaf.requires_grad() || !leaf.is_leaf())
    fail("register_post_accumulate_grad_hook: ", summary(leaf), " is no leaf that requires a gradient");
  auto* hooks = dynamic_cast<AfterAccumulation*>(ag::impl::post_acc_grad_hooks(leaf).get());
  if (!hooks) {
    auto made = std::make_unique<AfterAccumulation>();
    hooks = made.get();
    ag::impl::set_post_acc_grad_hooks(leaf, std::move(made));
  }
  auto alive = std::make_shared<bool>(true);
  hooks->list.emplace_back(std::move(f), alive);
  return [alive] { *alive = false; };
}

}  // namespace moonlab
