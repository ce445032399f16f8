// One step of RNN, GRU and LSTM.
#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

/// x [B, in] or [in], h of the same dims (and c for LSTM), zeros where left out -> the next h (and c).
struct Cell : Module {
  int64_t in, hidden, gates;
  std::string nonlinearity;
  at::Tensor &weight_ih, &weight_hh, &bias_ih, &bias_hh;

  Cell(const char* kind, int64_t n, const Options& o)
      : Module(kind), in(o["input_size"]), hidden(o["hidden_size"]), gates(n * hidden),
        nonlinearity(o.contains("nonlinearity") ? o["nonlinearity"].get<std::string>() : "tanh"),
        weight_ih(register_parameter("weight_ih", at::empty({gates, in}, factory()))),
        weight_hh(register_parameter("weight_hh", at::empty({gates, hidden}, factory()))),
        bias_ih(register_parameter("bias_ih", o["bias"].get<bool>() ? at::empty({gates}, factory()) : at::Tensor())),
        bias_hh(register_parameter("bias_hh", o["bias"].get<bool>() ? at::empty({gates}, factory()) : at::Tensor())) {
    if (nonlinearity != "tanh" && nonlinearity != "relu")
      fail(kind, ": nonlinearity must be 'tanh' or 'relu', got '", nonlinearity, "'", did_you_mean(nonlinearity, {"tanh", "relu"}));
    const double bound = hidden > 0 ? 1 / std::sqrt(static_cast<double>(hidden)) : 0;
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      init::uniform(t, -bound, bound);
    }
  }
  Tensors forward(const Tensors& x) override {
    at::Tensor input = x.at(0);
    if (input.dim() != 1 && input.dim() != 2) fail(kind(), ": expected input to be 1D or 2D, got ", input.dim(), "D instead");
    const bool single = input.dim() == 1;
    if (single) input = input.unsqueeze(0);
    auto start = [&](size_t i) {
      if (x.size() <= i || !x[i].defined()) return at::zeros({input.size(0), hidden}, input.options());
      if (x[i].dim() != 1 && x[i].dim() != 2) fail(kind(), ": expected hidden to be 1D or 2D, got ", x[i].dim(), "D instead");
      return x[i].dim() == 1 ? x[i].unsqueeze(0) : x[i];
    };
    Tensors next;
    if (kind() == "LSTMCell") {
      auto [h, c] = at::lstm_cell(input, {start(1), start(2)}, weight_ih, weight_hh, bias_ih, bias_hh);
      next = {h, c};
    } else if (kind() == "GRUCell") {
      next = {at::gru_cell(input, start(1), weight_ih, weight_hh, bias_ih, bias_hh)};
    } else if (nonlinearity == "tanh") {
      next = {at::rnn_tanh_cell(input, start(1), weight_ih, weight_hh, bias_ih, bias_hh)};
    } else {
      next = {at::rnn_relu_cell(input, start(1), weight_ih, weight_hh, bias_ih, bias_hh)};
    }
    if (single)
      for (auto& t : next) t = t.squeeze(0);
    return next;
  }
  std::string describe() const override {
    return std::to_string(in) + ", " + std::to_string(hidden) + (bias_ih.defined() ? "" : ", bias=False") +
           (nonlinearity == "tanh" ? "" : ", nonlinearity=" + nonlinearity);
  }
};

const Options kCell = {{"input_size", nullptr}, {"hidden_size", nullptr}, {"bias", true}};
const Register gru_cell("GRUCell", kCell, [](const Options& o) { return std::make_shared<Cell>("GRUCell", 3, o); });
const Register lstm_cell("LSTMCell", kCell, [](const Options& o) { return std::make_shared<Cell>("LSTMCell", 4, o); });
const Register rnn_cell("RNNCell", {{"input_size", nullptr}, {"hidden_size", nullptr}, {"bias", true}, {"nonlinearity", "tanh"}},
                        [](const Options& o) { return std::make_shared<Cell>("RNNCell", 1, o); });

}  // namespace

}  // namespace moonlab::nn
