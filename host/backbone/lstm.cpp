// Texts through an embedding and a recurrent network, trained on the fly.
#include <ATen/ATen.h>

#include <cmath>

#include "host/backbone/text.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

/// LSTM over right-padded sequences, with the names and gate order of PyTorch's. Inputs x [B, T, in], mask bool [B, T];
/// -> [B, T, hidden * directions]. The direction from the end begins at each sequence's own end, as with PyTorch's
/// packed sequences, without sorting and without looking at lengths on the host: its input is turned round by an index,
/// and padding, which then comes last for both directions, cannot reach a state that is used.
struct MaskedLstm : Module {
  int64_t hidden, layers, directions;
  double drop;
  std::vector<std::vector<const at::Tensor*>> weights;  // of layer * directions + direction

  MaskedLstm(int64_t in, int64_t width, int64_t n, bool bidirectional, double dropout)
      : Module("LSTM"), hidden(width), layers(n), directions(bidirectional ? 2 : 1), drop(dropout) {
    const double bound = 1 / std::sqrt(static_cast<double>(hidden));
    for (int64_t l = 0; l < layers; ++l)
      for (int64_t d = 0; d < directions; ++d) {
        const std::string end = "_l" + std::to_string(l) + (d ? "_reverse" : "");
        const int64_t from = l == 0 ? in : hidden * directions;
        auto& own = weights.emplace_back();
        auto keep = [&](const char* name, at::IntArrayRef shape) {
          at::Tensor& weight = register_parameter(name + end, at::empty(shape, factory()));
          init::uniform(weight, -bound, bound);
          own.push_back(&weight);
        };
        keep("weight_ih", {4 * hidden, from});
        keep("weight_hh", {4 * hidden, hidden});
        keep("bias_ih", {4 * hidden});
        keep("bias_hh", {4 * hidden});
      }
  }

  at::Tensor one_direction(const at::Tensor& x, size_t place) const {
    Tensors own;
    for (const at::Tensor* w : weights[place]) own.push_back(*w);
    const at::Tensor zero = at::zeros({1, x.size(0), hidden}, x.options());
    return std::get<0>(at::lstm(x, {zero, zero}, own, true, 1, 0.0, training_, false, /*batch_first=*/true));
  }

  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0), turned;
    const at::Tensor& mask = inputs.at(1);
    if (directions == 2) {
      // place t of a sequence of n becomes n - 1 - t; padding stays where it is
      const at::Tensor t = at::arange(x.size(1), mask.options().dtype(at::kLong)).unsqueeze(0);
      turned = at::where(mask, mask.sum(1, true) - 1 - t, t).unsqueeze(2);
    }
    auto turn = [&](const at::Tensor& s) { return s.gather(1, turned.expand({-1, -1, s.size(2)})); };
    for (int64_t l = 0; l < layers; ++l) {
      if (l > 0 && drop > 0) x = at::dropout(x, drop, training_);
      if (directions == 1) x = one_direction(x, l);
      else x = at::cat({one_direction(x, 2 * l), turn(one_direction(turn(x), 2 * l + 1))}, 2);
    }
    return {x};
  }
  std::string describe() const override {
    return std::to_string(weights[0][0]->size(1)) + ", " + std::to_string(hidden) +
           (layers > 1 ? ", num_layers=" + std::to_string(layers) : "") +
           (directions == 2 ? ", bidirectional=True" : "");
  }
};

/// Word embeddings, an LSTM, one vector a text. Inputs x long [B, T], mask bool [B, T] (absent: no padding);
/// -> [B, hidden * directions]. pool: "last" is the state after the last token, of the other direction after the first;
/// "mean" and "max" go over the text's tokens. (The encoder of 000 that is trained on the fly; sizes ours.)
struct TextLstm : Backbone {
  Part embedding;
  Part lstm;
  TextPool pool;
  double drop;
  int64_t hidden;

  TextLstm(int64_t vocabulary, int64_t embed, int64_t width, int64_t layers, bool bidirectional, double dropout,
           int64_t pad, const std::string& pooling)
      : Backbone("TextLstm", width * (bidirectional ? 2 : 1)),
        embedding(this, "embedding",
                  build("Embedding", {{"num_embeddings", vocabulary}, {"embedding_dim", embed}, {"padding_idx", pad}})),
        lstm(this, "lstm", std::make_shared<MaskedLstm>(embed, width, layers, bidirectional, dropout)),
        pool(parse_text_pool(pooling, {"last", "mean", "max"})),
        drop(dropout),
        hidden(width) {}

  Tensors forward(const Tensors& inputs) override {
    const auto [x, mask] = tokens_and_mask(*this, inputs);
    at::Tensor states = lstm->call({at::dropout(embedding(x), drop, training_), mask})[0];
    if (pool != TextPool::last) return {pooled(states, mask, pool)};
    at::Tensor forwards = last_of(states.narrow(2, 0, hidden), mask);
    if (states.size(2) == hidden) return {forwards};
    return {at::cat({forwards, states.narrow(2, hidden, hidden).select(1, 0)}, 1)};
  }
};

const Register lstm("TextLstm",
                    {{"vocabulary", nullptr},
                     {"embed", 300},
                     {"hidden", 256},
                     {"layers", 2},
                     {"bidirectional", true},
                     {"dropout", 0.0},
                     {"pad", 0},
                     {"pool", "last"}},
                    [](const Options& o) {
                      for (const char* name : {"vocabulary", "embed", "hidden", "layers"})
                        if (o[name].get<int64_t>() < 1)
                          fail("TextLstm: ", name, " must be greater than zero, got ", o[name].dump());
                      return std::make_shared<TextLstm>(o["vocabulary"], o["embed"], o["hidden"], o["layers"],
                                                        o["bidirectional"], o["dropout"], o["pad"], o["pool"]);
                    });

}  // namespace

}  // namespace moonlab::nn
