#include "host/tensor/autograd.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/core/AutogradState.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include "host/error.hpp"
#include "host/tensor/print.hpp"

namespace moonlab {

namespace ag = torch::autograd;

namespace {

void check_outputs(const Tensors& outputs, const Tensors& gradients) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad()) fail("backward: ", summary(outputs[i]), " has no history: nothing that requires a gradient made it");
    const bool given = i < gradients.size() && gradients[i].defined();
    if (!given && outputs[i].numel() != 1) fail("backward: ", summary(outputs[i]), " is no single number; reduce it or give backward{gradient=}");
  }
}

}  // namespace

void backward(const Tensors& outputs, const Tensors& gradients, std::optional<bool> retain, bool create, const Tensors& inputs) {
  check_outputs(outputs, gradients);
  ag::backward(outputs, gradients.empty() ? Tensors(outputs.size()) : gradients, retain, create, inputs);
}

Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& grad_outputs, std::optional<bool> retain, bool create, bool unused) {
  check_outputs(outputs, grad_outputs);
  return ag::grad(outputs, inputs, grad_outputs.empty() ? Tensors(outputs.size()) : grad_outputs, retain, create, unused);
}

namespace {

// Nodes are intrusive pointers from LibTorch 2.13 on, shared pointers before.
using NodePtr = decltype(ag::Edge::function);

template <class Pointer, class Node>
Pointer own(Node* node) {
  if constexpr (requires { Pointer::reclaim(node); }) return Pointer(c10::intrusive_ptr<Node>::unsafe_steal_from_new(node));
  else return Pointer(node);
}

struct CustomNode : ag::Node {
  std::function<Tensors(const Tensors&)> call;
  size_t inputs = 0;

  ag::variable_list apply(ag::variable_list&& grads) override {
    Tensors result = call(grads);
    if (result.size() > inputs) fail("backward of a custom function returned ", result.size(), " gradients for ", inputs, " inputs");
    result.resize(inputs);
    ag::variable_list wanted;  // one for each input that has an edge
    for (size_t i = 0; i < inputs; ++i)
      if (recorded[i]) wanted.push_back(result[i]);
    return wanted;
  }
  std::string name() const override { return "CustomFunctionBackward"; }

  std::vector<bool> recorded;
};

}  // namespace

Tensors custom_function(const Tensors& inputs, const std::function<Tensors(const Tensors&)>& forward,
                        std::function<Tensors(const Tensors&)> backward) {
  bool any = false;
  for (const auto& t : inputs) any |= t.defined() && t.requires_grad();
  any &= at::GradMode::is_enabled();
  Tensors outputs;
  {
    at::NoGradGuard guard;
    outputs = forward(inputs);
  }
  if (!any) return outputs;
  auto* node = new CustomNode;
  NodePtr owner = own<NodePtr>(node);
  node->call = std::move(backward);
  node->inputs = inputs.size();
  ag::edge_list edges;
  for (const auto& t : inputs) {
    const bool records = t.defined();
    node->recorded.push_back(records);
    if (records) edges.push_back(ag::impl::gradient_edge(t));
  }
  node->set_next_edges(std::move(edges));
  for (auto& out : outputs) {
    if (!out.defined()) continue;
    // an input handed through, or a view of one, becomes a tensor of its own: its history would otherwise be rewritten
    for (const auto& in : inputs)
      if (in.defined() && (in.is_same(out) || out.requires_grad())) out = out.detach();
    if (at::isFloatingType(out.scalar_type()) || at::isComplexType(out.scalar_type())) ag::create_gradient_edge(out, owner);
    else node->add_input_metadata(ag::Node::undefined_input());
  }
  return outputs;
}

unsigned register_hook(const at::Tensor& tensor, std::function<at::Tensor(const at::Tensor&)> f) {
  if (!tensor.requires_grad()) fail("register_hook: ", summary(tensor), " does not require a gradient, its hook would never run");
  return tensor.register_hook([f = std::move(f)](const at::Tensor& grad) -> at::Tensor { return f(grad); });
}

void remove_hook(const at::Tensor& tensor, unsigned number) { tensor.remove_hook(number); }

bool grad_enabled() { return at::GradMode::is_enabled(); }

struct ModeGuard::Impl {
  std::optional<at::AutoGradMode> grad;
  std::optional<c10::InferenceMode> inference;
};

ModeGuard::ModeGuard(Mode mode) : impl_(new Impl) {
  if (mode == Mode::inference) impl_->inference.emplace(true);
  else impl_->grad.emplace(mode == Mode::enable_grad);
}
ModeGuard::~ModeGuard() = default;

void run_backward_on_calling_thread() { c10::AutogradState::get_tls_state().set_multithreading_enabled(false); }

}  // namespace moonlab
