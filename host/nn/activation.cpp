// Activations that work on each element, and PReLU.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Compute = Stateless::Compute;
using Unary = at::Tensor (*)(const at::Tensor&);
using InPlace = at::Tensor& (*)(at::Tensor&);

/// A function and its twin that writes into its argument.
template <class F, class G>
Compute either(bool inplace, F f, G in_place) {
  if (!inplace) return [f](const Tensors& x, bool) { return Tensors{f(x.at(0))}; };
  return [in_place](const Tensors& x, bool) {
    at::Tensor y = x.at(0);
    in_place(y);
    return Tensors{y};
  };
}

template <class F>
Compute only(F f) {
  return [f](const Tensors& x, bool) { return Tensors{f(x.at(0))}; };
}

struct Plain : Stateless {
  Plain(const char* name, Unary f) : Stateless(name, Options::object(), {}, [f](const Options&) { return only(f); }) {}
  Plain(const char* name, Unary f, InPlace g, std::vector<std::string> shown = {"inplace?"})
      : Stateless(name, {{"inplace", false}}, std::move(shown), [f, g](const Options& o) { return either(o["inplace"], f, g); }) {}
};

const Plain relu("ReLU", at::relu, at::relu_);
const Plain relu6("ReLU6", at::relu6, at::relu6_);
const Plain selu("SELU", at::selu, at::selu_);
const Plain silu("SiLU", at::silu, at::silu_);
const Plain mish("Mish", at::mish, at::mish_);
const Plain hardswish("Hardswish", at::hardswish, at::hardswish_, {});
const Plain hardsigmoid("Hardsigmoid", at::hardsigmoid, at::hardsigmoid_, {});
const Plain tanh_("Tanh", at::tanh);
const Plain sigmoid("Sigmoid", at::sigmoid);
const Plain log_sigmoid("LogSigmoid", at::log_sigmoid);
const Plain tanhshrink("Tanhshrink", [](const at::Tensor& x) { return x - x.tanh(); });
const Plain softsign("Softsign", [](const at::Tensor& x) { return x / (x.abs() + 1); });

const Stateless leaky("LeakyReLU", {{"negative_slope", 0.01}, {"inplace", false}}, {"negative_slope", "inplace?"},
                      [](const Options& o) {
                        const double slope = o["negative_slope"];
                        return either(
                            o["inplace"], [=](const at::Tensor& x) { return at::leaky_relu(x, slope); },
                            [=](at::Tensor& x) { at::leaky_relu_(x, slope); });
                      });
const Stateless elu("ELU", {{"alpha", 1.0}, {"inplace", false}}, {"alpha", "inplace?"}, [](const Options& o) {
  const double alpha = o["alpha"];
  return either(
      o["inplace"], [=](const at::Tensor& x) { return at::elu(x, alpha); }, [=](at::Tensor& x) { at::elu_(x, alpha); });
});
const Stateless celu("CELU", {{"alpha", 1.0}, {"inplace", false}}, {"alpha", "inplace?"}, [](const Options& o) {
  const double alpha = o["alpha"];
  return either(
      o["inplace"], [=](const at::Tensor& x) { return at::celu(x, alpha); }, [=](at::Tensor& x) { at::celu_(x, alpha); });
});
const Stateless threshold("Threshold", {{"threshold", nullptr}, {"value", nullptr}, {"inplace", false}},
                          {"threshold", "value", "inplace?"}, [](const Options& o) {
                            const double from = o["threshold"], value = o["value"];
                            return either(
                                o["inplace"], [=](const at::Tensor& x) { return at::threshold(x, from, value); },
                                [=](at::Tensor& x) { at::threshold_(x, from, value); });
                          });

/// min_value and max_value are PyTorch's old names of min_val and max_val.
struct Hardtanh : Module {
  double low, high;
  bool inplace;
  explicit Hardtanh(const Options& o)
      : Module("Hardtanh"), low(o[none(o["min_value"]) ? "min_val" : "min_value"]),
        high(o[none(o["max_value"]) ? "max_val" : "max_value"]), inplace(o["inplace"]) {
    if (!(high > low)) fail("Hardtanh: max_val must be above min_val, got ", low, " and ", high);
  }
  Tensors forward(const Tensors& x) override {
    if (!inplace) return {at::hardtanh(x.at(0), low, high)};
    at::Tensor y = x.at(0);
    return {at::hardtanh_(y, low, high)};
  }
  std::string describe() const override {
    return "min_val=" + repr(low) + ", max_val=" + repr(high) + (inplace ? ", inplace=True" : "");
  }
};
const Register hardtanh("Hardtanh", {{"min_val", -1.0}, {"max_val", 1.0}, {"inplace", false}, {"min_value", kNone}, {"max_value", kNone}},
                        [](const Options& o) { return std::make_shared<Hardtanh>(o); });

const Stateless gelu("GELU", {{"approximate", "none"}}, {"approximate"}, [](const Options& o) {
  const std::string how = o["approximate"];
  return only([how](const at::Tensor& x) { return at::gelu(x, how); });
});
const Stateless softplus("Softplus", {{"beta", 1.0}, {"threshold", 20.0}}, {"beta", "threshold"}, [](const Options& o) {
  const double beta = o["beta"], limit = o["threshold"];
  return only([=](const at::Tensor& x) { return at::softplus(x, beta, limit); });
});
const Stateless softshrink("Softshrink", {{"lambd", 0.5}}, {"=lambd"}, [](const Options& o) {
  const double lambda = o["lambd"];
  return only([=](const at::Tensor& x) { return at::softshrink(x, lambda); });
});
const Stateless hardshrink("Hardshrink", {{"lambd", 0.5}}, {"=lambd"}, [](const Options& o) {
  const double lambda = o["lambd"];
  return only([=](const at::Tensor& x) { return at::hardshrink(x, lambda); });
});
const Stateless glu("GLU", {{"dim", -1}}, {"dim"}, [](const Options& o) {
  const int64_t dim = o["dim"];
  return only([=](const at::Tensor& x) { return at::glu(x, dim); });
});
const Stateless rrelu("RReLU", {{"lower", 1.0 / 8}, {"upper", 1.0 / 3}, {"inplace", false}}, {"lower", "upper", "inplace?"},
                      [](const Options& o) -> Compute {
                        const double lower = o["lower"], upper = o["upper"];
                        const bool inplace = o["inplace"];
                        return [=](const Tensors& x, bool training) {
                          at::Tensor y = x.at(0);
                          if (inplace) return Tensors{at::rrelu_(y, lower, upper, training)};
                          return Tensors{at::rrelu(y, lower, upper, training)};
                        };
                      });

/// He et al. 2015: one slope, or one for each channel (dim 1).
struct PReLU : Module {
  at::Tensor& weight;
  PReLU(int64_t n, double start) : Module("PReLU"), weight(register_parameter("weight", at::full({n}, start, factory()))) {}
  Tensors forward(const Tensors& x) override { return {at::prelu(x.at(0), weight)}; }
  std::string describe() const override { return "num_parameters=" + std::to_string(weight.numel()); }
};
const Register prelu("PReLU", {{"num_parameters", 1}, {"init", 0.25}},
                     [](const Options& o) { return std::make_shared<PReLU>(o["num_parameters"], o["init"]); });

// ---- softmax ---------------------------------------------------------------------------------------------------------

/// The dim that PyTorch takes where none is given.
int64_t dim_for(const std::optional<double>& dim, const at::Tensor& x) {
  if (dim) return static_cast<int64_t>(*dim);
  return x.dim() == 0 || x.dim() == 1 || x.dim() == 3 ? 0 : 1;
}

struct Normalised : Stateless {
  Normalised(const char* name, at::Tensor (*f)(const at::Tensor&, int64_t), std::vector<std::string> shown)
      : Stateless(name, {{"dim", kNone}}, std::move(shown), [f](const Options& o) {
          const auto dim = number(o["dim"]);
          return only([=](const at::Tensor& x) { return f(x, dim_for(dim, x)); });
        }) {}
};
const Normalised softmax("Softmax", [](const at::Tensor& x, int64_t dim) { return at::softmax(x, dim); }, {"dim"});
const Normalised softmin("Softmin", [](const at::Tensor& x, int64_t dim) { return at::softmax(-x, dim); }, {"dim"});
const Normalised log_softmax("LogSoftmax", [](const at::Tensor& x, int64_t dim) { return at::log_softmax(x, dim); }, {"dim"});
const Plain softmax2d("Softmax2d", [](const at::Tensor& x) {
  expect_dims("Softmax2d", x, {3, 4});
  return at::softmax(x, -3);
});

}  // namespace

}  // namespace moonlab::nn
