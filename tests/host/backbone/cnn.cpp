#include "filled.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

TEST_CASE("every trunk gives [B, features] and gradients to all its parameters, in float32 and float64") {
  const std::vector<std::pair<std::string, Options>> list{
      {"Cnn", Options::object()}, {"Mlp", Options::object()}, {"MnistCnn", Options::object()},
      {"Cnn", Options{{"channels", Options::array({4})}, {"features", 7}, {"dropout", 0.5}}}};
  for (const auto& [kind, options] : list)
    for (auto dtype : {at::kFloat, at::kDouble}) {
      CAPTURE(kind, options.dump());
      at::manual_seed(0);
      auto trunk = build(kind, options);
      trunk->to({}, dtype);
      at::Tensor y = (*trunk)(at::rand({3, 1, 28, 28}, dtype));
      CHECK(y.sizes() == at::IntArrayRef({3, trunk->features()}));
      CHECK(y.scalar_type() == dtype);
      y.sum().backward();
      for (const auto& [name, p] : trunk->named_parameters()) {
        CAPTURE(name);
        REQUIRE(p.grad().defined());
        CHECK(p.grad().abs().sum().item<double>() > 0);
      }
    }
}

TEST_CASE("trunks for digits compute PyTorch's numbers from the same weights") {
  check("Mlp", {{"widths", {50, 30}}}, 28, {4, 69.4967246354, 205.979789611}, 1);
  check("MnistCnn", Options::object(), 28, {6, 3842.34878087, 11527.3965428}, 1);
  check("Cnn", {{"in_channels", 3}, {"size", 17}, {"channels", {4, 6, 8}}, {"features", 5}}, 17,
        {8, 19.7964924406, 44.5251207053});
}

TEST_CASE("the MNIST network has its paper's sizes and start") {
  auto net = build("MnistCnn", Options::object());
  CHECK(net->features() == 1024);
  CHECK(net->count() == 32 * 25 + 32 + 64 * 32 * 25 + 64 + 3136 * 1024 + 1024);
  at::Tensor w = net->child("fc")->find("weight")->value;
  CHECK(w.abs().max().item<double>() <= 0.2);
  CHECK(w.std().item<double>() == Approx(0.088).margin(0.001));  // a normal of 0.1 cut at two deviations
  CHECK((net->child("conv1")->find("bias")->value == 0).all().item<bool>());
  auto mlp = build("Mlp", {{"deviation", 0.1}});
  at::Tensor v = mlp->child("fc1")->find("weight")->value;
  CHECK(v.abs().max().item<double>() <= 0.2);
  CHECK(v.std().item<double>() == Approx(0.088).margin(0.001));
  CHECK((mlp->child("fc2")->find("bias")->value == 0).all().item<bool>());
}

TEST_CASE("more poolings than the image has pixels are refused") {
  CHECK_THROWS_WITH(build("Cnn", {{"channels", {1, 1, 1, 1, 1}}}), Catch::Contains("5 poolings"));
}
