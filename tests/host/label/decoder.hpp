// Decoders with known parameters, and gradients by differences.
#pragma once

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <catch2/catch.hpp>

#include "host/label/path_decoder.hpp"
#include "oracle.hpp"

using namespace moonlab;
using graph::Description;
using graph::LabelGraph;
using graph::Token;
using label::PathDecoder;

inline std::shared_ptr<const LabelGraph> graph_of(const Json& json) {
  return std::make_shared<LabelGraph>(Description::from_json(json));
}

/// Two species; cats by hair (one softmax), colour (another) and breed. `british` has one deterministic path and two
/// nondeterministic ones, `mau` two deterministic ones, `mix` none that is deterministic, `cat` is an inner label.
inline std::shared_ptr<const LabelGraph> cats() {
  return graph_of(Json::parse(R"({"root": "animal",
    "edges": [["animal", "cat"], ["animal", "dog"], ["cat", "short"], ["cat", "long"], ["cat", "solid"], ["cat", "tabby"],
              ["short", "british"], ["solid", "british"], ["tabby", "british"], ["short", "mau"], ["tabby", "mau"],
              ["solid", "mix"], ["tabby", "mix"], ["long", "coon"]],
    "blocks": {"cat": "species", "dog": "species", "short": "hair", "long": "hair", "solid": "colour",
               "tabby": "colour", "british": "breed", "mau": "breed", "mix": "breed", "coon": "breed"},
    "labels": ["cat", "dog", "british", "mau", "mix", "coon"]})"));
}

/// A decoder in float64 whose parameters depend on the seed alone, large enough that its steps differ.
inline std::shared_ptr<PathDecoder> decoder(std::shared_ptr<const LabelGraph> g, label::DecoderOptions o = {},
                                            uint64_t seed = 1) {
  o.features = 4, o.hidden = 5, o.embed = 3;
  auto d = std::make_shared<PathDecoder>(std::move(g), o);
  d->to(std::nullopt, at::kDouble);
  at::set_num_threads(1);  // tensors this small only wait for threads
  at::manual_seed(seed);
  at::NoGradGuard guard;
  for (auto& [name, p] : d->named_parameters()) p.copy_(at::randn(p.sizes(), at::kDouble));
  return d;
}

inline at::Tensor features(int64_t rows, uint64_t seed = 2) {
  at::manual_seed(seed);
  return at::randn({rows, 4}, at::kDouble);
}

inline std::vector<Token> tokens(const LabelGraph& g, const std::vector<std::string>& names) {
  std::vector<Token> list;
  for (const auto& n : names) list.push_back(g.at(n));
  return list;
}

/// Compares the gradients of `loss` in all parameters of `d` and in `x` with central differences.
template <class F>
void check_gradients(PathDecoder& d, at::Tensor x, F loss, double tolerance = 1e-8) {
  auto named = d.named_parameters();
  x.requires_grad_(true);
  named.emplace_back("features", x);
  for (auto& [name, p] : named) p.mutable_grad() = at::Tensor();
  loss(x).backward();
  for (auto& [name, p] : named) {
    if (!p.grad().defined()) FAIL("no gradient in " + name);
    at::NoGradGuard guard;
    at::Tensor flat = p.view(-1), grad = p.grad().reshape(-1);
    double worst = 0;
    const double eps = 1e-5;
    for (int64_t i = 0; i < flat.numel();
         i += 1 + flat.numel() / 6) {  // a few of each are enough: indices share their code
      const double value = flat[i].item<double>();
      flat[i].fill_(value + eps);
      const double above = loss(x).template item<double>();
      flat[i].fill_(value - eps);
      const double below = loss(x).template item<double>();
      flat[i].fill_(value);
      worst = std::max(worst, std::abs((above - below) / (2 * eps) - grad[i].item<double>()));
    }
    INFO(name);
    CHECK(worst < tolerance);
  }
}
