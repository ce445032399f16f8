// Residual networks (He et al. 2016) under torchvision's names, without the last linear layer.
#include <ATen/ATen.h>

#include "host/backbone/backbone.hpp"
#include "host/backbone/conv_norm.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"

namespace moonlab::nn {

namespace {

/// Two 3x3 convolutions beside an identity, or beside a 1x1 convolution where the shape changes.
struct BasicBlock : Module {
  Part conv1, bn1, conv2, bn2;
  bool projects;

  BasicBlock(int64_t in, int64_t out, int64_t stride)
      : Module("BasicBlock"),
        conv1(this, "conv1", convolution(in, out, 3, stride)),
        bn1(this, "bn1", batch_norm(out)),
        conv2(this, "conv2", convolution(out, out, 3, 1)),
        bn2(this, "bn2", batch_norm(out)),
        projects(stride != 1 || in != out) {
    if (!projects) return;
    auto shortcut = add("downsample", build("Sequential", Options::object()));
    shortcut->set_child("0", convolution(in, out, 1, stride));
    shortcut->set_child("1", batch_norm(out));
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    at::Tensor y = bn2(conv2(at::relu(bn1(conv1(x)))));
    return {at::relu(y + (projects ? (*part("downsample"))(x) : x))};
  }
};

/// A 1x1 convolution down to `width` channels, a 3x3 one, and a 1x1 one up to four times as many. The stride is the 3x3
/// convolution's, as torchvision has it.
struct Bottleneck : Module {
  Part conv1, bn1, conv2, bn2, conv3, bn3;
  bool projects;

  Bottleneck(int64_t in, int64_t width, int64_t stride)
      : Module("Bottleneck"),
        conv1(this, "conv1", convolution(in, width, 1, 1)),
        bn1(this, "bn1", batch_norm(width)),
        conv2(this, "conv2", convolution(width, width, 3, stride)),
        bn2(this, "bn2", batch_norm(width)),
        conv3(this, "conv3", convolution(width, 4 * width, 1, 1)),
        bn3(this, "bn3", batch_norm(4 * width)),
        projects(stride != 1 || in != 4 * width) {
    if (!projects) return;
    auto shortcut = add("downsample", build("Sequential", Options::object()));
    shortcut->set_child("0", convolution(in, 4 * width, 1, stride));
    shortcut->set_child("1", batch_norm(4 * width));
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    at::Tensor y = bn3(conv3(at::relu(bn2(conv2(at::relu(bn1(conv1(x))))))));
    return {at::relu(y + (projects ? (*part("downsample"))(x) : x))};
  }
};

struct ResNetOptions {
  int64_t in, width, pool, freeze;
  std::vector<int64_t> blocks;
  std::string stem;
  bool bottleneck;
  int64_t features() const {
    return blocks.empty() ? 0 : (width << (blocks.size() - 1)) * (bottleneck ? 4 : 1) * pool * pool;
  }
};

/// x [B, in_channels, H, W] -> [B, 2^(stages - 1) width pool^2]: the means over pool x pool parts of what the last
/// stage leaves of the picture; four times as many with bottlenecks. The stem of "imagenet" is a 7x7 convolution of
/// stride 2 and a 3x3 max pooling of stride 2, that of "cifar" a 3x3 convolution, for pictures of 32 x 32.
struct ResNet : Backbone {
  bool small;
  int64_t pool;
  std::vector<Part> layers;

  explicit ResNet(const ResNetOptions& o) : Backbone("ResNet", o.features()), small(o.stem == "cifar"), pool(o.pool) {
    const auto& [in, width, parts, frozen, blocks, stem, bottleneck] = o;
    if (pool < 1) fail("ResNet: pool must be at least 1, got ", pool);
    if (blocks.empty() || blocks.size() > 4) fail("ResNet: give the blocks of 1 to 4 stages, got ", blocks.size());
    if (!small && stem != "imagenet") fail("ResNet: unknown stem '", stem, "' (imagenet, cifar)");
    set_child("conv1", small ? convolution(in, width, 3, 1) : convolution(in, width, 7, 2));
    set_child("bn1", batch_norm(width));
    for (size_t stage = 0, from = width; stage < blocks.size(); ++stage) {
      if (blocks[stage] < 1) fail("ResNet: stage ", stage + 1, " has ", blocks[stage], " blocks");
      auto layer = build("Sequential", Options::object());
      const int64_t inner = width << stage, to = bottleneck ? 4 * inner : inner;
      for (int64_t b = 0; b < blocks[stage]; ++b, from = to) {
        const int64_t stride = stage > 0 && b == 0 ? 2 : 1;
        if (bottleneck) layer->set_child(std::to_string(b), std::make_shared<Bottleneck>(from, inner, stride));
        else layer->set_child(std::to_string(b), std::make_shared<BasicBlock>(from, inner, stride));
      }
      layers.emplace_back(this, "layer" + std::to_string(stage + 1), std::move(layer));
    }
    for (auto& [name, p] : named_parameters()) {
      at::Tensor t = p;
      if (t.dim() == 4) init::kaiming_normal(t, 0, "relu", true);
    }
    freeze(frozen);
  }
  Stages stages() const override {
    Stages all{{"conv1", "bn1"}};
    for (const auto& layer : layers) all.push_back({layer.name});
    return all;
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = at::relu((*part("bn1"))((*part("conv1"))(inputs.at(0))));
    if (!small) x = at::max_pool2d(x, 3, 2, 1);
    for (auto& layer : layers) x = layer(x);
    return {pool == 1 ? x.mean({2, 3}) : at::adaptive_avg_pool2d(x, {pool, pool}).flatten(1)};
  }
};

const Register resnet("ResNet",
                      {{"in_channels", 3},
                       {"blocks", {2, 2, 2, 2}},
                       {"width", 64},
                       {"stem", "imagenet"},
                       {"pool", 1},
                       {"bottleneck", false},
                       {"freeze", 0}},
                      [](const Options& o) {
                        return std::make_shared<ResNet>(
                            ResNetOptions{o["in_channels"], o["width"], o["pool"], o["freeze"],
                                          o["blocks"].get<std::vector<int64_t>>(), o["stem"], o["bottleneck"]});
                      });

}  // namespace

}  // namespace moonlab::nn
