// BERT and its family (Devlin et al. 2018): a transformer encoder with the state-dict names of Hugging Face's
// BertModel.
#include <ATen/ATen.h>

#include <cmath>

#include "host/backbone/text.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"

namespace moonlab::nn {

namespace {

std::shared_ptr<Module> linear(int64_t in, int64_t out) {
  auto layer = build("Linear", {{"in_features", in}, {"out_features", out}});
  init::normal(layer->find("weight")->value, 0, 0.02);
  init::constant(layer->find("bias")->value, 0);
  return layer;
}
std::shared_ptr<Module> table(int64_t rows, int64_t width) {
  auto layer = build("Embedding", {{"num_embeddings", rows}, {"embedding_dim", width}});
  init::normal(layer->find("weight")->value, 0, 0.02);
  return layer;
}
std::shared_ptr<Module> norm(int64_t width, double eps) {
  return build("LayerNorm", {{"normalized_shape", Options::array({width})}, {"eps", eps}});
}

/// The sizes of a config.json.
struct Shape {
  int64_t vocabulary, width, layers, heads, inner, positions, types;
  double dropout, eps;
  std::string activation;
};

/// Words, positions 0, 1, ... and types, added up. Inputs x long [B, T], types long [B, T] (absent: the first one);
/// -> [B, T, H].
struct Embeddings : Module {
  Part word_embeddings, position_embeddings, token_type_embeddings, LayerNorm;
  double drop;

  explicit Embeddings(const Shape& s)
      : Module("BertEmbeddings"),
        word_embeddings(this, "word_embeddings", table(s.vocabulary, s.width)),
        position_embeddings(this, "position_embeddings", table(s.positions, s.width)),
        token_type_embeddings(this, "token_type_embeddings", table(s.types, s.width)),
        LayerNorm(this, "LayerNorm", norm(s.width, s.eps)),
        drop(s.dropout) {}
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    const int64_t positions = position_embeddings->find("weight")->value.size(0);
    if (x.size(1) > positions) fail("Bert: texts of ", x.size(1), " tokens; the model has positions for ", positions);
    const auto options = x.options().dtype(at::kLong);
    const at::Tensor place = at::arange(x.size(1), options).unsqueeze(0);
    const at::Tensor type = inputs.size() > 1 && inputs[1].defined() ? inputs[1] : at::zeros({1, 1}, options);
    const at::Tensor sum = word_embeddings(x) + token_type_embeddings(type) + position_embeddings(place);
    return {at::dropout(LayerNorm(sum), drop, training_)};
  }
};

/// softmax(q k^T / sqrt(d)) v over the tokens of each text. Inputs x [B, T, H], mask bool [B, 1, 1, T]; -> [B, T, H].
struct SelfAttention : Module {
  Part query, key, value;
  int64_t heads;
  double drop;

  explicit SelfAttention(const Shape& s)
      : Module("BertSelfAttention"),
        query(this, "query", linear(s.width, s.width)),
        key(this, "key", linear(s.width, s.width)),
        value(this, "value", linear(s.width, s.width)),
        heads(s.heads),
        drop(s.dropout) {}
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    auto split = [&](const at::Tensor& t) { return t.view({x.size(0), x.size(1), heads, -1}).transpose(1, 2); };
    const at::Tensor y = at::scaled_dot_product_attention(split(query(x)), split(key(x)), split(value(x)), inputs.at(1),
                                                          training_ ? drop : 0.0);
    return {y.transpose(1, 2).reshape(x.sizes())};
  }
};

/// A layer, dropout, then the residual of `input` and a norm: what ends both halves of a block.
struct Output : Module {
  Part dense, LayerNorm;
  double drop;

  Output(const char* kind, const Shape& s, int64_t in)
      : Module(kind),
        dense(this, "dense", linear(in, s.width)),
        LayerNorm(this, "LayerNorm", norm(s.width, s.eps)),
        drop(s.dropout) {}
  Tensors forward(const Tensors& inputs) override {
    return {LayerNorm(at::dropout(dense(inputs.at(0)), drop, training_) + inputs.at(1))};
  }
};

struct Attention : Module {
  Part self, output;
  explicit Attention(const Shape& s)
      : Module("BertAttention"),
        self(this, "self", std::make_shared<SelfAttention>(s)),
        output(this, "output", std::make_shared<Output>("BertSelfOutput", s, s.width)) {}
  Tensors forward(const Tensors& inputs) override { return output->call({self->call(inputs)[0], inputs[0]}); }
};

struct Intermediate : Module {
  Part dense;
  enum { kGelu, kGeluTanh, kRelu } activation;

  explicit Intermediate(const Shape& s) : Module("BertIntermediate"), dense(this, "dense", linear(s.width, s.inner)) {
    const std::vector<std::string> known{"gelu", "gelu_new", "gelu_pytorch_tanh", "relu"};
    if (s.activation == "gelu") activation = kGelu;
    else if (s.activation == "gelu_new" || s.activation == "gelu_pytorch_tanh") activation = kGeluTanh;
    else if (s.activation == "relu") activation = kRelu;
    else
      fail("Bert: unknown activation '", s.activation, "'", did_you_mean(s.activation, known),
           " (gelu, gelu_new, gelu_pytorch_tanh, relu)");
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor y = dense(inputs.at(0));
    if (activation == kRelu) return {at::relu(y)};
    return {at::gelu(y, activation == kGelu ? "none" : "tanh")};
  }
};

struct Block : Module {
  Part attention, intermediate, output;
  explicit Block(const Shape& s)
      : Module("BertLayer"),
        attention(this, "attention", std::make_shared<Attention>(s)),
        intermediate(this, "intermediate", std::make_shared<Intermediate>(s)),
        output(this, "output", std::make_shared<Output>("BertOutput", s, s.inner)) {}
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor y = attention->call(inputs)[0];
    return output->call({intermediate(y), y});
  }
};

/// A module that calls its numbered children one after the other, each with the mask.
struct Blocks : Module {
  std::vector<Part> blocks;
  explicit Blocks(const Shape& s) : Module("ModuleList") {
    for (int64_t i = 0; i < s.layers; ++i) blocks.emplace_back(this, std::to_string(i), std::make_shared<Block>(s));
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0);
    for (auto& block : blocks) x = block->call({x, inputs.at(1)})[0];
    return {x};
  }
};

struct Encoder : Module {
  Part layer;
  explicit Encoder(const Shape& s) : Module("BertEncoder"), layer(this, "layer", std::make_shared<Blocks>(s)) {}
  Tensors forward(const Tensors& inputs) override { return layer->call(inputs); }
};

/// tanh of a layer over the first token's state.
struct Pooler : Module {
  Part dense;
  explicit Pooler(const Shape& s) : Module("BertPooler"), dense(this, "dense", linear(s.width, s.width)) {}
  Tensors forward(const Tensors& inputs) override { return {at::tanh(dense(inputs.at(0).select(1, 0)))}; }
};

/// Inputs x long [B, T], mask bool [B, T] (absent: no padding), types long [B, T] (which of two texts a token is of;
/// absent: all of the first); -> [B, H]. pool: "pooler" (a trained layer over [CLS]),
/// "first" ([CLS] itself), "mean" or "max" of the text's tokens. normalize: to length 1 (sentence embeddings).
/// A frozen one has no gradients and stays in evaluation mode.
struct Bert : Backbone {
  Part embeddings, encoder;
  std::optional<Part> pooler;
  TextPool pool;
  bool normalize, frozen;

  Bert(const Shape& s, const std::string& pooling, bool unit, bool freeze)
      : Backbone("Bert", s.width),
        embeddings(this, "embeddings", std::make_shared<Embeddings>(s)),
        encoder(this, "encoder", std::make_shared<Encoder>(s)),
        pool(parse_text_pool(pooling, {"pooler", "first", "mean", "max"})),
        normalize(unit),
        frozen(freeze) {
    if (pool == TextPool::pooler) pooler.emplace(this, "pooler", std::make_shared<Pooler>(s));
    if (frozen) {
      requires_grad(false);
      train(false);
    }
  }
  void train(bool on) override { Backbone::train(on && !frozen); }
  Stages stages() const override {
    Stages all{{"embeddings"}};
    for (const auto& [name, held] : part("encoder")->part("layer")->children())
      all.push_back({"encoder.layer." + name});
    if (pooler) all.back().push_back("pooler");
    return all;
  }

  Tensors forward(const Tensors& inputs) override {
    const auto [x, mask] = tokens_and_mask(*this, inputs);
    const at::Tensor types = inputs.size() > 2 ? inputs[2] : at::Tensor();
    if (types.defined() && types.sizes() != x.sizes())
      fail("Bert: the types ", types.sizes(), " must have the shape of the tokens ", x.sizes());
    const at::Tensor states = encoder->call({embeddings->call({x, types})[0], mask.unsqueeze(1).unsqueeze(1)})[0];
    at::Tensor y;
    if (pool == TextPool::pooler) y = (*pooler)(states);
    else if (pool == TextPool::first) y = states.select(1, 0);
    else y = pooled(states, mask, pool);
    if (normalize) y = y / y.norm(2, {1}, true).clamp_min(1e-12);
    return {y};
  }
};

const Register bert("Bert",
                    {{"vocabulary", 30522},
                     {"width", 768},
                     {"layers", 12},
                     {"heads", 12},
                     {"inner", 3072},
                     {"positions", 512},
                     {"types", 2},
                     {"dropout", 0.1},
                     {"eps", 1e-12},
                     {"activation", "gelu"},
                     {"pool", "pooler"},
                     {"normalize", false},
                     {"freeze", false}},
                    [](const Options& o) {
                      for (const char* name : {"vocabulary", "width", "layers", "heads", "inner", "positions", "types"})
                        if (o[name].get<int64_t>() < 1)
                          fail("Bert: ", name, " must be greater than zero, got ", o[name].dump());
                      const Shape s{o["vocabulary"], o["width"], o["layers"],  o["heads"], o["inner"],
                                    o["positions"],  o["types"], o["dropout"], o["eps"],   o["activation"]};
                      if (s.width % s.heads != 0)
                        fail("Bert: width ", s.width, " is no multiple of ", s.heads, " heads");
                      return std::make_shared<Bert>(s, o["pool"], o["normalize"], o["freeze"]);
                    });

}  // namespace

}  // namespace moonlab::nn
