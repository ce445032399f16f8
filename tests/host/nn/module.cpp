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
  CHECK(names(net->named_parameters()) == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias",
      "2.1.weight"});
  CHECK(names(net->named_buffers()) == std::vector<std::string>{"1.running_mean", "1.running_var",
      "1.num_batches_tracked"});
  CHECK(names(net->state_dict()) == std::vector<std::string>{"0.weight", "0.bias", "1.weight", "1.bias",
      "1.running_mean",
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
  CHECK_THROWS_WITH(build("Linear", {{"in_features", 1}, {"out_features", 2}, {"biass", true}}),
      Catch::Contains("did you mean 'bias'?"));
  CHECK_THROWS_WITH(build("Linear", {{"in_features", "x"}, {"out_features", 2}}), Catch::Contains("wrong type"));
  CHECK_THROWS_WITH(build("Conv2d", {{"in_channels", 3}, {"out_channels", 4}, {"kernel_size", 3}, {"groups", 2}}),
      Catch::Contains("groups 2"));
  auto net = small_net();
  CHECK_THROWS_WITH(net->register_parameter("a.b", at::zeros({1})), Catch::Contains("a.b"));
  CHECK_THROWS_WITH(net->child("1")->register_buffer("weight", at::zeros({1})), Catch::Contains("registered already"));
  CHECK_THROWS_WITH(net->child("2")->set_child("x", net), Catch::Contains("part of itself"));
  CHECK_THROWS_WITH(net->set_child("x", net), Catch::Contains("part of itself"));
  CHECK_THROWS_WITH((*build("ModuleList", Options::object()))(at::zeros({1})), Catch::Contains("no forward"));
}

TEST_CASE("a tree shows classes, shapes and numbers of parameters") {
  const std::string tree = small_net()->tree();
  CHECK(tree ==
        "Sequential(\n"
        "  (0): Conv2d(1, 2, kernel_size=(3, 3), stride=(1, 1))  weight [2, 1, 3, 3], bias [2]  20 parameters\n"
        "  (1): BatchNorm2d(2, eps=1e-05, momentum=0.1, affine=True, bias=True, track_running_stats=True)  weight [2], bias [2]  4 parameters\n"
        "  (2): Sequential(\n"
        "    (0): " + small_net()->child("2")->child("0")->tree() + "\n"
        "    (1): Linear(in_features=8, out_features=3, bias=False)  weight [3, 8]  24 parameters\n"
        "  )  24 parameters\n"
        ")  48 parameters");
  auto list = build("ModuleList", Options::object());
  for (const char* name : {"0", "1", "2"}) list->set_child(name, build("ReLU", Options::object()));
  CHECK(list->tree() == "ModuleList(\n  (0-2): 3 x ReLU()\n)");
}

TEST_CASE("an error in a part of a part says where it was and what it was given") {
  auto net = small_net();
  CHECK_THROWS_WITH((*net)(at::zeros({1, 1, 9, 9})),
      Catch::Contains("\n  in model.2.1 (Linear)\n  given [1, 98] Float cpu; Linear(in_features=8"));
  CHECK_THROWS_WITH((*net->child("2"))(at::zeros({1, 9})), Catch::Contains("\n  in model.1 (Linear)"));
  CHECK_THROWS_WITH((*net->child("0"))(at::zeros({1, 2, 9, 9})), Catch::Contains("\n  in Conv2d(1, 2, kernel_size"));
  CHECK_THROWS_WITH(net->call({}), Catch::Contains("too few inputs (0)\n  in model.0 (Conv2d)"));
  CHECK_FALSE(Running::any());
}

TEST_CASE("what goes round a part is run by the parent too") {
  auto net = small_net();
  std::vector<std::string> seen;
  auto part = net->child("2")->child("0");
  part->set_around([&](const Tensors& x) {
    seen.push_back(Running::place());
    return Tensors{part->run({x[0] * 0})[0] + 1};
  });
  at::Tensor y = (*net)(at::zeros({2, 1, 4, 4}));
  CHECK(seen == std::vector<std::string>{"in model.2.0 (Flatten)"});
  CHECK(at::allclose(y[0], net->child("2")->child("1")->find("weight")->value.sum(1)));
  part->set_around(nullptr);
  CHECK_FALSE(at::allclose((*net)(at::zeros({2, 1, 4, 4})), y));
}

TEST_CASE("names: without children, with a prefix, with what is met twice; parameters before buffers") {
  auto net = small_net();
  CHECK(net->named_parameters({"", false}).empty());
  CHECK(names(net->child("0")->named_parameters({"enc"})) == std::vector<std::string>{"enc.weight", "enc.bias"});
  auto pair = build("Module", Options::object());
  pair->set_child("a", net->child("1")), pair->set_child("b", net->child("1"));
  CHECK(pair->named_parameters().size() == 2);
  CHECK(pair->named_buffers().size() == 3);
  CHECK(pair->named_modules().size() == 2);
  CHECK(pair->named_modules(false).size() == 3);
  CHECK(names(pair->named_parameters({"", true, false})) == std::vector<std::string>{"a.weight", "a.bias", "b.weight",
      "b.bias"});
  auto mixed = build("Module", Options::object());
  mixed->register_buffer("first", at::zeros({1})), mixed->register_parameter("second", at::zeros({1}));
  mixed->register_buffer("passing", at::zeros({1}), false);
  CHECK(names(mixed->state_dict("m.")) == std::vector<std::string>{"m.second", "m.first"});
  CHECK(mixed->state_dict("", true)[0].second.requires_grad());
}

TEST_CASE("a report names the nearest, and the prefix that would make all fit") {
  auto net = small_net();
  Module::Named wrapped, off;
  for (const auto& [name, t] : net->state_dict()) {
    wrapped.emplace_back("module." + name, t);
    off.emplace_back(name == "2.1.weight" ? "2.1.wieght" : name, t);
  }
  CHECK_THROWS_WITH(net->load_state_dict(wrapped), Catch::Contains("{ prefix = \"module.\" }"));
  CHECK_THROWS_WITH(net->load_state_dict(off), Catch::Contains("missing: 2.1.weight (nearest: 2.1.wieght)"));
  auto older = net->state_dict();
  older.erase(older.begin() + 6);  // 1.num_batches_tracked, which files of old do not have
  CHECK(net->load_state_dict(older).clean());
  auto mine = net->state_dict();
  mine[0].second = at::ones({2, 1, 3, 3});
  net->load_state_dict(mine, true, /*assign=*/true);
  CHECK(net->child("0")->find("weight")->value.data_ptr() == mine[0].second.data_ptr());
  CHECK(net->child("0")->find("weight")->value.requires_grad());
}

TEST_CASE("the meta device, memory formats, derived values") {
  auto net = small_net();
  net->to({}, {}, at::MemoryFormat::ChannelsLast);
  CHECK(net->child("0")->find("weight")->value.is_contiguous(at::MemoryFormat::ChannelsLast));
  net->to_empty(at::kMeta);
  CHECK(net->child("0")->find("weight")->value.is_meta());
  CHECK_THROWS_WITH(net->to(at::Device(at::kCPU), {}), Catch::Contains("to_empty"));
  CHECK_THROWS_WITH(net->load_state_dict(small_net()->state_dict()), Catch::Contains("meta device"));
  auto fresh = small_net();
  net->load_state_dict(fresh->state_dict(), true, true);
  CHECK(at::equal((*net)(at::ones({2, 1, 4, 4})), (*fresh)(at::ones({2, 1, 4, 4}))));
  auto* entry = net->child("0")->find("weight");
  entry->derived = true;
  CHECK(net->state_dict().size() == 7);
  CHECK(net->count() == 30);
}

TEST_CASE("a parent's code runs what stands at a part's place now") {
  struct Two : Module {
    Part first{this, "first", build("Linear", {{"in_features", 3}, {"out_features", 4}})};
    Part second{this, "second", build("Linear", {{"in_features", 4}, {"out_features", 5}})};
    Two() : Module("Two") {}
    Tensors forward(const Tensors& x) override { return {second(first(x.at(0)))}; }
  };
  auto net = std::make_shared<Two>();
  net->set_child("second", build("Linear", {{"in_features", 4}, {"out_features", 7}}));
  CHECK((*net)(at::ones({2, 3})).size(1) == 7);
  CHECK_THROWS_WITH((*net)(at::ones({2, 4})), Catch::Contains("in model.first (Linear)"));
  net->remove_child("second");
  CHECK_THROWS_WITH((*net)(at::ones({2, 3})), Catch::Contains("Two has no part 'second'"));
}
