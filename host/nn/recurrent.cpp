// RNN, GRU, LSTM over sequences, with PyTorch's gate orders (r, z, n; i, f, g, o) and parameter names.
#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

/// Several layers over a sequence. Inputs: x [T, B, in] ([B, T, in] with batch_first; either without B), then optionally
/// h0 (and c0 for LSTM), each [layers * directions, B, hidden]. Outputs: y, h (and c). With proj_size LSTM's h is
/// projected to that width (Sak et al. 2014).
struct Recurrent : Module {
  enum Mode { kTanh, kRelu, kGru, kLstm } mode;
  bool bias, batch_first, bidirectional;
  int64_t in, hidden, layers, projected;
  double dropout;
  std::vector<const at::Tensor*> weights_;  // the places of the weights, in the operator's order

  Recurrent(const char* kind, Mode m, const Options& o)
      : Module(kind), mode(m), bias(o["bias"]), batch_first(o["batch_first"]), bidirectional(o["bidirectional"]),
        in(o["input_size"]), hidden(o["hidden_size"]), layers(o["num_layers"]),
        projected(o.contains("proj_size") ? o["proj_size"].get<int64_t>() : 0), dropout(o["dropout"]) {
    check_options();
    const int64_t gates = (mode == kLstm ? 4 : mode == kGru ? 3 : 1) * hidden, directions = bidirectional ? 2 : 1;
    for (int64_t l = 0; l < layers; ++l)
      for (int64_t d = 0; d < directions; ++d) {
        const std::string end = "_l" + std::to_string(l) + (d ? "_reverse" : "");
        auto keep = [&](const std::string& name, at::IntArrayRef shape) {
          weights_.push_back(&register_parameter(name + end, at::empty(shape, factory())));
        };
        keep("weight_ih", {gates, l == 0 ? in : width() * directions});
        keep("weight_hh", {gates, width()});
        if (bias) {
          keep("bias_ih", {gates});
          keep("bias_hh", {gates});
        }
        if (projected) keep("weight_hr", {projected, hidden});
      }
    const double bound = 1 / std::sqrt(static_cast<double>(hidden));
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      init::uniform(t, -bound, bound);
    }
  }
  void check_options() const {
    if (in <= 0) fail(kind(), ": input_size must be greater than zero, got ", in);
    if (hidden <= 0) fail(kind(), ": hidden_size must be greater than zero, got ", hidden);
    if (layers <= 0) fail(kind(), ": num_layers must be greater than zero, got ", layers);
    if (!(dropout >= 0 && dropout <= 1)) fail(kind(), ": dropout must be a number in [0, 1], got ", dropout);
    if (projected < 0 || projected >= hidden) fail(kind(), ": proj_size must be 0 or smaller than hidden_size ", hidden, ", got ", projected);
  }
  int64_t width() const { return projected ? projected : hidden; }

  at::Tensor start(const Tensors& x, size_t i, const at::Tensor& input, int64_t size, bool single) const {
    const int64_t batch = input.size(batch_first ? 0 : 1), rows = layers * (bidirectional ? 2 : 1);
    if (x.size() <= i || !x[i].defined()) return at::zeros({rows, batch, size}, input.options());
    if (x[i].dim() != (single ? 2 : 3))
      fail(kind(), ": for ", single ? "unbatched 2-D" : "batched 3-D", " input, the start state must be ", single ? 2 : 3, "-D, got ", x[i].dim(), "-D");
    at::Tensor given = single ? x[i].unsqueeze(1) : x[i];
    if (given.sizes() != at::IntArrayRef({rows, batch, size}))
      fail(kind(), ": expected a start state of size [", rows, ", ", batch, ", ", size, "], got ", given.sizes());
    return given;
  }

  Tensors forward(const Tensors& x) override {
    at::Tensor input = x.at(0);
    if (input.dim() != 2 && input.dim() != 3) fail(kind(), ": the input must be [T, B, ", in, "] or, unbatched, [T, ", in, "], got ", input.sizes());
    if (input.size(-1) != in) fail(kind(), ": input.size(-1) must be equal to input_size. Expected ", in, ", got ", input.size(-1));
    const bool single = input.dim() == 2;
    if (single) input = input.unsqueeze(batch_first ? 0 : 1);
    Tensors weights;
    for (const at::Tensor* w : weights_) weights.push_back(*w);
    const at::Tensor h0 = start(x, 1, input, width(), single);
    at::Tensor y, h, c;
    switch (mode) {
      case kLstm: {
        const at::Tensor c0 = start(x, 2, input, hidden, single);
        std::tie(y, h, c) = at::lstm(input, {h0, c0}, weights, bias, layers, dropout, training_, bidirectional, batch_first);
        break;
      }
      case kGru: std::tie(y, h) = at::gru(input, h0, weights, bias, layers, dropout, training_, bidirectional, batch_first); break;
      case kTanh: std::tie(y, h) = at::rnn_tanh(input, h0, weights, bias, layers, dropout, training_, bidirectional, batch_first); break;
      case kRelu: std::tie(y, h) = at::rnn_relu(input, h0, weights, bias, layers, dropout, training_, bidirectional, batch_first); break;
    }
    if (single) {
      y = y.squeeze(batch_first ? 0 : 1), h = h.squeeze(1);
      if (mode == kLstm) c = c.squeeze(1);
    }
    if (mode == kLstm) return {y, h, c};
    return {y, h};
  }
  std::string describe() const override {
    std::string s = std::to_string(in) + ", " + std::to_string(hidden);
    if (projected) s += ", proj_size=" + std::to_string(projected);
    if (layers != 1) s += ", num_layers=" + std::to_string(layers);
    if (!bias) s += ", bias=False";
    if (batch_first) s += ", batch_first=True";
    if (dropout != 0) s += ", dropout=" + repr(dropout);
    if (bidirectional) s += ", bidirectional=True";
    return s;
  }
  int64_t features() const override { return width() * (bidirectional ? 2 : 1); }
};

Recurrent::Mode mode_of(const Options& o) {
  const std::string word = o["nonlinearity"];
  if (word == "tanh") return Recurrent::kTanh;
  if (word == "relu") return Recurrent::kRelu;
  fail("RNN: nonlinearity must be 'tanh' or 'relu', got '", word, "'", did_you_mean(word, {"tanh", "relu"}));
}

const Register rnn("RNN",
                   {{"input_size", nullptr}, {"hidden_size", nullptr}, {"num_layers", 1}, {"nonlinearity", "tanh"}, {"bias", true},
                    {"batch_first", false}, {"dropout", 0.0}, {"bidirectional", false}},
                   [](const Options& o) { return std::make_shared<Recurrent>("RNN", mode_of(o), o); });
const Register gru("GRU",
                   {{"input_size", nullptr}, {"hidden_size", nullptr}, {"num_layers", 1}, {"bias", true}, {"batch_first", false},
                    {"dropout", 0.0}, {"bidirectional", false}},
                   [](const Options& o) { return std::make_shared<Recurrent>("GRU", Recurrent::kGru, o); });
const Register lstm("LSTM",
                    {{"input_size", nullptr}, {"hidden_size", nullptr}, {"num_layers", 1}, {"bias", true}, {"batch_first", false},
                     {"dropout", 0.0}, {"bidirectional", false}, {"proj_size", 0}},
                    [](const Options& o) { return std::make_shared<Recurrent>("LSTM", Recurrent::kLstm, o); });

}  // namespace

}  // namespace moonlab::nn
