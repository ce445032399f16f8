// Encoders of texts against PyTorch's numbers for the same weights: 0.5 cos(i + sum of the name's bytes).
#include <ATen/ATen.h>

#include <catch2/catch.hpp>

#include "host/backbone/backbone.hpp"
#include "host/error.hpp"
#include "nn/fingerprint.hpp"

using Catch::Contains;
using namespace moonlab::nn;

static std::shared_ptr<Module> filled(const std::string& kind, const Options& options) {
  auto module = build(kind, options);
  module->to({}, at::kDouble);
  at::NoGradGuard guard;
  for (auto& [name, p] : module->named_parameters()) {
    int64_t phase = 0;
    for (unsigned char c : name) phase += c;
    at::Tensor t = p;
    t.copy_(0.5 * at::cos(at::arange(t.numel(), at::kDouble) + phase).view(t.sizes()));
  }
  return module;
}
static at::Tensor longs(std::vector<int64_t> values, at::IntArrayRef shape) { return at::tensor(values).view(shape); }

static const at::Tensor kTokens = longs({3, 1, 4, 2, 5, 6, 0, 0, 2, 0, 0, 0}, {3, 4});
static const at::Tensor kMask = longs({1, 1, 1, 1, 1, 1, 0, 0, 1, 0, 0, 0}, {3, 4}).to(at::kBool);

static Options lstm_options(const char* pool) {
  return {{"vocabulary", 7}, {"embed", 3}, {"hidden", 2}, {"layers", 2}, {"pool", pool}};
}

TEST_CASE("the LSTM encoder equals PyTorch's LSTM over packed sequences") {
  auto number = [](const char* pool) {
    auto net = filled("TextLstm", lstm_options(pool));
    const at::Tensor y = net->call({kTokens, kMask})[0];
    CHECK(y.sizes() == at::IntArrayRef({3, 4}));
    CHECK(net->features() == 4);
    return fingerprint(y);
  };
  CHECK(number("last") == Approx(-10.459705944301366).epsilon(1e-12));
  CHECK(number("mean") == Approx(-9.803226763264465).epsilon(1e-12));
  CHECK(number("max") == Approx(-8.40192395792594).epsilon(1e-12));
}

TEST_CASE("gradients of the LSTM encoder equal PyTorch's") {
  auto net = filled("TextLstm", lstm_options("mean"));
  net->call({kTokens, kMask})[0].square().sum().backward();
  const std::vector<double> expected{
      0.4166292527445723, -0.099444863041, -0.024149250956, -0.141786725325, -0.141786725325, 0.435774372093,
      0.011737287103,     0.096769659785,  0.096769659785,  -1.417378107746, 0.067412820861,  0.609077349389,
      0.609077349389,     3.056236407096,  0.045646850181,  -1.155656618085, -1.155656618085};
  size_t i = 0;
  for (auto& [name, p] : net->named_parameters()) {
    CAPTURE(name);
    CHECK(fingerprint(p.grad()) == Approx(expected.at(i++)).margin(1e-11));
  }
  CHECK(i == expected.size());
}

TEST_CASE("what fills up a batch changes no text's vector") {
  for (const char* kind : {"TextLstm", "Bert"})
    for (const char* pool : {"mean", "max", std::string(kind) == "Bert" ? "pooler" : "last"}) {
      CAPTURE(kind, pool);
      at::manual_seed(0);
      auto net = std::string(kind) == "Bert" ? build("Bert", {{"vocabulary", 7},
                                                              {"width", 8},
                                                              {"layers", 2},
                                                              {"heads", 2},
                                                              {"inner", 12},
                                                              {"positions", 6},
                                                              {"pool", pool}})
                                             : build("TextLstm", lstm_options(pool));
      net->to({}, at::kDouble);
      net->train(false);
      const at::Tensor together = net->call({kTokens, kMask})[0];
      for (int64_t i = 0; i < 3; ++i) {
        const int64_t n = kMask[i].sum().item<int64_t>();
        const at::Tensor alone = net->call({kTokens.slice(0, i, i + 1).slice(1, 0, n)})[0];
        CHECK((alone[0] - together[i]).abs().max().item<double>() < 1e-12);
      }
    }
}

static double bert(const char* pool, bool normalize = false, const char* activation = "gelu") {
  auto net = filled("Bert", {{"vocabulary", 9},
                             {"width", 8},
                             {"layers", 2},
                             {"heads", 2},
                             {"inner", 12},
                             {"positions", 6},
                             {"activation", activation},
                             {"pool", pool},
                             {"normalize", normalize}});
  net->train(false);
  const at::Tensor x = longs({2, 5, 8, 3, 2, 4, 3, 0}, {2, 4}),
                   mask = longs({1, 1, 1, 1, 1, 1, 1, 0}, {2, 4}).to(at::kBool);
  return fingerprint(net->call({x, mask})[0]);
}

TEST_CASE("BERT equals transformers' BertModel with the same weights under the same names") {
  CHECK(bert("mean") == Approx(4.4265759914420695).epsilon(1e-11));
  CHECK(bert("mean", true) == Approx(2.932605212813185).epsilon(1e-11));
  CHECK(bert("first") == Approx(4.949240401259505).epsilon(1e-11));
  CHECK(bert("max") == Approx(5.25754662642309).epsilon(1e-11));
  CHECK(bert("pooler") == Approx(11.479355478948962).epsilon(1e-11));
  CHECK(bert("first", false, "gelu_new") == Approx(4.9475802515064).epsilon(1e-11));
  CHECK(bert("first", false, "relu") == Approx(5.329338074642397).epsilon(1e-11));
}

TEST_CASE("tokens of a second text have their own type, as in transformers' BertModel") {
  auto net = filled("Bert", {{"vocabulary", 9},
                             {"width", 8},
                             {"layers", 2},
                             {"heads", 2},
                             {"inner", 12},
                             {"positions", 6},
                             {"pool", "mean"}});
  net->train(false);
  const at::Tensor x = longs({2, 5, 8, 3, 2, 4, 3, 0}, {2, 4}),
                   mask = longs({1, 1, 1, 1, 1, 1, 1, 0}, {2, 4}).to(at::kBool);
  const at::Tensor types = longs({0, 0, 1, 1, 0, 1, 1, 0}, {2, 4});
  CHECK(fingerprint(net->call({x, mask, types})[0]) == Approx(3.364361450481519).epsilon(1e-11));
  CHECK(net->call({x, mask, at::zeros_like(x)})[0].equal(net->call({x, mask})[0]));
  CHECK_THROWS_WITH(net->call({x, mask, types.slice(1, 0, 3)}), Contains("the types [2, 3]"));
}

TEST_CASE("a frozen BERT has no gradients and stays in evaluation mode") {
  const Options small{{"vocabulary", 9}, {"width", 8},     {"layers", 1},   {"heads", 2},
                      {"inner", 12},     {"positions", 6}, {"dropout", 0.5}};
  Options frozen = small;
  frozen["freeze"] = true;
  auto net = build("Bert", frozen), free = build("Bert", small);
  net->train(true);
  free->train(true);
  const at::Tensor x = longs({2, 5, 8}, {1, 3});
  const at::Tensor y = net->call({x})[0];
  CHECK(!y.requires_grad());
  CHECK(y.equal(net->call({x})[0]));
  CHECK(!free->call({x})[0].equal(free->call({x})[0]));
  free->call({x})[0].sum().backward();
  for (auto& [name, p] : free->named_parameters()) {
    CAPTURE(name);
    CHECK(p.grad().defined());
  }
}

TEST_CASE("encoders of texts say what does not fit") {
  auto net =
      build("Bert", {{"vocabulary", 9}, {"width", 8}, {"layers", 1}, {"heads", 2}, {"inner", 12}, {"positions", 6}});
  CHECK_THROWS_WITH(net->call({at::rand({2, 3})}), Contains("takes tokens, long [B, T]"));
  CHECK_THROWS_WITH(net->call({longs({1, 2}, {1, 2}), at::ones({1, 3}, at::kBool)}), Contains("the mask [1, 3]"));
  CHECK_THROWS_WITH(net->call({at::zeros({1, 7}, at::kLong)}),
                    Contains("texts of 7 tokens; the model has positions for 6"));
  CHECK_THROWS_WITH(build("Bert", {{"heads", 5}}), Contains("no multiple of 5 heads"));
  CHECK_THROWS_WITH(build("Bert", {{"activation", "gulu"}}), Contains("did you mean 'gelu'?"));
  CHECK_THROWS_WITH(build("TextLstm", {{"vocabulary", 9}, {"pool", "men"}}), Contains("did you mean 'mean'?"));
  CHECK_THROWS_WITH(build("TextLstm", {{"vocabulary", 0}}), Contains("vocabulary must be greater than zero"));
}
