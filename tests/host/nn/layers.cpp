// Layers against PyTorch: parameters after the same seed, outputs in float64 and float32.
#include <catch2/catch.hpp>

#include "fingerprint.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

namespace {

struct Case {
  std::string kind;
  Options options;
  std::vector<int64_t> input;
  double parameters, outputs;  // fingerprints: after manual_seed(7); of forward(waves(input)) in float64
};

// torch 2.13, the same calls
const std::vector<Case>& cases() {
  static const std::vector<Case> list{
    {"Linear", {{"in_features", 3}, {"out_features", 2}}, {4, 3}, -1.5184094458818436, -0.81751119028161989},
    {"Conv1d", {{"in_channels", 2}, {"out_channels", 3}, {"kernel_size", 3}, {"dilation", 2}}, {2, 2, 7}, -6.2645865008234978, 11.762278535510056},
    {"Conv2d", {{"in_channels", 2}, {"out_channels", 4}, {"kernel_size", {3, 2}}, {"stride", 2}, {"padding", 1}, {"groups", 2}}, {2, 2, 5, 6}, 9.9508050642907619, 677.427470766022},
    {"Conv2d", {{"in_channels", 2}, {"out_channels", 3}, {"kernel_size", 3}, {"padding", "same"}, {"bias", false}}, {1, 2, 4, 4}, 34.64563743956387, -20.340197223266536},
    {"Conv3d", {{"in_channels", 1}, {"out_channels", 2}, {"kernel_size", 2}}, {1, 1, 3, 3, 3}, -4.7158399354666471, -24.260033483419246},
    {"ConvTranspose2d", {{"in_channels", 2}, {"out_channels", 4}, {"kernel_size", 3}, {"stride", 2}, {"padding", 1}, {"output_padding", 1}, {"groups", 2}}, {2, 2, 3, 3}, 30.620866850018501, -5253.8709094624419},
    {"BatchNorm2d", {{"num_features", 2}}, {3, 2, 2, 2}, 3, -34.091164064654592},
    {"LayerNorm", {{"normalized_shape", {2, 3}}}, {4, 2, 3}, 21, -30.025232921506479},
    {"GroupNorm", {{"num_groups", 2}, {"num_channels", 4}}, {2, 4, 3}, 10, -30.025232921506486},
    {"GRU", {{"input_size", 3}, {"hidden_size", 2}, {"num_layers", 2}, {"bidirectional", true}}, {5, 2, 3}, -783.1786663364619, -45.307424368886615},
    {"LSTM", {{"input_size", 3}, {"hidden_size", 2}, {"num_layers", 2}, {"batch_first", true}, {"bidirectional", true}}, {2, 5, 3}, -85.301999877905473, -152.48291334859721},
    {"GRUCell", {{"input_size", 3}, {"hidden_size", 2}}, {4, 3}, 14.282301504164934, 8.4164438161951374},
    {"LSTMCell", {{"input_size", 3}, {"hidden_size", 2}}, {4, 3}, 24.806073050945997, 21.612378017011331},
    {"MaxPool2d", {{"kernel_size", 3}, {"stride", 2}, {"padding", 1}}, {1, 2, 5, 5}, 0, 130.00951231141164},
    {"AvgPool2d", {{"kernel_size", 2}}, {1, 2, 5, 5}, 0, 2.3036703708041348},
    {"AdaptiveAvgPool2d", {{"output_size", {2, 3}}}, {1, 2, 5, 5}, 0, 1.6401842423136075},
    {"GELU", Options::object(), {6}, 0, 0.74520643316362634},
    {"LeakyReLU", {{"negative_slope", 0.2}}, {6}, 0, 2.0872520044433838},
    {"LogSoftmax", {{"dim", 1}}, {2, 3}, 0, -26.423545499586119},
  };
  return list;
}

}  // namespace

TEST_CASE("every layer starts from PyTorch's numbers and computes PyTorch's outputs") {
  for (const auto& c : cases()) {
    CAPTURE(c.kind, c.options.dump());
    at::manual_seed(7);
    auto module = build(c.kind, c.options);
    CHECK(fingerprint(tensors(module->named_parameters())) == Approx(c.parameters).epsilon(1e-13));

    const auto single = module->forward({waves(c.input).to(at::kFloat)});
    CHECK(single[0].scalar_type() == at::kFloat);
    module = build(c.kind, c.options);
    at::manual_seed(7);
    module = build(c.kind, c.options);
    module->to({}, at::kDouble);
    const auto outputs = module->forward({waves(c.input)});
    CHECK(outputs[0].scalar_type() == at::kDouble);
    CHECK(fingerprint(outputs) == Approx(c.outputs).epsilon(1e-11));
    REQUIRE(single.size() == outputs.size());
    for (size_t i = 0; i < outputs.size(); ++i) CHECK(at::allclose(single[i].to(at::kDouble), outputs[i], 1e-4, 1e-5));
  }
}

TEST_CASE("an embedding draws from a normal and keeps its padding row at zero") {
  at::manual_seed(7);
  auto embedding = build("Embedding", {{"num_embeddings", 5}, {"embedding_dim", 3}, {"padding_idx", 1}});
  CHECK(fingerprint(embedding->find("weight")->value) == Approx(27.229998201131821).epsilon(1e-13));
  (*embedding)(at::tensor(std::vector<int64_t>{1, 2, 2})).sum().backward();
  at::Tensor grad = embedding->find("weight")->value.grad();
  CHECK(grad[1].abs().sum().item<double>() == 0);
  CHECK(grad[2].sum().item<double>() == 6);
}

TEST_CASE("batch normalisation keeps running statistics and uses them in evaluation") {
  auto norm = build("BatchNorm1d", {{"num_features", 2}, {"momentum", 0.5}});
  norm->to({}, at::kDouble);
  at::Tensor x = at::tensor({1., 10., 3., 30.}, at::kDouble).reshape({2, 2});
  at::Tensor y = (*norm)(x);
  CHECK(y.mean(0).abs().max().item<double>() < 1e-12);
  CHECK(at::allclose(norm->find("running_mean")->value, at::tensor({1., 10.}, at::kDouble)));
  CHECK(at::allclose(norm->find("running_var")->value, at::tensor({1.5, 100.5}, at::kDouble)));  // unbiased: 2, 200
  CHECK(norm->find("num_batches_tracked")->value.item<int64_t>() == 1);
  norm->train(false);
  at::Tensor expected = (x - at::tensor({1., 10.}, at::kDouble)) / at::sqrt(at::tensor({1.5, 100.5}, at::kDouble) + 1e-5);
  CHECK(at::allclose((*norm)(x), expected));
  CHECK(norm->find("num_batches_tracked")->value.item<int64_t>() == 1);
}

TEST_CASE("dropout keeps the mean while training and does nothing in evaluation") {
  at::manual_seed(0);
  auto dropout = build("Dropout", {{"p", 0.25}});
  at::Tensor x = at::ones({100, 100}, at::kDouble), y = (*dropout)(x);
  CHECK(y.mean().item<double>() == Approx(1).margin(0.03));
  CHECK(((y == 0) | ((y - 1 / 0.75).abs() < 1e-12)).all().item<bool>());
  CHECK((y == 0).any().item<bool>());
  dropout->train(false);
  CHECK(at::equal((*dropout)(x), x));
  CHECK_THROWS_WITH(build("Dropout", {{"p", 1.5}}), Catch::Contains("[0, 1]"));
}

TEST_CASE("a recurrent layer takes a start state, and an unbatched sequence") {
  at::manual_seed(1);
  auto gru = build("GRU", {{"input_size", 3}, {"hidden_size", 2}});
  gru->to({}, at::kDouble);
  at::Tensor x = waves({6, 1, 3});
  auto whole = gru->forward({x});
  auto first = gru->forward({x.slice(0, 0, 4)});
  auto second = gru->forward({x.slice(0, 4), first[1]});
  CHECK(at::allclose(at::cat({first[0], second[0]}), whole[0], 0, 1e-14));
  CHECK(at::allclose(gru->forward({x.squeeze(1)})[0], whole[0].squeeze(1), 0, 1e-14));
  CHECK_THROWS_AS(build("GRUCell", {{"input_size", 3}, {"hidden_size", 2}})->forward({}), std::out_of_range);
}
