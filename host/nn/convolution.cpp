// Convolutions and transposed convolutions over 1 to 3 dims.
#include <ATen/ATen.h>

#include <algorithm>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Sizes = std::vector<int64_t>;

/// The parts that both directions share. x is [B, in, ...] or [in, ...].
template <int D>
struct ConvBase : Module {
  int64_t in, out, groups;
  Sizes kernel, stride, padding, dilation, output_padding;
  std::string word, mode;  // padding given as a word, or empty; padding_mode
  at::Tensor &weight, &bias;

  ConvBase(const std::string& name, const Options& o, bool transposed)
      : Module(name + std::to_string(D) + "d"), in(o["in_channels"]), out(o["out_channels"]), groups(o["groups"]),
        kernel(integers(o["kernel_size"], D)), stride(integers(o["stride"], D)),
        padding(o["padding"].is_string() ? Sizes(D, 0) : integers(o["padding"], D)), dilation(integers(o["dilation"], D)),
        output_padding(transposed ? integers(o["output_padding"], D) : Sizes(D, 0)),
        word(o["padding"].is_string() ? o["padding"].get<std::string>() : ""), mode(o["padding_mode"]),
        weight(register_parameter("weight", at::empty(shape(transposed), factory()))),
        bias(register_parameter("bias", o["bias"].get<bool>() ? at::empty({out}, factory()) : at::Tensor())) {
    if (weight.numel()) init::linear_default(weight, &bias);
  }
  Sizes shape(bool transposed) const {
    if (groups < 1) fail(kind(), ": groups must be a positive integer, got ", groups);
    if (in % groups || out % groups)
      fail(kind(), ": in_channels ", in, " and out_channels ", out, " must divide by groups ", groups);
    const std::vector<std::string> modes{"zeros", "reflect", "replicate", "circular"}, words{"same", "valid"};
    if (std::find(modes.begin(), modes.end(), mode) == modes.end())
      fail(kind(), ": padding_mode must be 'zeros', 'reflect', 'replicate' or 'circular', got '", mode, "'", did_you_mean(mode, modes));
    if (transposed && mode != "zeros") fail(kind(), ": only 'zeros' padding_mode goes with a transposed convolution, got '", mode, "'");
    if (!word.empty() && word != "same" && word != "valid")
      fail(kind(), ": padding must be numbers, 'same' or 'valid', got '", word, "'", did_you_mean(word, words));
    if (word == "same" && std::any_of(stride.begin(), stride.end(), [](int64_t s) { return s != 1; }))
      fail(kind(), ": padding='same' is not supported for strided convolutions");
    Sizes s = transposed ? Sizes{in, out / groups} : Sizes{out, in / groups};
    s.insert(s.end(), kernel.begin(), kernel.end());
    return s;
  }
  std::string describe() const override {
    const Sizes zeros(D, 0), ones(D, 1);
    std::string s = std::to_string(in) + ", " + std::to_string(out) + ", kernel_size=" + repr(kernel) + ", stride=" + repr(stride);
    if (!word.empty()) s += ", padding=" + word;
    else if (padding != zeros) s += ", padding=" + repr(padding);
    if (dilation != ones) s += ", dilation=" + repr(dilation);
    if (output_padding != zeros) s += ", output_padding=" + repr(output_padding);
    if (groups != 1) s += ", groups=" + std::to_string(groups);
    return s + (bias.defined() ? "" : ", bias=False") + (mode == "zeros" ? "" : ", padding_mode=" + mode);
  }
};

template <int D>
struct Conv : ConvBase<D> {
  using Base = ConvBase<D>;
  using Base::bias, Base::dilation, Base::groups, Base::kernel, Base::mode, Base::padding, Base::stride, Base::weight, Base::word;
  Sizes both_sides;  // padding before and after each dim, the last dim first, where it is not of zeros

  explicit Conv(const Options& o) : Base("Conv", o, false) {
    if (mode == "zeros") return;
    for (int d = D - 1; d >= 0; --d) {
      const int64_t total = word == "same" ? dilation[d] * (kernel[d] - 1) : 2 * padding[d];
      both_sides.push_back(total / 2);
      both_sides.push_back(total - total / 2);
    }
  }
  template <class P>
  at::Tensor convolve(const at::Tensor& x, const P& pad) const {
    if constexpr (D == 1) return at::conv1d(x, weight, bias, stride, pad, dilation, groups);
    else if constexpr (D == 2) return at::conv2d(x, weight, bias, stride, pad, dilation, groups);
    else return at::conv3d(x, weight, bias, stride, pad, dilation, groups);
  }
  Tensors forward(const Tensors& x) override {
    if (!both_sides.empty()) return {convolve(at::pad(x.at(0), both_sides, mode), at::IntArrayRef(Sizes(D, 0)))};
    if (!word.empty()) return {convolve(x.at(0), c10::string_view(word))};
    return {convolve(x.at(0), at::IntArrayRef(padding))};
  }
};

/// The gradient of a convolution as a layer. Weight [in, out / groups, ...]; PyTorch counts its initial fan over dim 1,
/// and so do we. A second input holds the sizes wanted of the output, with or without those of batch and channels.
template <int D>
struct ConvTranspose : ConvBase<D> {
  using Base = ConvBase<D>;
  using Base::bias, Base::dilation, Base::groups, Base::kernel, Base::output_padding, Base::padding, Base::stride, Base::weight;

  explicit ConvTranspose(const Options& o) : Base("ConvTranspose", o, true) {}

  Sizes extra(const at::Tensor& x, const at::Tensor& wanted) const {
    if (!wanted.defined()) return output_padding;
    const int64_t before = x.dim() - D, n = wanted.numel();
    const at::Tensor list = wanted.to(at::kCPU, at::kLong).reshape(-1).contiguous();
    if (n != D && n != D + before)
      fail(this->kind(), ": output_size must have ", D, " or ", D + before, " elements (got ", n, ")");
    const int64_t* size = list.data_ptr<int64_t>() + (n - D);
    Sizes more;
    for (int d = 0; d < D; ++d) {
      const int64_t least = (x.size(before + d) - 1) * stride[d] - 2 * padding[d] + dilation[d] * (kernel[d] - 1) + 1;
      if (size[d] < least || size[d] > least + stride[d] - 1)
        fail(this->kind(), ": requested an output size of ", size[d], " in dim ", d, ", but valid sizes range from ", least,
             " to ", least + stride[d] - 1);
      more.push_back(size[d] - least);
    }
    return more;
  }
  Tensors forward(const Tensors& x) override {
    const Sizes more = extra(x.at(0), x.size() > 1 ? x[1] : at::Tensor());
    if constexpr (D == 1) return {at::conv_transpose1d(x[0], weight, bias, stride, padding, more, groups, dilation)};
    else if constexpr (D == 2) return {at::conv_transpose2d(x[0], weight, bias, stride, padding, more, groups, dilation)};
    else return {at::conv_transpose3d(x[0], weight, bias, stride, padding, more, groups, dilation)};
  }
};

const Options kConv = {{"in_channels", nullptr}, {"out_channels", nullptr}, {"kernel_size", nullptr}, {"stride", 1}, {"padding", 0},
                       {"dilation", 1}, {"groups", 1}, {"bias", true}, {"padding_mode", "zeros"}};
const Options kTransposed = {{"in_channels", nullptr}, {"out_channels", nullptr}, {"kernel_size", nullptr}, {"stride", 1},
                             {"padding", 0}, {"output_padding", 0}, {"groups", 1}, {"bias", true}, {"dilation", 1},
                             {"padding_mode", "zeros"}};
const Register conv1d("Conv1d", kConv, [](const Options& o) { return std::make_shared<Conv<1>>(o); });
const Register conv2d("Conv2d", kConv, [](const Options& o) { return std::make_shared<Conv<2>>(o); });
const Register conv3d("Conv3d", kConv, [](const Options& o) { return std::make_shared<Conv<3>>(o); });
const Register transpose1d("ConvTranspose1d", kTransposed, [](const Options& o) { return std::make_shared<ConvTranspose<1>>(o); });
const Register transpose2d("ConvTranspose2d", kTransposed, [](const Options& o) { return std::make_shared<ConvTranspose<2>>(o); });
const Register transpose3d("ConvTranspose3d", kTransposed, [](const Options& o) { return std::make_shared<ConvTranspose<3>>(o); });

}  // namespace

}  // namespace moonlab::nn
