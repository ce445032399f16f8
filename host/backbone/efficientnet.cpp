// EfficientNet B0 to B7 (Tan and Le 2019) under torchvision's names, and the Lite variants (no squeeze and excitation,
// relu6, TensorFlow's padding, stem and head of one width), without the classifier.
#include <ATen/ATen.h>

#include <cmath>

#include "host/backbone/backbone.hpp"
#include "host/backbone/conv_norm.hpp"
#include "host/error.hpp"

namespace moonlab::nn {

namespace {

struct Stage {
  int64_t expand, kernel, stride, in, out, blocks;
};
constexpr Stage kStages[] = {{1, 3, 1, 32, 16, 1},  {6, 3, 2, 16, 24, 2},   {6, 5, 2, 24, 40, 2},  {6, 3, 2, 40, 80, 3},
                             {6, 5, 1, 80, 112, 3}, {6, 5, 2, 112, 192, 4}, {6, 3, 1, 192, 320, 1}};
constexpr size_t kLast = std::size(kStages) - 1;

/// What all blocks of a network share.
struct Style {
  bool lite, same;  // same: TensorFlow's padding
  double eps, momentum;
  ConvNormOptions conv(int64_t kernel, int64_t stride, int64_t groups, bool active) const {
    return {kernel, stride,   groups, !active ? Activation::none : lite ? Activation::relu6 : Activation::silu,
            eps,    momentum, same};
  }
};

/// The nearest multiple of 8 that loses no tenth of the channels.
int64_t scaled(int64_t channels, double factor) {
  const double wanted = static_cast<double>(channels) * factor;
  const int64_t rounded = std::max<int64_t>(8, static_cast<int64_t>(wanted + 4) / 8 * 8);
  return static_cast<double>(rounded) < 0.9 * wanted ? rounded + 8 : rounded;
}

/// Channels weighted by what their means say (Hu et al. 2018).
struct SqueezeExcitation : Module {
  Part fc1, fc2;
  SqueezeExcitation(int64_t channels, int64_t inner)
      : Module("SqueezeExcitation"),
        fc1(this, "fc1", point(channels, inner)),
        fc2(this, "fc2", point(inner, channels)) {}
  static std::shared_ptr<Module> point(int64_t in, int64_t out) {
    return build("Conv2d", {{"in_channels", in}, {"out_channels", out}, {"kernel_size", 1}});
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    return {at::sigmoid(fc2(at::silu(fc1(x.mean({2, 3}, true))))) * x};
  }
};

/// Expand, filter each channel, squeeze: beside an identity where the shape stays. `drop` is the share of samples whose
/// block is left out in training (stochastic depth, Huang et al. 2016).
struct InvertedBottleneck : Module {
  bool identity;
  double drop;

  InvertedBottleneck(const Stage& s, double drop_share, const Style& style)
      : Module("MBConv"), identity(s.stride == 1 && s.in == s.out), drop(drop_share) {
    auto block = add("block", build("Sequential", Options::object()));
    int next = 0;
    auto append = [&](std::shared_ptr<Module> part) { block->set_child(std::to_string(next++), std::move(part)); };
    const int64_t wide = s.in * s.expand;
    if (wide != s.in) append(std::make_shared<ConvNorm>(s.in, wide, style.conv(1, 1, 1, true)));
    append(std::make_shared<ConvNorm>(wide, wide, style.conv(s.kernel, s.stride, wide, true)));
    if (!style.lite) append(std::make_shared<SqueezeExcitation>(wide, std::max<int64_t>(1, s.in / 4)));
    append(std::make_shared<ConvNorm>(wide, s.out, style.conv(1, 1, 1, false)));
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    at::Tensor y = (*part("block"))(x);
    if (!identity) return {y};
    if (training_ && drop > 0) y = y * at::empty({x.size(0), 1, 1, 1}, y.options()).bernoulli_(1 - drop).div_(1 - drop);
    return {y + x};
  }
};

/// x [B, in_channels, H, W] -> [B, features()], a thirty-second of the pixels averaged.
struct EfficientNet : Backbone {
  EfficientNet(const Options& o, const Style& style, double width, double depth, double drop)
      : Backbone("EfficientNet", style.lite ? 1280 : 4 * scaled(kStages[kLast].out, width)) {
    if (!(width > 0) || !(depth > 0))
      fail("EfficientNet: width and depth are positive factors, got ", width, " and ", depth);
    auto features = add("features", build("Sequential", Options::object()));
    const int64_t stem = style.lite ? 32 : scaled(32, width);
    features->set_child("0",
                        std::make_shared<ConvNorm>(o["in_channels"].get<int64_t>(), stem, style.conv(3, 2, 1, true)));

    std::vector<Stage> stages(std::begin(kStages), std::end(kStages));
    int64_t total = 0, done = 0;
    for (size_t i = 0; i < stages.size(); ++i) {
      stages[i].in = i == 0 ? stem : scaled(stages[i].in, width);
      stages[i].out = scaled(stages[i].out, width);
      const bool keeps_depth = style.lite && (i == 0 || i == kLast);
      if (!keeps_depth)
        stages[i].blocks = static_cast<int64_t>(std::ceil(static_cast<double>(stages[i].blocks) * depth));
      total += stages[i].blocks;
    }
    for (size_t i = 0; i < stages.size(); ++i) {
      auto group = build("Sequential", Options::object());
      Stage s = stages[i];
      for (int64_t b = 0; b < stages[i].blocks; ++b, ++done, s.in = s.out, s.stride = 1) {
        const double share = drop * static_cast<double>(done) / static_cast<double>(total);
        group->set_child(std::to_string(b), std::make_shared<InvertedBottleneck>(s, share, style));
      }
      features->set_child(std::to_string(i + 1), group);
    }
    features->set_child(std::to_string(kLast + 2),
                        std::make_shared<ConvNorm>(stages[kLast].out, width_, style.conv(1, 1, 1, true)));
    start_convolutions(*this);
    freeze(o["freeze"]);
  }
  Stages stages() const override {
    Stages all;
    for (size_t i = 0; i <= kLast + 2; ++i) all.push_back({"features." + std::to_string(i)});
    return all;
  }
  Tensors forward(const Tensors& inputs) override { return {(*part("features"))(inputs.at(0)).mean({2, 3})}; }
};

const Register efficientnet("EfficientNet",
                            {{"in_channels", 3},
                             {"width_mult", 1.0},
                             {"depth_mult", 1.0},
                             {"lite", false},
                             {"same", false},
                             {"stochastic_depth", 0.2},
                             {"eps", 1e-5},
                             {"momentum", 0.1},
                             {"freeze", 0}},
                            [](const Options& o) {
                              const Style style{o["lite"], o["same"], o["eps"], o["momentum"]};
                              return std::make_shared<EfficientNet>(o, style, o["width_mult"].get<double>(),
                                                                    o["depth_mult"].get<double>(),
                                                                    o["stochastic_depth"].get<double>());
                            });

}  // namespace

}  // namespace moonlab::nn
