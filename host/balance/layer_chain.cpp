#include "host/balance/layer_chain.hpp"

#include <ATen/ATen.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/functions/accumulate_grad.h>
#include <torch/csrc/autograd/generated/Functions.h>
#include <torch/csrc/autograd/variable.h>

namespace moonlab::balance {

namespace ag = torch::autograd;

namespace {

/// A node of the chain as it is met from the features down.
struct Link {
  ag::Node* node = nullptr;
  ag::generated::ReluBackward0* relu = nullptr;  // or a linear layer:
  const ag::SavedVariable *input = nullptr, *weight_t = nullptr;
  ag::Node *weight = nullptr, *bias = nullptr;
};

/// Whether `edge` leads to a leaf that nobody listens to, or nowhere: the leaf goes to `found`.
bool leaf_at(const ag::Edge& edge, ag::Node*& found) {
  if (!edge.is_valid()) return true;
  auto* leaf = dynamic_cast<ag::AccumulateGrad*>(edge.function.get());
  if (!leaf || has_hooks(*leaf)) return false;
  found = leaf;
  return true;
}

/// The linear layer of a node, and where its input came from; false where it is none.
bool linear(ag::Node* node, Link& link, ag::Edge& below) {
  ag::Edge weight;
  if (auto* addmm = dynamic_cast<ag::generated::AddmmBackward0*>(node)) {
    if (!is_one(addmm->alpha) || !is_one(addmm->beta)) return false;
    link.input = &addmm->mat1_, link.weight_t = &addmm->mat2_;
    if (!leaf_at(node->next_edge(0), link.bias)) return false;
    below = node->next_edge(1), weight = node->next_edge(2);
  } else if (auto* mm = dynamic_cast<ag::generated::MmBackward0*>(node)) {
    link.input = &mm->self_, link.weight_t = &mm->mat2_;
    below = node->next_edge(0), weight = node->next_edge(1);
  } else {
    return false;
  }
  if (!weight.is_valid()) return true;
  auto* transposed = dynamic_cast<ag::generated::TBackward0*>(weight.function.get());
  return transposed && !has_hooks(*transposed) && leaf_at(transposed->next_edge(0), link.weight);
}

/// The links from the features down; empty where the graph is no such chain.
std::vector<Link> links_below(const ag::Edge& root, const std::function<bool(ag::Node*)>& wanted) {
  std::vector<Link> links;
  size_t needed = 0;
  ag::Edge at = root;
  while (at.is_valid()) {
    ag::Node* node = at.function.get();
    if (dynamic_cast<ag::AccumulateGrad*>(node)) break;  // an input that wants a gradient of its own gets none here
    Link link;
    link.node = node;
    ag::Edge below;
    if (has_hooks(*node) || at.input_nr != 0) return {};
    if (auto* relu = dynamic_cast<ag::generated::ReluBackward0*>(node)) {
      link.relu = relu;
      below = node->next_edge(0);
    } else if (!linear(node, link, below)) {
      return {};
    }
    links.push_back(link);
    if (link.weight && wanted(link.weight)) needed = links.size();
    if (link.bias && wanted(link.bias)) needed = links.size();
    at = below;
  }
  links.resize(needed);
  return links;
}

}  // namespace

bool has_hooks(ag::Node& node) {
  return !node.pre_hooks().empty() || !node.post_hooks().empty() || !node.tensor_pre_hooks().empty() ||
         !node.retains_grad_hooks().empty() || node.tensor_post_acc_grad_hooks() != nullptr;
}

bool is_one(const at::Scalar& s) {
  return s.isIntegral(true) ? s.toLong() == 1 : s.isFloatingPoint() && s.toDouble() == 1;
}

std::optional<std::vector<ChainLayer>> through_chain(const ag::Edge& root, const std::vector<at::Tensor>& at_features,
                                                     const std::function<bool(ag::Node*)>& wanted, bool keep_graph) {
  if (ag::AnomalyMode::is_enabled() || at_features[0].dim() != 2) return std::nullopt;
  const std::vector<Link> links = links_below(root, wanted);
  if (links.empty()) return std::nullopt;
  at::NoGradGuard guard;
  std::vector<ChainLayer> layers;
  std::vector<std::pair<at::Tensor, at::Tensor>> saved;  // all are looked at before anything is computed
  for (const Link& link : links) {
    at::Tensor first = link.relu ? link.relu->result_.unpack(link.node->getptr()) : link.input->unpack();
    at::Tensor second = link.relu ? at::Tensor() : link.weight_t->unpack();
    for (const auto& t : {first, second})
      if (t.defined() && (t.dim() != 2 || t.layout() != at::kStrided || t.scalar_type() != at_features[0].scalar_type()))
        return std::nullopt;
    saved.emplace_back(first.defined() ? first.detach() : first, second.defined() ? second.detach() : second);
  }
  const auto batch = at_features[0].size(0), tasks = static_cast<int64_t>(at_features.size());
  at::Tensor d = at::stack(at_features, 1);
  for (size_t i = 0; i < links.size(); ++i) {
    const auto& [first, weight_t] = saved[i];
    if (links[i].relu) {
      at::threshold_backward_out(d, d, first.unsqueeze(1).expand_as(d), 0);
      continue;
    }
    layers.push_back({links[i].weight, links[i].bias, first, d});
    if (i + 1 < links.size()) d = d.view({batch * tasks, -1}).mm(weight_t.t()).view({batch, tasks, -1});
  }
  if (!keep_graph)
    for (const Link& link : links) link.node->release_variables();
  return layers;
}

}  // namespace moonlab::balance
