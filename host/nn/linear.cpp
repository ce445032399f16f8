// Linear, Bilinear, Flatten, Unflatten, Identity.
#include <ATen/ATen.h>

#include <cmath>

#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

/// y = x W^T + b over the last dim.
struct Linear : Module {
  at::Tensor &weight, &bias;

  Linear(const char* kind, int64_t in, int64_t out, bool with_bias)
      : Module(kind), weight(register_parameter("weight", at::empty({out, in}, factory()))),
        bias(register_parameter("bias", with_bias ? at::empty({out}, factory()) : at::Tensor())) {
    init::linear_default(weight, &bias);
  }
  Tensors forward(const Tensors& x) override { return {at::linear(x.at(0), weight, bias)}; }
  std::string describe() const override {
    return "in_features=" + std::to_string(weight.size(1)) + ", out_features=" + std::to_string(weight.size(0)) +
           ", bias=" + repr(Options(bias.defined()));
  }
  int64_t features() const override { return weight.size(0); }
};

/// y_k = x1^T W_k x2 + b_k over the last dims.
struct Bilinear : Module {
  at::Tensor &weight, &bias;

  Bilinear(int64_t in1, int64_t in2, int64_t out, bool with_bias)
      : Module("Bilinear"), weight(register_parameter("weight", at::empty({out, in1, in2}, factory()))),
        bias(register_parameter("bias", with_bias ? at::empty({out}, factory()) : at::Tensor())) {
    const double bound = 1 / std::sqrt(static_cast<double>(in1));
    init::uniform(weight, -bound, bound);
    if (bias.defined()) init::uniform(bias, -bound, bound);
  }
  Tensors forward(const Tensors& x) override { return {at::bilinear(x.at(0), x.at(1), weight, bias)}; }
  std::string describe() const override {
    return "in1_features=" + std::to_string(weight.size(1)) + ", in2_features=" + std::to_string(weight.size(2)) +
           ", out_features=" + std::to_string(weight.size(0)) + ", bias=" + repr(Options(bias.defined()));
  }
};

struct Identity : Module {
  Identity() : Module("Identity") {}
  Tensors forward(const Tensors& x) override { return x; }
};

struct LinearKind : Register {
  explicit LinearKind(const char* name)
      : Register(name, {{"in_features", nullptr}, {"out_features", nullptr}, {"bias", true}}, [name](const Options& o) {
          return std::make_shared<Linear>(name, o["in_features"], o["out_features"], o["bias"]);
        }) {}
};
const LinearKind linear("Linear");
const LinearKind output_of_attention("NonDynamicallyQuantizableLinear");  // PyTorch's name for it there
const Register bilinear("Bilinear", {{"in1_features", nullptr}, {"in2_features", nullptr}, {"out_features", nullptr}, {"bias", true}},
                        [](const Options& o) {
                          return std::make_shared<Bilinear>(o["in1_features"], o["in2_features"], o["out_features"], o["bias"]);
                        });
const Register identity("Identity", Options::object(), [](const Options&) { return std::make_shared<Identity>(); });

const Stateless flatten("Flatten", {{"start_dim", 1}, {"end_dim", -1}}, {"start_dim", "end_dim"},
                        [](const Options& o) -> Stateless::Compute {
                          const int64_t start = o["start_dim"], end = o["end_dim"];
                          return [=](const Tensors& x, bool) { return Tensors{x.at(0).flatten(start, end)}; };
                        });
const Stateless unflatten("Unflatten", {{"dim", nullptr}, {"unflattened_size", nullptr}}, {"dim", "unflattened_size"},
                          [](const Options& o) -> Stateless::Compute {
                            const int64_t dim = o["dim"];
                            const auto sizes = o["unflattened_size"].get<std::vector<int64_t>>();
                            return [=](const Tensors& x, bool) { return Tensors{x.at(0).unflatten(dim, sizes)}; };
                          });

}  // namespace

}  // namespace moonlab::nn
