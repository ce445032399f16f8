// BatchNorm, LayerNorm, GroupNorm.
#include <ATen/ATen.h>

#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// Ioffe and Szegedy 2015; running statistics in buffers. momentum < 0 stands for a cumulative average.
struct BatchNorm : Module {
  double eps, momentum;
  at::Tensor &weight, &bias, &mean, &var, &batches;

  BatchNorm(const std::string& kind, const Options& o) : BatchNorm(kind, o, o["num_features"], o["affine"], o["track_running_stats"]) {}
  BatchNorm(const std::string& kind, const Options& o, int64_t n, bool affine, bool track)
      : Module(kind), eps(o["eps"]), momentum(o["momentum"]),
        weight(register_parameter("weight", affine ? at::ones({n}) : at::Tensor())),
        bias(register_parameter("bias", affine ? at::zeros({n}) : at::Tensor())),
        mean(register_buffer("running_mean", track ? at::zeros({n}) : at::Tensor())),
        var(register_buffer("running_var", track ? at::ones({n}) : at::Tensor())),
        batches(register_buffer("num_batches_tracked", track ? at::zeros({}, at::kLong) : at::Tensor())) {}

  Tensors forward(const Tensors& x) override {
    const bool batch_statistics = training_ || !mean.defined();
    double factor = momentum;
    if (training_ && mean.defined()) {
      batches.add_(1);
      if (momentum < 0) factor = 1.0 / batches.item<double>();
    }
    return {at::batch_norm(x.at(0), weight, bias, mean, var, batch_statistics, factor, eps, at::globalContext().userEnabledCuDNN())};
  }
  std::string describe() const override {
    std::ostringstream s;
    s << (mean.defined() ? mean.size(0) : weight.defined() ? weight.size(0) : 0) << ", eps=" << eps << ", momentum=" << momentum;
    return s.str();
  }
};

struct LayerNorm : Module {
  std::vector<int64_t> shape;
  double eps;
  at::Tensor &weight, &bias;

  explicit LayerNorm(const Options& o)
      : Module("LayerNorm"),
        shape(o["normalized_shape"].is_number() ? std::vector<int64_t>{o["normalized_shape"].get<int64_t>()} : o["normalized_shape"].get<std::vector<int64_t>>()),
        eps(o["eps"]),
        weight(register_parameter("weight", o["elementwise_affine"].get<bool>() ? at::ones(shape) : at::Tensor())),
        bias(register_parameter("bias", o["elementwise_affine"].get<bool>() && o["bias"].get<bool>() ? at::zeros(shape) : at::Tensor())) {}
  Tensors forward(const Tensors& x) override { return {at::layer_norm(x.at(0), shape, weight, bias, eps)}; }
};

struct GroupNorm : Module {
  int64_t groups;
  double eps;
  at::Tensor &weight, &bias;

  explicit GroupNorm(const Options& o)
      : Module("GroupNorm"), groups(o["num_groups"]), eps(o["eps"]),
        weight(register_parameter("weight", o["affine"].get<bool>() ? at::ones({o["num_channels"].get<int64_t>()}) : at::Tensor())),
        bias(register_parameter("bias", o["affine"].get<bool>() ? at::zeros({o["num_channels"].get<int64_t>()}) : at::Tensor())) {}
  Tensors forward(const Tensors& x) override { return {at::group_norm(x.at(0), groups, weight, bias, eps)}; }
};

const Options kBatchNorm = {{"num_features", nullptr}, {"eps", 1e-5}, {"momentum", 0.1}, {"affine", true}, {"track_running_stats", true}};
const Register batch_norm1d("BatchNorm1d", kBatchNorm, [](const Options& o) { return std::make_shared<BatchNorm>("BatchNorm1d", o); });
const Register batch_norm2d("BatchNorm2d", kBatchNorm, [](const Options& o) { return std::make_shared<BatchNorm>("BatchNorm2d", o); });
const Register batch_norm3d("BatchNorm3d", kBatchNorm, [](const Options& o) { return std::make_shared<BatchNorm>("BatchNorm3d", o); });
const Register layer_norm("LayerNorm", {{"normalized_shape", nullptr}, {"eps", 1e-5}, {"elementwise_affine", true}, {"bias", true}},
                          [](const Options& o) { return std::make_shared<LayerNorm>(o); });
const Register group_norm("GroupNorm", {{"num_groups", nullptr}, {"num_channels", nullptr}, {"eps", 1e-5}, {"affine", true}},
                          [](const Options& o) { return std::make_shared<GroupNorm>(o); });

}  // namespace

}  // namespace moonlab::nn
