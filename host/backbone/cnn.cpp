// Small convolutional trunks for images of digits and clothes.
#include <ATen/ATen.h>

#include "host/backbone/backbone.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"

namespace moonlab::nn {

namespace {

/// Blocks of 3x3 convolution, ReLU and 2x2 max pooling, then a linear layer with ReLU.
/// x [B, channels, size, size] -> [B, features].
struct Cnn : Backbone {
  std::vector<Part> convolutions;
  std::optional<Part> fc;
  double drop;

  Cnn(int64_t in, int64_t size, const std::vector<int64_t>& channels, int64_t features, double dropout)
      : Backbone("Cnn", features), drop(dropout) {
    if (channels.empty()) fail("Cnn: give at least one number of channels");
    for (size_t i = 0; i < channels.size(); ++i) {
      convolutions.emplace_back(this, "conv" + std::to_string(i + 1),
                                build("Conv2d", {{"in_channels", i ? channels[i - 1] : in},
                                                 {"out_channels", channels[i]},
                                                 {"kernel_size", 3},
                                                 {"padding", 1}}));
      size /= 2;
    }
    if (size < 1) fail("Cnn: ", channels.size(), " poolings leave nothing of the image");
    fc.emplace(this, "fc",
               build("Linear", {{"in_features", channels.back() * size * size}, {"out_features", features}}));
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0);
    // pooling first: the same numbers, a quarter of the work for ReLU
    for (auto& conv : convolutions) x = at::relu(at::max_pool2d(conv(x), 2));
    return {at::dropout(at::relu((*fc)(x.flatten(1))), drop, training_)};
  }
};

/// Weights normal with this deviation, cut at twice of it, and biases of 0: as the networks of Label Embedding Networks
/// for digits begin.
void begin_normal(Module& module, double deviation) {
  for (auto& [name, p] : module.named_parameters()) {
    at::Tensor t = p;
    if (t.dim() > 1) init::trunc_normal(t, 0, deviation, -2 * deviation, 2 * deviation);
    else init::constant(t, 0);
  }
}

/// The MNIST network of Label Embedding Networks (section 3.1 of that paper, and its code): two 5x5 convolutions of 32
/// and 64 channels with 2x2 pooling, a layer of 1024.
struct MnistCnn : Backbone {
  Part conv1{this, "conv1",
             build("Conv2d", {{"in_channels", 1}, {"out_channels", 32}, {"kernel_size", 5}, {"padding", 2}})};
  Part conv2{this, "conv2",
             build("Conv2d", {{"in_channels", 32}, {"out_channels", 64}, {"kernel_size", 5}, {"padding", 2}})};
  Part fc{this, "fc", build("Linear", {{"in_features", 3136}, {"out_features", 1024}})};

  explicit MnistCnn(double deviation) : Backbone("MnistCnn", 1024) {
    if (deviation > 0) begin_normal(*this, deviation);
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = at::relu(at::max_pool2d(conv1(inputs.at(0)), 2));
    x = at::relu(at::max_pool2d(conv2(x), 2));
    return {at::relu(fc(x.flatten(1)))};
  }
};

/// Linear layers with ReLU after each. x [B, ...] is flattened; -> [B, last width]. They begin as Linear does, or
/// normal with a deviation that is not 0.
struct Mlp : Backbone {
  std::vector<Part> layers;

  Mlp(int64_t in, const std::vector<int64_t>& widths, double deviation)
      : Backbone("Mlp", widths.empty() ? in : widths.back()) {
    for (size_t i = 0; i < widths.size(); ++i)
      layers.emplace_back(this, "fc" + std::to_string(i + 1),
                          build("Linear", {{"in_features", i ? widths[i - 1] : in}, {"out_features", widths[i]}}));
    if (deviation > 0) begin_normal(*this, deviation);
  }
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0).flatten(1);
    for (auto& layer : layers) x = at::relu(layer(x));
    return {x};
  }
};

const Register cnn("Cnn",
                   {{"in_channels", 1}, {"size", 28}, {"channels", {16, 32}}, {"features", 128}, {"dropout", 0.0}},
                   [](const Options& o) {
                     return std::make_shared<Cnn>(o["in_channels"], o["size"],
                                                  o["channels"].get<std::vector<int64_t>>(), o["features"],
                                                  o["dropout"]);
                   });
const Register mnist_cnn("MnistCnn", {{"deviation", 0.1}},
                         [](const Options& o) { return std::make_shared<MnistCnn>(o["deviation"].get<double>()); });
const Register mlp("Mlp", {{"in_features", 784}, {"widths", {500, 500}}, {"deviation", 0.0}}, [](const Options& o) {
  return std::make_shared<Mlp>(o["in_features"], o["widths"].get<std::vector<int64_t>>(), o["deviation"].get<double>());
});

}  // namespace

}  // namespace moonlab::nn
