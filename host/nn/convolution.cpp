// Convolutions and pooling.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

std::string list(const std::vector<int64_t>& v) {
  std::string s = "(";
  for (size_t i = 0; i < v.size(); ++i) s += (i ? ", " : "") + std::to_string(v[i]);
  return s + ")";
}

/// Convolution over D spatial dims; x is [B, in, ...] or [in, ...].
template <int D>
struct Conv : Module {
  int64_t in, out, groups;
  std::vector<int64_t> kernel, stride, padding, dilation;
  std::string padding_word;
  at::Tensor& weight;
  at::Tensor& bias;

  explicit Conv(const Options& o)
      : Module("Conv" + std::to_string(D) + "d"),
        in(o["in_channels"]), out(o["out_channels"]), groups(o["groups"]),
        kernel(integers(o["kernel_size"], D)), stride(integers(o["stride"], D)),
        padding(o["padding"].is_string() ? std::vector<int64_t>(D, 0) : integers(o["padding"], D)),
        dilation(integers(o["dilation"], D)), padding_word(o["padding"].is_string() ? o["padding"].get<std::string>() : ""),
        weight(register_parameter("weight", at::empty(shape()))),
        bias(register_parameter("bias", o["bias"].get<bool>() ? at::empty({out}) : at::Tensor())) {
    init::linear_default(weight, &bias);
  }
  std::vector<int64_t> shape() const {
    if (groups < 1 || in % groups || out % groups) fail(kind(), ": in_channels ", in, " and out_channels ", out, " must divide by groups ", groups);
    std::vector<int64_t> s{out, in / groups};
    s.insert(s.end(), kernel.begin(), kernel.end());
    return s;
  }
  Tensors forward(const Tensors& x) override {
    const at::Tensor& input = x.at(0);
    if (!padding_word.empty()) {
      if constexpr (D == 1) return {at::conv1d(input, weight, bias, stride, padding_word, dilation, groups)};
      if constexpr (D == 2) return {at::conv2d(input, weight, bias, stride, padding_word, dilation, groups)};
      return {at::conv3d(input, weight, bias, stride, padding_word, dilation, groups)};
    }
    if constexpr (D == 1) return {at::conv1d(input, weight, bias, stride, padding, dilation, groups)};
    if constexpr (D == 2) return {at::conv2d(input, weight, bias, stride, padding, dilation, groups)};
    return {at::conv3d(input, weight, bias, stride, padding, dilation, groups)};
  }
  std::string describe() const override {
    std::string s = std::to_string(in) + ", " + std::to_string(out) + ", kernel_size=" + list(kernel) + ", stride=" + list(stride);
    if (!padding_word.empty()) s += ", padding=" + padding_word;
    else if (padding != std::vector<int64_t>(D, 0)) s += ", padding=" + list(padding);
    if (groups != 1) s += ", groups=" + std::to_string(groups);
    return s + (bias.defined() ? "" : ", bias=False");
  }
};

const Options kConv = {{"in_channels", nullptr}, {"out_channels", nullptr}, {"kernel_size", nullptr}, {"stride", 1},
                       {"padding", 0}, {"dilation", 1}, {"groups", 1}, {"bias", true}};
const Register conv1d("Conv1d", kConv, [](const Options& o) { return std::make_shared<Conv<1>>(o); });
const Register conv2d("Conv2d", kConv, [](const Options& o) { return std::make_shared<Conv<2>>(o); });
const Register conv3d("Conv3d", kConv, [](const Options& o) { return std::make_shared<Conv<3>>(o); });

struct Pool2d : Module {
  std::vector<int64_t> kernel, stride, padding;
  bool max, ceil;
  Pool2d(const char* name, const Options& o, bool is_max)
      : Module(name), kernel(integers(o["kernel_size"], 2)),
        stride(o["stride"].is_number() && o["stride"] == 0 ? kernel : integers(o["stride"], 2)),
        padding(integers(o["padding"], 2)), max(is_max), ceil(o["ceil_mode"]) {}
  Tensors forward(const Tensors& x) override {
    if (max) return {at::max_pool2d(x.at(0), kernel, stride, padding, 1, ceil)};
    return {at::avg_pool2d(x.at(0), kernel, stride, padding, ceil)};
  }
  std::string describe() const override { return "kernel_size=" + list(kernel) + ", stride=" + list(stride); }
};

struct AdaptiveAvgPool2d : Module {
  std::vector<int64_t> size;
  explicit AdaptiveAvgPool2d(const Options& o) : Module("AdaptiveAvgPool2d"), size(integers(o["output_size"], 2)) {}
  Tensors forward(const Tensors& x) override { return {at::adaptive_avg_pool2d(x.at(0), size)}; }
  std::string describe() const override { return "output_size=" + list(size); }
};

const Options kPool = {{"kernel_size", nullptr}, {"stride", 0}, {"padding", 0}, {"ceil_mode", false}};  // stride 0: the kernel's size
const Register max_pool2d("MaxPool2d", kPool, [](const Options& o) { return std::make_shared<Pool2d>("MaxPool2d", o, true); });
const Register avg_pool2d("AvgPool2d", kPool, [](const Options& o) { return std::make_shared<Pool2d>("AvgPool2d", o, false); });
const Register adaptive("AdaptiveAvgPool2d", {{"output_size", nullptr}}, [](const Options& o) { return std::make_shared<AdaptiveAvgPool2d>(o); });

}  // namespace

}  // namespace moonlab::nn
