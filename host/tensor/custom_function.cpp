#include "host/tensor/custom_function.hpp"

#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/csrc/autograd/functions/basic_ops.h>
#include <torch/csrc/autograd/saved_variable.h>
#include <torch/csrc/autograd/variable_info.h>

#include <algorithm>
#include <unordered_set>

#include "host/error.hpp"
#include "host/tensor/node_pointer.hpp"

namespace moonlab {

namespace ag = torch::autograd;

namespace {

std::unordered_set<at::TensorImpl*> impls(const Tensors& tensors) {
  std::unordered_set<at::TensorImpl*> set;
  for (const auto& t : tensors)
    if (t.defined()) set.insert(t.unsafeGetTensorImpl());
  return set;
}

}  // namespace

struct SavedTensors::Impl {
  std::vector<ag::SavedVariable> variables;
  Tensors plain;             // during the call itself, and where no graph is recorded
  ag::Node* node = nullptr;  // that of the graph, while it lives
  std::vector<int> edge_of;  // by input: its edge, or -1
  std::vector<bool> needs;
  bool released = false;
};

SavedTensors::SavedTensors() : impl_(new Impl) {}
SavedTensors::~SavedTensors() = default;

Tensors SavedTensors::unpack() const {
  if (impl_->released) fail(ag::ERR_BACKWARD_TWICE);
  if (!impl_->node) return impl_->plain;
  Tensors list;
  for (const auto& variable : impl_->variables) list.push_back(variable.unpack(impl_->node->getptr()));
  return list;
}

std::vector<bool> SavedTensors::needs_input_grad() const { return impl_->needs; }

namespace {

struct CustomNode : ag::Node {
  std::string title;
  std::function<Tensors(const Tensors&)> backward;
  std::shared_ptr<SavedTensors> saved;
  std::vector<ag::VariableInfo> outputs;
  bool materialize = true;

  ~CustomNode() override { saved->impl().node = nullptr, saved->impl().released = true; }

  ag::variable_list apply(ag::variable_list&& grads) override {
    auto& kept = saved->impl();
    at::OptionalDeviceGuard guard;
    if (materialize)
      for (size_t i = 0; i < grads.size(); ++i)
        if (!grads[i].defined()) grads[i] = outputs[i].zeros(guard);
    const std::vector<bool> at_the_call = kept.needs;
    for (size_t i = 0; i < kept.needs.size(); ++i)
      kept.needs[i] = kept.edge_of[i] >= 0 && task_should_compute_output(kept.edge_of[i]);
    Tensors result = backward(grads);
    kept.needs = at_the_call;
    for (size_t i = 0; i < result.size(); ++i) {
      if (!result[i].defined()) continue;
      if (i >= kept.edge_of.size())
        fail("backward of ", title, " returned ", result.size(), " gradients for ", kept.edge_of.size(), " inputs");
      if (kept.edge_of[i] < 0)
        fail("backward of ", title, " returned a gradient for input ", i + 1, ", which is no tensor");
    }
    result.resize(kept.edge_of.size());
    ag::variable_list wanted;  // one for each edge
    for (size_t i = 0; i < result.size(); ++i)
      if (kept.edge_of[i] >= 0) wanted.push_back(result[i]);
    return wanted;
  }

  void release_variables() override {
    for (auto& variable : saved->impl().variables) variable.reset_data();
    saved->impl().released = true;
  }
  std::string name() const override { return title; }
};

}  // namespace

Tensors call_custom(const Tensors& inputs, const CustomFunction& function, const std::shared_ptr<SavedTensors>& saved) {
  auto& kept = saved->impl();
  Tensors tensors;  // the inputs that are tensors
  for (const auto& t : inputs) {
    kept.edge_of.push_back(t.defined() ? static_cast<int>(tensors.size()) : -1);
    kept.needs.push_back(t.defined() && t.requires_grad());
    if (t.defined()) tensors.push_back(t);
  }
  const bool records =
      at::GradMode::is_enabled() && std::any_of(kept.needs.begin(), kept.needs.end(), [](bool needs) { return needs; });
  CustomNode* node = nullptr;
  NodePtr owner;
  if (records) {
    node = new CustomNode;
    owner = own(node);
    node->saved = saved;
    node->title = function.name;
    node->backward = function.backward;
    node->set_next_edges(ag::collect_next_edges(tensors));
    node->clear_input_metadata();
  }

  ForwardResult result;
  {
    at::AutoGradMode no_grad(false);
    at::AutoFwGradMode no_tangents(false);
    result = function.forward();
  }
  kept.plain = result.saved;

  std::vector<std::optional<at::Tensor>> raw;
  for (const auto& out : result.outputs) raw.push_back(out.defined() ? std::optional(out) : std::nullopt);
  ag::_jvp_fn_t jvp = [&](const ag::variable_list&, const ag::variable_list& tangents) {
    if (!function.jvp)
      fail(function.name, " has no jvp: give torch.autograd.fn a function of that name for forward mode");
    Tensors by_argument;
    for (int edge : kept.edge_of) by_argument.push_back(edge >= 0 ? tangents[edge] : at::Tensor());
    return function.jvp(by_argument);
  };
  auto wrapped = ag::_wrap_outputs(
      tensors, impls(result.non_differentiable), impls(result.dirty), raw, owner, jvp,
      result.late ? impls(result.saved) : std::unordered_set<at::TensorImpl*>(),
      [](const at::Tensor& x) { return x.view_as(x); }, /*pure_view=*/false);
  Tensors outputs;
  for (auto& out : wrapped) outputs.push_back(out.value_or(at::Tensor()));
  if (!records) return outputs;

  node->materialize = result.materialize;
  for (const auto& out : outputs) node->outputs.push_back(out.defined() ? ag::VariableInfo(out) : ag::VariableInfo());
  for (size_t i = 0; i < result.saved.size(); ++i) {
    // an output that had to become another tensor is saved as what it became
    at::Tensor t = result.saved[i];
    for (size_t k = 0; k < raw.size(); ++k)
      if (result.late && raw[k] && t.defined() && raw[k]->is_same(t)) t = outputs[k];
    const bool is_output = t.defined() && t.grad_fn().get() == node;
    kept.variables.emplace_back(t, is_output);
  }
  kept.plain.clear();
  kept.node = node;
  return outputs;
}

Tensors delayed_error(const Tensors& tensors, const std::string& message) {
  auto* node = new ag::DelayedError(message, static_cast<int64_t>(tensors.size()));
  NodePtr owner = own(node);
  return (*node)(Tensors(tensors));
}

}  // namespace moonlab
