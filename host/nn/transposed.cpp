// Transposed convolution.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/init.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

/// The gradient of a convolution as a layer: x [B, in, H, W] or [in, H, W] -> [B, out, ...]. Weight [in, out / groups, ...];
/// PyTorch counts its initial fan over dim 1, and so do we.
struct ConvTranspose2d : Module {
  int64_t in, out, groups;
  std::vector<int64_t> kernel, stride, padding, output_padding, dilation;
  at::Tensor &weight, &bias;

  explicit ConvTranspose2d(const Options& o)
      : Module("ConvTranspose2d"), in(o["in_channels"]), out(o["out_channels"]), groups(o["groups"]),
        kernel(integers(o["kernel_size"], 2)), stride(integers(o["stride"], 2)), padding(integers(o["padding"], 2)),
        output_padding(integers(o["output_padding"], 2)), dilation(integers(o["dilation"], 2)),
        weight(register_parameter("weight", at::empty(shape()))),
        bias(register_parameter("bias", o["bias"].get<bool>() ? at::empty({out}) : at::Tensor())) {
    init::linear_default(weight, &bias);
  }
  std::vector<int64_t> shape() const {
    if (groups < 1 || in % groups || out % groups)
      fail(kind(), ": in_channels ", in, " and out_channels ", out, " must divide by groups ", groups);
    return {in, out / groups, kernel[0], kernel[1]};
  }
  Tensors forward(const Tensors& x) override {
    return {at::conv_transpose2d(x.at(0), weight, bias, stride, padding, output_padding, groups, dilation)};
  }
  std::string describe() const override {
    std::ostringstream s;
    s << in << ", " << out << ", kernel_size=(" << kernel[0] << ", " << kernel[1] << "), stride=(" << stride[0] << ", "
      << stride[1] << ")" << (bias.defined() ? "" : ", bias=False");
    return s.str();
  }
};

const Register conv_transpose2d("ConvTranspose2d",
                                {{"in_channels", nullptr}, {"out_channels", nullptr}, {"kernel_size", nullptr}, {"stride", 1},
                                 {"padding", 0}, {"output_padding", 0}, {"groups", 1}, {"bias", true}, {"dilation", 1}},
                                [](const Options& o) { return std::make_shared<ConvTranspose2d>(o); });

}  // namespace

}  // namespace moonlab::nn
