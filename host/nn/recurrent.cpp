// GRU, LSTM and their cells, with PyTorch's gate orders (r, z, n; i, f, g, o) and parameter names.
#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// Several layers over a sequence. Inputs: x [T, B, in] ([B, T, in] with batch_first), then optionally h0 (and c0 for
/// LSTM), each [layers * directions, B, hidden]. Outputs: y, h (and c).
struct Recurrent : Module {
  bool lstm, bias, batch_first, bidirectional;
  int64_t in, hidden, layers;
  double dropout;
  std::vector<const at::Tensor*> weights_;  // the places of the weights, in the operator's order

  Recurrent(bool is_lstm, const Options& o)
      : Module(is_lstm ? "LSTM" : "GRU"), lstm(is_lstm), bias(o["bias"]), batch_first(o["batch_first"]),
        bidirectional(o["bidirectional"]), in(o["input_size"]), hidden(o["hidden_size"]), layers(o["num_layers"]), dropout(o["dropout"]) {
    const int64_t gates = (lstm ? 4 : 3) * hidden, directions = bidirectional ? 2 : 1;
    for (int64_t l = 0; l < layers; ++l)
      for (int64_t d = 0; d < directions; ++d) {
        const std::string end = "_l" + std::to_string(l) + (d ? "_reverse" : "");
        auto keep = [&](const std::string& name, at::IntArrayRef shape) { weights_.push_back(&register_parameter(name + end, at::empty(shape))); };
        keep("weight_ih", {gates, l == 0 ? in : hidden * directions});
        keep("weight_hh", {gates, hidden});
        if (!bias) continue;
        keep("bias_ih", {gates});
        keep("bias_hh", {gates});
      }
    const double bound = hidden > 0 ? 1 / std::sqrt(static_cast<double>(hidden)) : 0;
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      init::uniform(t, -bound, bound);
    }
  }

  Tensors forward(const Tensors& x) override {
    at::Tensor input = x.at(0);
    if (input.dim() != 2 && input.dim() != 3) fail(kind(), ": the input must be [T, B, ", in, "] or, unbatched, [T, ", in, "], got ", input.sizes());
    const bool single = input.dim() == 2;
    if (single) input = input.unsqueeze(batch_first ? 0 : 1);
    const int64_t batch = input.size(batch_first ? 0 : 1);
    auto start = [&](size_t i) {
      if (x.size() > i && x[i].defined()) return single ? x[i].unsqueeze(1) : x[i];
      return at::zeros({layers * (bidirectional ? 2 : 1), batch, hidden}, input.options());
    };
    Tensors weights;
    for (const at::Tensor* w : weights_) weights.push_back(*w);
    at::Tensor y, h, c;
    if (lstm) std::tie(y, h, c) = at::lstm(input, {start(1), start(2)}, weights, bias, layers, dropout, training_, bidirectional, batch_first);
    else std::tie(y, h) = at::gru(input, start(1), weights, bias, layers, dropout, training_, bidirectional, batch_first);
    if (single) {
      y = y.squeeze(batch_first ? 0 : 1), h = h.squeeze(1);
      if (lstm) c = c.squeeze(1);
    }
    if (lstm) return {y, h, c};
    return {y, h};
  }
  std::string describe() const override {
    std::string s = std::to_string(in) + ", " + std::to_string(hidden);
    if (layers != 1) s += ", num_layers=" + std::to_string(layers);
    if (batch_first) s += ", batch_first=True";
    if (bidirectional) s += ", bidirectional=True";
    return s;
  }
  int64_t features() const override { return hidden * (bidirectional ? 2 : 1); }
};

/// One step: x [B, in], h [B, hidden] (and c) -> the next h (and c).
struct Cell : Module {
  bool lstm;
  int64_t hidden;
  at::Tensor &weight_ih, &weight_hh, &bias_ih, &bias_hh;

  Cell(bool is_lstm, int64_t in, int64_t size, bool bias)
      : Module(is_lstm ? "LSTMCell" : "GRUCell"), lstm(is_lstm), hidden(size),
        weight_ih(register_parameter("weight_ih", at::empty({(lstm ? 4 : 3) * size, in}))),
        weight_hh(register_parameter("weight_hh", at::empty({(lstm ? 4 : 3) * size, size}))),
        bias_ih(register_parameter("bias_ih", bias ? at::empty({(lstm ? 4 : 3) * size}) : at::Tensor())),
        bias_hh(register_parameter("bias_hh", bias ? at::empty({(lstm ? 4 : 3) * size}) : at::Tensor())) {
    const double bound = 1 / std::sqrt(static_cast<double>(size));
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      init::uniform(t, -bound, bound);
    }
  }
  Tensors forward(const Tensors& x) override {
    const at::Tensor& input = x.at(0);
    auto start = [&](size_t i) { return x.size() > i && x[i].defined() ? x[i] : at::zeros({input.size(0), hidden}, input.options()); };
    if (!lstm) return {at::gru_cell(input, start(1), weight_ih, weight_hh, bias_ih, bias_hh)};
    auto [h, c] = at::lstm_cell(input, {start(1), start(2)}, weight_ih, weight_hh, bias_ih, bias_hh);
    return {h, c};
  }
};

const Options kRecurrent = {{"input_size", nullptr}, {"hidden_size", nullptr}, {"num_layers", 1}, {"bias", true},
                            {"batch_first", false}, {"dropout", 0.0}, {"bidirectional", false}};
const Register gru("GRU", kRecurrent, [](const Options& o) { return std::make_shared<Recurrent>(false, o); });
const Register lstm("LSTM", kRecurrent, [](const Options& o) { return std::make_shared<Recurrent>(true, o); });
const Options kCell = {{"input_size", nullptr}, {"hidden_size", nullptr}, {"bias", true}};
const Register gru_cell("GRUCell", kCell, [](const Options& o) { return std::make_shared<Cell>(false, o["input_size"], o["hidden_size"], o["bias"]); });
const Register lstm_cell("LSTMCell", kCell, [](const Options& o) { return std::make_shared<Cell>(true, o["input_size"], o["hidden_size"], o["bias"]); });

}  // namespace

}  // namespace moonlab::nn
