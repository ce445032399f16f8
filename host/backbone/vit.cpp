// Vision transformers (Dosovitskiy et al. 2021) under torchvision's names, without the heads.
#include <ATen/ATen.h>

#include <cmath>

#include "host/backbone/backbone.hpp"
#include "host/error.hpp"
#include "host/nn/init.hpp"

namespace moonlab::nn {

namespace {

std::shared_ptr<Module> norm(int64_t width, double eps) {
  return build("LayerNorm", {{"normalized_shape", Options::array({width})}, {"eps", eps}});
}

std::shared_ptr<Module> linear(int64_t in, int64_t out) {
  auto layer = build("Linear", {{"in_features", in}, {"out_features", out}});
  init::xavier_uniform(layer->find("weight")->value);
  init::normal(layer->find("bias")->value, 0, 1e-6);
  return layer;
}

/// x [B, T, H] -> [B, T, H], with the names of PyTorch's MultiheadAttention.
struct SelfAttention : Module {
  int64_t heads;
  double drop;
  at::Tensor &in_weight, &in_bias;
  Part out_proj;

  SelfAttention(int64_t width, int64_t n_heads, double dropout)
      : Module("SelfAttention"),
        heads(n_heads),
        drop(dropout),
        in_weight(register_parameter("in_proj_weight", at::empty({3 * width, width}))),
        in_bias(register_parameter("in_proj_bias", at::zeros({3 * width}))),
        out_proj(this, "out_proj", build("Linear", {{"in_features", width}, {"out_features", width}})) {
    init::xavier_uniform(in_weight);
    init::constant(out_proj->find("bias")->value, 0);
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    const at::Tensor qkv =
        at::linear(x, in_weight, in_bias).view({x.size(0), x.size(1), 3, heads, -1}).permute({2, 0, 3, 1, 4});
    const at::Tensor y = at::scaled_dot_product_attention(qkv[0], qkv[1], qkv[2], {}, training_ ? drop : 0);
    return {out_proj(y.transpose(1, 2).flatten(2))};
  }
};

struct Block : Module {
  Part ln_1, attention, ln_2;
  double drop;

  Block(int64_t width, int64_t heads, int64_t inner, double dropout, double eps)
      : Module("EncoderBlock"),
        ln_1(this, "ln_1", norm(width, eps)),
        attention(this, "self_attention", std::make_shared<SelfAttention>(width, heads, dropout)),
        ln_2(this, "ln_2", norm(width, eps)),
        drop(dropout) {
    auto mlp = add("mlp", build("Sequential", Options::object()));
    mlp->set_child("0", linear(width, inner));  // numbered as torchvision does, with activation and dropout between
    mlp->set_child("3", linear(inner, width));
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor x = inputs.at(0) + at::dropout(attention(ln_1(inputs.at(0))), drop, training_);
    auto& mlp = *part("mlp");
    const at::Tensor wide = at::dropout(at::gelu((*mlp.part("0"))(ln_2(x))), drop, training_);
    return {x + at::dropout((*mlp.part("3"))(wide), drop, training_)};
  }
};

/// x [B, in_channels, image, image] -> the state of the class token [B, width].
struct VisionTransformer : Backbone {
  int64_t image, patch;
  double drop;

  explicit VisionTransformer(const Options& o)
      : Backbone("VisionTransformer", o["width"]), image(o["image"]), patch(o["patch"]), drop(o["dropout"]) {
    const int64_t in = o["in_channels"], layers = o["layers"], heads = o["heads"], inner = o["inner"];
    if (patch < 1 || image < 1 || image % patch)
      fail("VisionTransformer: pictures of ", image, " do not divide into patches of ", patch);
    if (heads < 1 || width_ % heads)
      fail("VisionTransformer: a width of ", width_, " does not divide into ", heads, " heads");
    if (layers < 1) fail("VisionTransformer: it has ", layers, " layers");
    register_parameter("class_token", at::zeros({1, 1, width_}));
    auto patches = add(
        "conv_proj",
        build("Conv2d", {{"in_channels", in}, {"out_channels", width_}, {"kernel_size", patch}, {"stride", patch}}));
    init::trunc_normal(patches->find("weight")->value, 0, std::sqrt(1.0 / static_cast<double>(in * patch * patch)), -2,
                       2);
    init::constant(patches->find("bias")->value, 0);
    auto encoder = add("encoder", std::make_shared<Module>("Encoder"));
    encoder->register_parameter("pos_embedding",
                                at::empty({1, (image / patch) * (image / patch) + 1, width_}).normal_(0, 0.02));
    auto stack = build("Sequential", Options::object());
    for (int64_t i = 0; i < layers; ++i)
      stack->set_child("encoder_layer_" + std::to_string(i),
                       std::make_shared<Block>(width_, heads, inner, drop, o["eps"].get<double>()));
    encoder->set_child("layers", stack);
    encoder->set_child("ln", norm(width_, o["eps"]));
    freeze(o["freeze"]);
  }
  Stages stages() const override {
    Stages all{{"class_token", "conv_proj", "encoder.pos_embedding"}};
    for (const auto& [name, held] : part("encoder")->part("layers")->children())
      all.push_back({"encoder.layers." + name});
    all.back().push_back("encoder.ln");
    return all;
  }
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    if (x.dim() != 4 || x.size(2) != image || x.size(3) != image)
      fail("VisionTransformer: made for pictures of ", image, " x ", image, ", got ", x.sizes());
    const at::Tensor tokens = (*part("conv_proj"))(x).flatten(2).transpose(1, 2);
    const at::Tensor first = find("class_token")->value.expand({x.size(0), 1, width_}).to(tokens.scalar_type());
    Module& encoder = *part("encoder");
    at::Tensor states =
        at::dropout(at::cat({first, tokens}, 1) + encoder.find("pos_embedding")->value, drop, training_);
    return {(*encoder.part("ln"))((*encoder.part("layers"))(states)).select(1, 0)};
  }
};

const Register vit("VisionTransformer",
                   {{"in_channels", 3},
                    {"image", 224},
                    {"patch", 16},
                    {"layers", 12},
                    {"heads", 12},
                    {"width", 768},
                    {"inner", 3072},
                    {"dropout", 0.0},
                    {"eps", 1e-6},
                    {"freeze", 0}},
                   [](const Options& o) { return std::make_shared<VisionTransformer>(o); });

}  // namespace

}  // namespace moonlab::nn
