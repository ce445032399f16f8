#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include <cmath>

#include "host/backbone/backbone.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

namespace {

/// A network in float64 whose k-th floating tensor is sin(0.37 i + k), scaled; the same program ran on PyTorch.
std::shared_ptr<Module> filled(const Options& options) {
  auto net = build("ResNet", options);
  net->to({}, at::kDouble);
  net->train(false);
  int64_t k = 0;
  for (auto& [name, value] : net->state_dict()) {
    if (!value.is_floating_point()) continue;
    const at::Tensor a = at::sin(at::arange(value.numel(), at::kDouble) * 0.37 + static_cast<double>(k++));
    value.copy_((value.dim() == 1 ? 1 + 0.5 * a : a / std::sqrt(static_cast<double>(value[0].numel()))).reshape(value.sizes()));
  }
  return net;
}

void check(const Options& options, int64_t side, size_t entries, double sum, double one, double last) {
  auto net = filled(options);
  CHECK(net->state_dict().size() == entries);
  const at::Tensor x = at::sin(at::arange(2 * 3 * side * side, at::kDouble) * 0.11).reshape({2, 3, side, side});
  const at::Tensor y = (*net)(x);
  REQUIRE(y.sizes() == at::IntArrayRef({2, net->features()}));
  CHECK(y.sum().item<double>() == Approx(sum).epsilon(1e-10));
  CHECK(y[1][3].item<double>() == Approx(one).epsilon(1e-10));
  CHECK(y[0][-1].item<double>() == Approx(last).epsilon(1e-10));
}

}  // namespace

TEST_CASE("residual networks compute PyTorch's numbers from the same weights") {
  check({{"blocks", {2, 2, 2, 2}}, {"width", 8}}, 33, 120, 3786.70070497, 13.4431336999, 26.3001244723);
  check({{"blocks", {1, 1, 1}}, {"width", 8}, {"stem", "cifar"}}, 16, 54, 374.414539912, 3.70491853595, 4.76823488204);
}

TEST_CASE("ResNet-18 and 34 have torchvision's names and sizes, without fc") {
  auto net = build("ResNet", Options::object());
  CHECK(net->count() == 11689512 - 513000);
  CHECK(net->features() == 512);
  CHECK(build("ResNet", {{"blocks", {3, 4, 6, 3}}})->count() == 21797672 - 513000);
  std::vector<std::string> names;
  for (const auto& [name, value] : net->state_dict()) names.push_back(name);
  for (const char* name : {"conv1.weight", "bn1.running_var", "layer1.1.conv2.weight", "layer2.0.downsample.0.weight",
                           "layer4.0.downsample.1.num_batches_tracked"}) {
    CAPTURE(name);
    CHECK(std::find(names.begin(), names.end(), name) != names.end());
  }
  CHECK_THROWS_WITH(build("ResNet", {{"stem", "x"}}), Catch::Contains("unknown stem 'x'"));
  CHECK_THROWS_WITH(build("ResNet", {{"blocks", {1, 0}}}), Catch::Contains("stage 2 has 0 blocks"));
}

TEST_CASE("the wide networks of label embeddings: ResNet-8 with 2,048 features of 2 x 2 parts, ResNet-18 with 1,024") {
  const Options eight{{"blocks", {1, 1, 1}}, {"width", 128}, {"stem", "cifar"}, {"pool", 2}};
  CHECK(build("ResNet", eight)->features() == 2048);
  CHECK(build("ResNet", {{"width", 128}, {"stem", "cifar"}})->features() == 1024);
  Options small = eight;
  small["width"] = 4;
  at::manual_seed(1);
  auto parts = build("ResNet", small);
  small["pool"] = 1;
  at::manual_seed(1);
  auto whole = build("ResNet", small);
  const at::Tensor x = at::rand({2, 3, 32, 32}), y = (*parts)(x);
  REQUIRE(y.sizes() == at::IntArrayRef({2, 64}));
  CHECK(at::allclose(y.view({2, 16, 4}).mean(2), (*whole)(x), 1e-4, 1e-5));
  CHECK_THROWS_WITH(build("ResNet", {{"pool", 0}}), Catch::Contains("pool must be at least 1"));
}
