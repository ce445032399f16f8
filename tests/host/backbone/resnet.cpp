#include "filled.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

TEST_CASE("residual networks compute torchvision's numbers from the same weights") {
  check("ResNet", {{"blocks", {2, 2, 2, 2}}}, 64, {120, 431.58581746, 1284.74110245});
  check("ResNet", {{"blocks", {3, 4, 6, 3}}}, 33, {216, 2997.65269933, 8935.94428865});
}

TEST_CASE("so do the wide ones of label embeddings, put together of torchvision's blocks") {
  check("ResNet", {{"blocks", {1, 1, 1}}, {"width", 128}, {"stem", "cifar"}, {"pool", 2}}, 9,
        {54, 6420.96182709, 19263.3922911});
  check("ResNet", {{"width", 128}, {"stem", "cifar"}}, 9, {120, 6156.43315984, 18343.7296362});
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
