// Backward of several tasks over one graph, with the weights of linear layers kept as factors.
#include <ATen/ATen.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/generated/Functions.h>
#include <torch/csrc/autograd/variable.h>

#include <unordered_map>
#include <unordered_set>

#include "host/balance/layer_chain.hpp"
#include "host/balance/task_gradients.hpp"
#include "host/error.hpp"

namespace moonlab::balance {

namespace ag = torch::autograd;

namespace {

/// The node of a linear layer (a product with a transposed weight) that is the only use of that weight.
struct Linear {
  ag::Node* node = nullptr;
  const ag::SavedVariable* input = nullptr;
  int uses = 0;
};

/// AccumulateGrad node -> the linear layer that uses its parameter, for all below `root`.
std::unordered_map<ag::Node*, Linear> linear_layers(ag::Node* root) {
  std::unordered_map<ag::Node*, Linear> found;
  std::unordered_set<ag::Node*> seen{root};
  std::vector<ag::Node*> open{root};
  while (!open.empty()) {
    ag::Node* node = open.back();
    open.pop_back();
    for (const auto& edge : node->next_edges()) {
      ag::Node* next = edge.function.get();
      if (!next) continue;
      if (dynamic_cast<ag::AccumulateGrad*>(next)) ++found[next].uses;
      if (seen.insert(next).second) open.push_back(next);
    }
    const ag::SavedVariable* input = nullptr;
    size_t weight_edge = 0;
    if (auto* addmm = dynamic_cast<ag::generated::AddmmBackward0*>(node)) {
      if (is_one(addmm->alpha)) input = &addmm->mat1_;
      weight_edge = 2;
    } else if (auto* mm = dynamic_cast<ag::generated::MmBackward0*>(node)) {
      input = &mm->self_;
      weight_edge = 1;
    }
    if (!input) continue;
    auto* transposed = dynamic_cast<ag::generated::TBackward0*>(node->next_edge(weight_edge).function.get());
    if (!transposed) continue;
    auto* leaf = dynamic_cast<ag::AccumulateGrad*>(transposed->next_edge(0).function.get());
    if (!leaf || has_hooks(*leaf) || has_hooks(*transposed)) continue;
    found[leaf].node = node;
    found[leaf].input = input;
  }
  return found;
}

std::unordered_map<ag::Node*, int> uses_of(const std::unordered_map<ag::Node*, Linear>& layers) {
  std::unordered_map<ag::Node*, int> uses;
  for (const auto& [leaf, layer] : layers) uses[leaf] = layer.uses;
  return uses;
}

/// Whether factors are cheaper than T gradients: B (in + T out) products for the Gram matrix against (T - 1) more
/// weights.
bool factors_pay(int64_t batch, int64_t in, int64_t out, int64_t tasks) {
  return batch * (in + tasks * out) < (tasks - 1) * in * out;
}

}  // namespace

bool TaskGradients::by_chain(const ag::Edge& root, const Tensors& at_features, const Tensors& parameters,
                             const std::unordered_map<ag::Node*, int>& uses, bool keep_graph) {
  std::unordered_map<ag::Node*, size_t> places;
  for (size_t p = 0; p < parameters.size(); ++p) {
    ag::Node* leaf = ag::impl::gradient_edge(parameters[p]).function.get();
    const auto used = uses.find(leaf);
    if (used != uses.end() && used->second > 1) return false;
    places[leaf] = p;
  }
  const auto chain = through_chain(
      root, at_features, [&](ag::Node* leaf) { return places.contains(leaf); }, keep_graph);
  if (!chain) return false;
  at::NoGradGuard guard;
  for (const auto& layer : *chain) {
    const auto bias = places.find(layer.bias), weight = places.find(layer.weight);
    if (bias != places.end()) entries_[bias->second].by_task = layer.d.sum(0).unbind();
    if (weight == places.end()) continue;
    Entry& e = entries_[weight->second];
    e.x = layer.x, e.d = layer.d;
    if (factors_pay(e.x.size(0), e.x.size(1), e.d.size(2), tasks_)) continue;
    for (int64_t t = 0; t < tasks_; ++t) e.by_task.push_back(e.of(t));
    e.x = e.d = at::Tensor();
  }
  for (size_t p = 0; p < parameters.size(); ++p)
    if (!entries_[p].d.defined() && entries_[p].by_task.empty())
      entries_[p].by_task.assign(tasks_, at::zeros_like(parameters[p]));
  return true;
}

TaskGradients TaskGradients::through(const at::Tensor& features, const Tensors& at_features, const Tensors& parameters,
                                     bool keep_graph) {
  if (at_features.empty() || parameters.empty()) fail("balance: no gradients");
  if (!features.requires_grad()) fail("balance: the features have no history: no parameter below them is trained");
  for (const auto& g : at_features)
    if (g.sizes() != features.sizes())
      fail("balance: a gradient of shape ", g.sizes(), " at features of shape ", features.sizes());
  const auto tasks = static_cast<int64_t>(at_features.size());
  const ag::Edge root = ag::impl::gradient_edge(features);
  auto layers = linear_layers(root.function.get());
  TaskGradients result;
  result.tasks_ = tasks;
  result.entries_.resize(parameters.size());
  if (result.by_chain(root, at_features, parameters, uses_of(layers), keep_graph)) return result;
  ag::edge_list wanted;
  for (size_t p = 0; p < parameters.size(); ++p) {
    const ag::Edge leaf = ag::impl::gradient_edge(parameters[p]);
    const auto layer = layers.find(leaf.function.get());
    if (layer != layers.end() && layer->second.node && layer->second.uses == 1) {
      at::Tensor x = layer->second.input->unpack();
      if (x.defined() && x.dim() == 2 && x.layout() == at::kStrided && parameters[p].dim() == 2 &&
          x.scalar_type() == parameters[p].scalar_type() &&
          factors_pay(x.size(0), parameters[p].size(1), parameters[p].size(0), tasks)) {
        result.entries_[p].x = x.detach();
        wanted.emplace_back(layer->second.node->getptr(), 0);
        continue;
      }
    }
    wanted.push_back(leaf);
  }
  std::vector<Tensors> by_task;
  for (int64_t t = 0; t < tasks; ++t)
    by_task.push_back(ag::Engine::get_default_engine().execute({root}, {at_features[t]}, keep_graph || t + 1 < tasks,
                                                               false, false, wanted));
  at::NoGradGuard guard;
  for (size_t p = 0; p < parameters.size(); ++p) {
    Tensors each;
    for (auto& task : by_task) each.push_back(std::move(task[p]));
    Entry& e = result.entries_[p];
    bool reached = true;
    for (const auto& g : each) reached = reached && g.defined();
    if (e.x.defined() && reached) {
      e.d = at::stack(each, 1);
      continue;
    }
    e.x = at::Tensor();
    for (auto& g : each)
      if (!g.defined()) g = at::zeros_like(parameters[p]);
    e.by_task = std::move(each);
  }
  return result;
}

}  // namespace moonlab::balance
