// EfficientNet, DenseNet and vision transformers against torchvision's, EfficientNet-Lite against its authors' port and
// timm's.
#include "filled.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::nn;

TEST_CASE("EfficientNets compute torchvision's numbers from the same weights") {
  check("EfficientNet", Options::object(), 64, {358, 1611.51362324, 4861.81923867});
  check("EfficientNet", {{"width_mult", 1.0}, {"depth_mult", 1.1}}, 64, {506, 6439.24516523, 19380.6881995});
  check("EfficientNet", {{"width_mult", 1.6}, {"depth_mult", 2.2}, {"eps", 1e-3}, {"momentum", 0.01}}, 33,
        {852, 15893.8379146, 47739.5057525});
  const auto scaled = [](double width, double depth) { return Options{{"width_mult", width}, {"depth_mult", depth}}; };
  check("EfficientNet", scaled(1.1, 1.2), 9, {506, 5193.04359229, 15582.9277416});  // B2
  check("EfficientNet", scaled(1.2, 1.4), 9, {572, 6586.95040441, 19736.689499});   // B3
  check("EfficientNet", scaled(1.4, 1.8), 9, {704, 6385.52754615, 19133.1521448});  // B4
  Options six = scaled(1.8, 2.6), seven = scaled(2.0, 3.1);
  six["eps"] = seven["eps"] = 1e-3;
  check("EfficientNet", six, 9, {984, 17497.9875849, 52482.6931075});
  check("EfficientNet", seven, 9, {1198, 24867.3761323, 74682.4080336});
  CHECK(build("EfficientNet", Options::object())->count() == 4007548);
}

TEST_CASE("EfficientNet-Lite pads as TensorFlow does") {
  const Options lite0{{"lite", true}, {"same", true}, {"eps", 1e-3}, {"momentum", 0.01}};
  check("EfficientNet", lite0, 75, {294, 2155.94732683, 6485.9769277});  // odd sizes on the way: 75, 19, 5
  const auto scaled = [&](double width, double depth) {
    Options o = lite0;
    o["width_mult"] = width, o["depth_mult"] = depth;
    return o;
  };
  check("EfficientNet", scaled(1.0, 1.1), 21, {384, 2411.52202181, 7244.13541407});
  check("EfficientNet", scaled(1.1, 1.2), 21, {384, 2597.67686723, 7801.39239664});
  check("EfficientNet", scaled(1.2, 1.4), 21, {438, 2375.31332743, 7135.83286338});
  check("EfficientNet", scaled(1.4, 1.8), 75, {546, 2389.04715198, 7166.31338575});
}

TEST_CASE("residual networks of bottlenecks compute torchvision's numbers from the same weights") {
  check("ResNet", {{"blocks", {3, 4, 6, 3}}, {"bottleneck", true}}, 64, {318, 4479.74186848, 13418.9756566});
  check("ResNet", {{"blocks", {3, 4, 23, 3}}, {"bottleneck", true}}, 64, {624, 14535.1954318, 43584.3108526});
}

TEST_CASE("DenseNets compute torchvision's numbers from the same weights") {
  check("DenseNet", Options::object(), 64, {725, 379.961726124, 1138.19745082});
  check("DenseNet", {{"blocks", {6, 12, 32, 32}}}, 64, {1013, 727.412234425, 2157.70793086});
}

TEST_CASE("a vision transformer computes torchvision's numbers from the same weights") {
  check("VisionTransformer", {{"image", 32}, {"patch", 8}, {"layers", 2}, {"heads", 2}, {"width", 16}, {"inner", 32}},
        32, {30, 25.4861675664, 53.6760057314});
}

TEST_CASE("networks are frozen stage by stage from the input on") {
  struct Case {
    const char *kind, *last, *first_trained;
    Options options;
  };
  for (const Case& c :
       {Case{"ResNet", "layer1.1.bn2.bias", "layer2.0.conv1.weight", {{"freeze", 2}}},
        Case{"EfficientNet", "features.1.0.block.2.1.bias", "features.2.0.block.0.0.weight", {{"freeze", 2}}},
        Case{"DenseNet",
             "features.transition1.conv.weight",
             "features.denseblock2.denselayer1.norm1.weight",
             {{"freeze", 2}}},
        Case{"VisionTransformer",
             "encoder.layers.encoder_layer_0.mlp.3.bias",
             "encoder.layers.encoder_layer_1.ln_1.weight",
             {{"image", 32}, {"patch", 8}, {"layers", 2}, {"heads", 2}, {"width", 16}, {"freeze", 2}}}}) {
    CAPTURE(c.kind);
    auto net = build(c.kind, c.options);
    bool trained = false, seen_last = false;
    for (const auto& [name, p] : net->named_parameters()) {
      if (name == c.first_trained) trained = true;
      if (name == c.last) seen_last = true;
      CHECK(p.requires_grad() == trained);
    }
    CHECK((trained && seen_last));
    Options all = c.options;
    all["freeze"] = -1;
    CHECK(build(c.kind, all)->count(true) == 0);
    all["freeze"] = 99;
    CHECK_THROWS_WITH(build(c.kind, all), Catch::Contains("freeze takes a number of stages up to"));
  }
}

TEST_CASE("batch statistics of frozen stages stay") {
  auto net = build("EfficientNet", {{"freeze", 1}});
  net->train(true);
  const auto state = net->state_dict();
  const auto mean = [&](const std::string& name) {
    for (const auto& [key, value] : state)
      if (key == name) return value;
    FAIL(name);
    return at::Tensor();
  };
  const at::Tensor stem = mean("features.0.1.running_mean").clone(),
                   next = mean("features.1.0.block.0.1.running_mean").clone();
  (*net)(at::randn({2, 3, 32, 32}));
  CHECK(at::equal(mean("features.0.1.running_mean"), stem));
  CHECK_FALSE(at::equal(mean("features.1.0.block.0.1.running_mean"), next));
}

TEST_CASE("stochastic depth leaves whole samples of a block out, in training alone") {
  auto net = build("EfficientNet", {{"stochastic_depth", 1.0}});
  const at::Tensor x = at::randn({2, 3, 32, 32});
  net->train(false);
  CHECK(at::equal((*net)(x), (*net)(x)));
  net->train(true);
  CHECK((*net)(x).isfinite().all().item<bool>());
}

TEST_CASE("networks of impossible sizes are refused") {
  CHECK_THROWS_WITH(build("EfficientNet", {{"width_mult", 0.0}}), Catch::Contains("positive factors"));
  CHECK_THROWS_WITH(build("DenseNet", {{"blocks", {6, 0}}}), Catch::Contains("block 2 has 0 layers"));
  CHECK_THROWS_WITH(build("DenseNet", {{"stem", "x"}}), Catch::Contains("unknown stem 'x'"));
  CHECK_THROWS_WITH(build("VisionTransformer", {{"image", 30}, {"patch", 8}}), Catch::Contains("patches of 8"));
  CHECK_THROWS_WITH(build("VisionTransformer", {{"width", 10}, {"heads", 4}}), Catch::Contains("4 heads"));
  auto vit = build("VisionTransformer", {{"image", 32}, {"patch", 8}, {"layers", 1}, {"heads", 1}, {"width", 8}});
  CHECK_THROWS_WITH((*vit)(at::zeros({1, 3, 64, 64})), Catch::Contains("made for pictures of 32 x 32"));
}
