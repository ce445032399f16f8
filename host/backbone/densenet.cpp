// Densely connected networks (Huang et al. 2017, DenseNet-BC) under torchvision's names, without the classifier.
#include <ATen/ATen.h>

#include "host/backbone/backbone.hpp"
#include "host/backbone/conv_norm.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"

namespace moonlab::nn {

namespace {

/// x [B, C, H, W] -> what it adds, [B, growth, H, W]: a bottleneck of 4 * growth channels and a 3x3 convolution.
struct DenseLayer : Module {
  Part norm1, conv1, norm2, conv2;
  DenseLayer(int64_t in, int64_t growth)
      : Module("DenseLayer"),
        norm1(this, "norm1", batch_norm(in)),
        conv1(this, "conv1", convolution(in, 4 * growth, 1, 1)),
        norm2(this, "norm2", batch_norm(4 * growth)),
        conv2(this, "conv2", convolution(4 * growth, growth, 3, 1)) {}
  Tensors forward(const Tensors& inputs) override {
    return {conv2(at::relu(norm2(conv1(at::relu(norm1(inputs.at(0)))))))};
  }
};

/// x [B, C, H, W] -> [B, C + layers * growth, H, W]: each layer reads all that came before.
struct DenseBlock : Module {
  DenseBlock(int64_t in, int64_t growth, int64_t layers) : Module("DenseBlock") {
    for (int64_t i = 0; i < layers; ++i)
      add("denselayer" + std::to_string(i + 1), std::make_shared<DenseLayer>(in + i * growth, growth));
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0);
    for (const auto& [name, layer] : children()) x = at::cat({x, (*layer)(x)}, 1);
    return {x};
  }
};

/// x [B, in, H, W] -> [B, out, H / 2, W / 2].
struct Transition : Module {
  Part norm_, conv_;
  Transition(int64_t in, int64_t out)
      : Module("Transition"), norm_(this, "norm", batch_norm(in)), conv_(this, "conv", convolution(in, out, 1, 1)) {}
  Tensors forward(const Tensors& inputs) override {
    return {at::avg_pool2d(conv_(at::relu(norm_(inputs.at(0)))), 2, 2)};
  }
};

int64_t width_of(const std::vector<int64_t>& layers, int64_t growth, int64_t stem) {
  int64_t channels = stem;
  for (size_t i = 0; i < layers.size(); ++i) {
    if (layers[i] < 1) fail("DenseNet: block ", i + 1, " has ", layers[i], " layers");
    channels += layers[i] * growth;
    if (i + 1 < layers.size()) channels /= 2;
  }
  return channels;
}

/// x [B, in_channels, H, W] -> [B, features()]. The stem of "imagenet" is a 7x7 convolution of stride 2 and a pooling,
/// that of "cifar" a 3x3 convolution, for pictures of 32 x 32.
struct DenseNet : Backbone {
  bool small;

  DenseNet(const Options& o, const std::vector<int64_t>& layers, int64_t growth, int64_t stem,
           const std::string& kind_of_stem)
      : Backbone("DenseNet", width_of(layers, growth, stem)), small(kind_of_stem == "cifar") {
    if (layers.empty()) fail("DenseNet: give the layers of its blocks");
    if (!small && kind_of_stem != "imagenet") fail("DenseNet: unknown stem '", kind_of_stem, "' (imagenet, cifar)");
    const int64_t in = o["in_channels"];
    auto features = add("features", build("Sequential", Options::object()));
    features->set_child("conv0", small ? convolution(in, stem, 3, 1) : convolution(in, stem, 7, 2));
    features->set_child("norm0", batch_norm(stem));
    int64_t channels = stem;
    for (size_t i = 0; i < layers.size(); ++i) {
      features->set_child("denseblock" + std::to_string(i + 1),
                          std::make_shared<DenseBlock>(channels, growth, layers[i]));
      channels += layers[i] * growth;
      if (i + 1 == layers.size()) break;
      features->set_child("transition" + std::to_string(i + 1), std::make_shared<Transition>(channels, channels / 2));
      channels /= 2;
    }
    features->set_child("norm5", batch_norm(channels));
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      if (t.dim() == 4) init::kaiming_normal(t, 0, "relu");
    }
    freeze(o["freeze"]);
  }
  Stages stages() const override {
    Stages all{{"features.conv0", "features.norm0"}};
    for (const auto& [name, held] : part("features")->children())
      if (name.starts_with("denseblock")) all.push_back({"features." + name});
      else if (name.starts_with("transition")) all.back().push_back("features." + name);
    all.back().push_back("features.norm5");
    return all;
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0);
    for (const auto& [name, held] : part("features")->children()) {
      x = (*held)(x);
      if (name != "norm0") continue;
      x = at::relu(x);
      if (!small) x = at::max_pool2d(x, 3, 2, 1);
    }
    return {at::relu(x).mean({2, 3})};
  }
};

const Register densenet("DenseNet",
                        {{"in_channels", 3},
                         {"blocks", {6, 12, 24, 16}},
                         {"growth", 32},
                         {"width", 64},
                         {"stem", "imagenet"},
                         {"freeze", 0}},
                        [](const Options& o) {
                          return std::make_shared<DenseNet>(o, o["blocks"].get<std::vector<int64_t>>(), o["growth"],
                                                            o["width"], o["stem"]);
                        });

}  // namespace

}  // namespace moonlab::nn
