// Linear, Embedding, Flatten, Identity.
#include <ATen/ATen.h>

#include "host/nn/init.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

std::string yes(bool b) { return b ? "True" : "False"; }

/// y = x W^T + b over the last dim.
struct Linear : Module {
  at::Tensor& weight;
  at::Tensor& bias;

  Linear(int64_t in, int64_t out, bool with_bias)
      : Module("Linear"),
        weight(register_parameter("weight", at::empty({out, in}))),
        bias(register_parameter("bias", with_bias ? at::empty({out}) : at::Tensor())) {
    init::linear_default(weight, &bias);
  }
  Tensors forward(const Tensors& x) override { return {at::linear(x.at(0), weight, bias)}; }
  std::string describe() const override {
    return "in_features=" + std::to_string(weight.size(1)) + ", out_features=" + std::to_string(weight.size(0)) + ", bias=" + yes(bias.defined());
  }
  int64_t features() const override { return weight.size(0); }
};

struct Embedding : Module {
  at::Tensor& weight;
  int64_t padding;

  Embedding(int64_t count, int64_t dim, int64_t padding_index)
      : Module("Embedding"), weight(register_parameter("weight", at::empty({count, dim}))), padding(padding_index) {
    init::normal(weight, 0, 1);
    if (padding >= 0) {
      at::NoGradGuard guard;
      weight.select(0, padding).zero_();
    }
  }
  Tensors forward(const Tensors& x) override { return {at::embedding(weight, x.at(0), padding)}; }
  std::string describe() const override { return std::to_string(weight.size(0)) + ", " + std::to_string(weight.size(1)); }
};

struct Flatten : Module {
  int64_t start, end;
  Flatten(int64_t from, int64_t to) : Module("Flatten"), start(from), end(to) {}
  Tensors forward(const Tensors& x) override { return {x.at(0).flatten(start, end)}; }
};

struct Identity : Module {
  Identity() : Module("Identity") {}
  Tensors forward(const Tensors& x) override { return x; }
};

const Register linear("Linear", {{"in_features", nullptr}, {"out_features", nullptr}, {"bias", true}},
                      [](const Options& o) { return std::make_shared<Linear>(o["in_features"], o["out_features"], o["bias"]); });
const Register embedding("Embedding", {{"num_embeddings", nullptr}, {"embedding_dim", nullptr}, {"padding_idx", -1}},
                         [](const Options& o) { return std::make_shared<Embedding>(o["num_embeddings"], o["embedding_dim"], o["padding_idx"]); });
const Register flatten("Flatten", {{"start_dim", 1}, {"end_dim", -1}},
                       [](const Options& o) { return std::make_shared<Flatten>(o["start_dim"], o["end_dim"]); });
const Register identity("Identity", Options::object(), [](const Options&) { return std::make_shared<Identity>(); });

}  // namespace

}  // namespace moonlab::nn
