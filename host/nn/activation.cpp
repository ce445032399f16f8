// Activations and dropout.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// A function of one tensor as a module.
struct Activation : Module {
  std::function<at::Tensor(const at::Tensor&)> f;
  std::string text;
  Activation(std::string kind, std::function<at::Tensor(const at::Tensor&)> function, std::string brackets = "")
      : Module(std::move(kind)), f(std::move(function)), text(std::move(brackets)) {}
  Tensors forward(const Tensors& x) override { return {f(x.at(0))}; }
  std::string describe() const override { return text; }
};

struct Plain {
  Plain(const char* name, at::Tensor (*f)(const at::Tensor&))
      : kind(name, Options::object(), [name, f](const Options&) { return std::make_shared<Activation>(name, f); }) {}
  Register kind;
};

const Plain relu("ReLU", [](const at::Tensor& x) { return at::relu(x); });
const Plain relu6("ReLU6", [](const at::Tensor& x) { return at::hardtanh(x, 0, 6); });
const Plain silu("SiLU", [](const at::Tensor& x) { return at::silu(x); });
const Plain tanh_("Tanh", [](const at::Tensor& x) { return at::tanh(x); });
const Plain sigmoid("Sigmoid", [](const at::Tensor& x) { return at::sigmoid(x); });
const Plain mish("Mish", [](const at::Tensor& x) { return at::mish(x); });
const Plain hardswish("Hardswish", [](const at::Tensor& x) { return at::hardswish(x); });

const Register gelu("GELU", {{"approximate", "none"}}, [](const Options& o) {
  std::string how = o["approximate"];
  return std::make_shared<Activation>("GELU", [how](const at::Tensor& x) { return at::gelu(x, how); }, "approximate='" + how + "'");
});
const Register leaky("LeakyReLU", {{"negative_slope", 0.01}}, [](const Options& o) {
  double slope = o["negative_slope"];
  return std::make_shared<Activation>("LeakyReLU", [slope](const at::Tensor& x) { return at::leaky_relu(x, slope); });
});
const Register elu("ELU", {{"alpha", 1.0}}, [](const Options& o) {
  double alpha = o["alpha"];
  return std::make_shared<Activation>("ELU", [alpha](const at::Tensor& x) { return at::elu(x, alpha); });
});
const Register softplus("Softplus", {{"beta", 1.0}, {"threshold", 20.0}}, [](const Options& o) {
  double beta = o["beta"], threshold = o["threshold"];
  return std::make_shared<Activation>("Softplus", [=](const at::Tensor& x) { return at::softplus(x, beta, threshold); });
});
const Register softmax("Softmax", {{"dim", -1}}, [](const Options& o) {
  int64_t dim = o["dim"];
  return std::make_shared<Activation>("Softmax", [dim](const at::Tensor& x) { return at::softmax(x, dim); }, "dim=" + std::to_string(dim));
});
const Register log_softmax("LogSoftmax", {{"dim", -1}}, [](const Options& o) {
  int64_t dim = o["dim"];
  return std::make_shared<Activation>("LogSoftmax", [dim](const at::Tensor& x) { return at::log_softmax(x, dim); }, "dim=" + std::to_string(dim));
});

/// Zeroes elements (whole channels with `channels`) with probability p while training.
struct Dropout : Module {
  double p;
  bool channels;
  Dropout(const char* name, double rate, bool whole) : Module(name), p(rate), channels(whole) {
    if (!(p >= 0 && p <= 1)) fail(kind(), ": p must be in [0, 1], got ", p);
  }
  Tensors forward(const Tensors& x) override { return {channels ? at::feature_dropout(x.at(0), p, training_) : at::dropout(x.at(0), p, training_)}; }
  std::string describe() const override {
    std::ostringstream s;
    s << "p=" << p;
    return s.str();
  }
};
const Register dropout("Dropout", {{"p", 0.5}}, [](const Options& o) { return std::make_shared<Dropout>("Dropout", o["p"], false); });
const Register dropout2d("Dropout2d", {{"p", 0.5}}, [](const Options& o) { return std::make_shared<Dropout>("Dropout2d", o["p"], true); });

}  // namespace

}  // namespace moonlab::nn
