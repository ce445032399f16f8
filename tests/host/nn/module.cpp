#include "host/nn/module.hpp"

#include <catch2/catch.hpp>

#include "fingerprint.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

namespace {

std::shared_ptr<Module> small_net() {
  auto net = build("Sequential", Options::object());
  net->set_child("0", build("Conv2d", {{"in_channels", 1}, {"out_channels", 2}, {"kernel_size", 3}}));
  net->set_child("1", build("BatchNorm2d", {{"num_features", 2}}));
  auto inner = build("Sequential", Options::object());
  inner->set_child("0", build("Flatten", Options::object()));
  inner->set_child("1", build("Linear", {{"in_features", 8}, {"out_features", 3}, {"bias", false}}));
  net->set_child("2", inner);
  return net;
}

std::vector<std::string> names(const Module::Named& named) {
  std::vector<std::string> list;
  for (const auto& [name, t] : named) list.push_back(name);
  return list;
}

}  // namespace

TEST_CASE("names are dotted and in PyTorch's order") {
  auto net = small_net();
  CHECK(names(net->named_parameters()) == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "2.1.weight"});
  CHECK(names(net->named_buffers()) == std::vector<std::string>{"1.running_mean", "1.running_var", "1.num_batches_tracked"});
  CHECK(names(net->state_dict()) == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias", "1.running_mean",
                                                             "1.running_var", "1.num_batches_tracked", "2.1.weight"});
  CHECK(net->named_modules().size() == 6);
  CHECK(net->named_modules()[5].first == "2.1");
  CHECK(net->count() == 18 + 2 + 2 + 2 + 24);
}

TEST_CASE("a state goes into another module, and what does not fit is named before anything changes") {
  at::manual_seed(1);
  auto from = small_net(), to = small_net();
  CHECK(to->load_state_dict(from->state_dict()).clean());
  at::Tensor x = waves({2, 1, 4, 4}).to(at::kFloat);
  from->train(false), to->train(false);
  CHECK(at::equal((*from)(x), (*to)(x)));

  auto wrong = from->state_dict();
  const double before = fingerprint(to->child("0")->find("weight")->value);
  wrong[0].second = at::full({2, 1, 3, 3}, 5.0);
  wrong[1].second = at::zeros({7});
  wrong.back().first = "2.2.weight";
  try {
    to->load_state_dict(wrong);
    FAIL("accepted");
  } catch (const Error& e) {
    CHECK_THAT(e.what(), Catch::Contains("missing: 2.1.weight") && Catch::Contains("unexpected: 2.2.weight") &&
                             Catch::Contains("0.bias [7] for [2]"));
  }
  CHECK(fingerprint(to->child("0")->find("weight")->value) == before);
  auto report = to->load_state_dict(wrong, false);
  CHECK(report.missing == std::vector<std::string>{"2.1.weight"});
  CHECK(to->child("0")->find("weight")->value.max().item<float>() == 5);
}

TEST_CASE("handles to a parameter stay good through a change of dtype; whole numbers keep theirs") {
  auto net = small_net();
  at::Tensor held = net->child("0")->find("weight")->value;
  net->to({}, at::kDouble);
  CHECK(held.scalar_type() == at::kDouble);
  CHECK(net->child("1")->find("num_batches_tracked")->value.scalar_type() == at::kLong);
  (*net)(waves({2, 1, 4, 4})).sum().backward();
  REQUIRE(held.grad().defined());
  CHECK(held.grad().scalar_type() == at::kDouble);
  net->zero_grad(false);
  CHECK(held.grad().abs().sum().item<double>() == 0);
  net->zero_grad();
  CHECK_FALSE(held.grad().defined());
}

TEST_CASE("freezing counts, training reaches every child, a shared parameter is one") {
  auto net = small_net();
  net->child("0")->requires_grad(false);
  CHECK(net->count(true) == net->count() - 20);
  net->train(false);
  CHECK_FALSE(net->child("2")->child("1")->training());

  auto pair = build("Module", Options::object());
  pair->set_child("a", net), pair->set_child("b", net);
  CHECK(pair->named_parameters().size() == net->named_parameters().size());
  CHECK(pair->state_dict().size() == 2 * net->state_dict().size());
}

TEST_CASE("mistakes are answered with names") {
  CHECK_THROWS_WITH(build("Linaer", Options::object()), Catch::Contains("did you mean 'Linear'?"));
  CHECK_THROWS_WITH(build("Linear", {{"in_features", 1}, {"out_featurs", 2}}), Catch::Contains("out_features"));
  CHECK_THROWS_WITH(build("Linear", {{"in_features", 1}, {"out_features", 2}, {"biass", true}}), Catch::Contains("did you mean 'bias'?"));
  CHECK_THROWS_WITH(build("Linear", {{"in_features", "x"}, {"out_features", 2}}), Catch::Contains("wrong type"));
  CHECK_THROWS_WITH(build("Conv2d", {{"in_channels", 3}, {"out_channels", 4}, {"kernel_size", 3}, {"groups", 2}}), Catch::Contains("groups 2"));
  auto net = small_net();
  CHECK_THROWS_WITH(net->register_parameter("a.b", at::zeros({1})), Catch::Contains("a.b"));
  CHECK_THROWS_WITH(net->child("1")->register_buffer("weight", at::zeros({1})), Catch::Contains("registered already"));
  CHECK_THROWS_WITH(net->child("2")->set_child("x", net), Catch::Contains("part of itself"));
  CHECK_THROWS_WITH(net->set_child("x", net), Catch::Contains("part of itself"));
  CHECK_THROWS_WITH((*build("ModuleList", Options::object()))(at::zeros({1})), Catch::Contains("no forward"));
}

TEST_CASE("a tree shows classes, shapes and numbers of parameters") {
  const std::string tree = small_net()->tree();
  CHECK_THAT(tree, Catch::Contains("Sequential()  48 parameters\n") && Catch::Contains("  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))") &&
                       Catch::Contains("weight [3, 8]") && Catch::Contains("    (1): Linear(in_features=8, out_features=3, bias=False)"));
}
