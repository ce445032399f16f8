// Batch and instance normalisation (Ioffe and Szegedy 2015; Ulyanov et al. 2016).
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

struct Dims {
  int64_t least, most;
};

/// Scale and shift by channel, and running statistics in buffers.
struct Running_ : Module {
  int64_t channels;
  double eps;
  std::optional<double> momentum;  // nothing: a cumulative average
  bool affine, track;
  Dims dims;
  at::Tensor &weight, &bias, &mean, &var, &batches;

  Running_(const std::string& kind, const Options& o, Dims allowed)
      : Module(kind), channels(o["num_features"]), eps(o["eps"]), momentum(number(o["momentum"])), affine(o["affine"]),
        track(o["track_running_stats"]), dims(allowed),
        weight(register_parameter("weight", affine ? at::ones({channels}, factory()) : at::Tensor())),
        bias(register_parameter("bias", affine && o["bias"].get<bool>() ? at::zeros({channels}, factory()) : at::Tensor())),
        mean(register_buffer("running_mean", track ? at::zeros({channels}, factory()) : at::Tensor())),
        var(register_buffer("running_var", track ? at::ones({channels}, factory()) : at::Tensor())),
        batches(register_buffer("num_batches_tracked", track ? at::zeros({}, factory().dtype(at::kLong)) : at::Tensor())) {}

  void check_dims(const at::Tensor& x) const {
    if (x.dim() < dims.least || x.dim() > dims.most)
      fail(kind(), ": expected ", dims.least, dims.most == dims.least ? "D" : dims.most > 9 ? "D or more" : "D or " + std::to_string(dims.most) + "D",
           " input (got ", x.dim(), "D input)");
  }
  std::string describe() const override {
    return std::to_string(channels) + ", eps=" + repr(eps) + ", momentum=" + (momentum ? repr(*momentum) : "None") +
           ", affine=" + repr(Options(affine)) + ", bias=" + repr(Options(bias.defined())) + ", track_running_stats=" + repr(Options(track));
  }
};

struct BatchNorm : Running_ {
  using Running_::Running_;
  Tensors forward(const Tensors& inputs) override {
    const at::Tensor& x = inputs.at(0);
    check_dims(x);
    double factor = momentum.value_or(0);
    if (training_ && batches.defined()) {
      batches.add_(1);
      if (!momentum) factor = 1.0 / batches.item<double>();
    }
    const bool from_batch = training_ || (!mean.defined() && !var.defined());
    if (from_batch && x.size(1) > 0 && x.numel() == x.size(1))
      fail(kind(), ": expected more than 1 value per channel when training, got input size ", x.sizes());
    const bool update = !training_ || track;
    return {at::batch_norm(x, weight, bias, update ? mean : at::Tensor(), update ? var : at::Tensor(), from_batch, factor, eps,
                           at::globalContext().userEnabledCuDNN())};
  }
};

struct InstanceNorm : Running_ {
  using Running_::Running_;
  Tensors forward(const Tensors& inputs) override {
    at::Tensor x = inputs.at(0);
    check_dims(x);
    const bool alone = x.dim() == dims.least;
    if (affine && x.size(alone ? 0 : 1) != channels)
      fail(kind(), ": expected input's size at dim ", alone ? 0 : 1, " to match num_features (", channels, "), but got ", x.size(alone ? 0 : 1));
    if (alone) x = x.unsqueeze(0);
    const bool own = training_ || !track;
    if (own && x.numel() && x.numel() == x.size(0) * x.size(1))
      fail(kind(), ": expected more than 1 spatial element when training, got input size ", x.sizes());
    at::Tensor y = at::instance_norm(x, weight, bias, mean, var, own, momentum.value_or(0), eps, at::globalContext().userEnabledCuDNN());
    return {alone ? y.squeeze(0) : y};
  }
};

template <class M>
struct Norm : Register {
  Norm(const char* name, Dims dims, bool given)
      : Register(name,
                 {{"num_features", nullptr}, {"eps", 1e-5}, {"momentum", 0.1}, {"affine", given}, {"track_running_stats", given}, {"bias", true}},
                 [=](const Options& o) { return std::make_shared<M>(name, o, dims); }) {}
};

const Norm<BatchNorm> batch1("BatchNorm1d", {2, 3}, true), batch2("BatchNorm2d", {4, 4}, true), batch3("BatchNorm3d", {5, 5}, true);
const Norm<InstanceNorm> instance1("InstanceNorm1d", {2, 3}, false), instance2("InstanceNorm2d", {3, 4}, false),
    instance3("InstanceNorm3d", {4, 5}, false);
// one process: the statistics of all are its own
const Register sync("SyncBatchNorm",
                    {{"num_features", nullptr}, {"eps", 1e-5}, {"momentum", 0.1}, {"affine", true}, {"track_running_stats", true},
                     {"process_group", kNone}, {"bias", true}},
                    [](const Options& o) { return std::make_shared<BatchNorm>("SyncBatchNorm", o, Dims{2, 99}); });

}  // namespace

}  // namespace moonlab::nn
