// Pools over 1 to 3 dims: maxima, averages, and both with a given size of output.
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Sizes = std::vector<int64_t>;
using Compute = Stateless::Compute;

Tensors pair(std::tuple<at::Tensor, at::Tensor> both) { return {std::get<0>(both), std::get<1>(both)}; }

/// return_indices adds the places of the maxima as a second output.
template <int D>
Compute max_pool(const Options& o) {
  const Sizes kernel = integers(o["kernel_size"], D), stride = integers(o["stride"], D, kernel);
  const Sizes padding = integers(o["padding"], D), dilation = integers(o["dilation"], D);
  const bool ceil = o["ceil_mode"], places = o["return_indices"];
  return [=](const Tensors& inputs, bool) -> Tensors {
    const at::Tensor& x = inputs.at(0);
    if constexpr (D == 1) {
      if (places) return pair(at::max_pool1d_with_indices(x, kernel, stride, padding, dilation, ceil));
      return {at::max_pool1d(x, kernel, stride, padding, dilation, ceil)};
    } else if constexpr (D == 2) {
      if (places) return pair(at::max_pool2d_with_indices(x, kernel, stride, padding, dilation, ceil));
      return {at::max_pool2d(x, kernel, stride, padding, dilation, ceil)};
    } else {
      if (places) return pair(at::max_pool3d_with_indices(x, kernel, stride, padding, dilation, ceil));
      return {at::max_pool3d(x, kernel, stride, padding, dilation, ceil)};
    }
  };
}

template <int D>
Compute avg_pool(const Options& o) {
  const Sizes kernel = integers(o["kernel_size"], D), stride = integers(o["stride"], D, kernel), padding = integers(o["padding"], D);
  const bool ceil = o["ceil_mode"], count = o["count_include_pad"];
  std::optional<int64_t> divisor;
  if (D > 1 && !none(o["divisor_override"])) divisor = o["divisor_override"].get<int64_t>();
  return [=](const Tensors& x, bool) -> Tensors {
    if constexpr (D == 1) return {at::avg_pool1d(x.at(0), kernel, stride, padding, ceil, count)};
    else if constexpr (D == 2) return {at::avg_pool2d(x.at(0), kernel, stride, padding, ceil, count, divisor)};
    else return {at::avg_pool3d(x.at(0), kernel, stride, padding, ceil, count, divisor)};
  };
}

/// The output's sizes; None keeps the input's.
template <int D>
std::function<Sizes(const at::Tensor&)> wanted(const Options& value) {
  Sizes sizes(D, -1);
  for (int d = 0; d < D; ++d) {
    const Options& v = value.is_array() ? value.at(d) : value;
    if (!none(v)) sizes[d] = v.get<int64_t>();
  }
  if (value.is_array() && value.size() != D) fail("output_size must be one integer or ", D, ", got ", value.dump());
  return [sizes](const at::Tensor& x) {
    Sizes s = sizes;
    for (int d = 0; d < D; ++d)
      if (s[d] < 0) s[d] = x.size(d - D);
    return s;
  };
}

template <int D>
Compute adaptive_avg(const Options& o) {
  auto sizes = wanted<D>(o["output_size"]);
  return [=](const Tensors& x, bool) -> Tensors {
    if constexpr (D == 1) return {at::adaptive_avg_pool1d(x.at(0), sizes(x[0]))};
    else if constexpr (D == 2) return {at::adaptive_avg_pool2d(x.at(0), sizes(x[0]))};
    else return {at::adaptive_avg_pool3d(x.at(0), sizes(x[0]))};
  };
}

template <int D>
Compute adaptive_max(const Options& o) {
  auto sizes = wanted<D>(o["output_size"]);
  const bool places = o["return_indices"];
  return [=](const Tensors& x, bool) -> Tensors {
    Tensors both;
    if constexpr (D == 1) both = pair(at::adaptive_max_pool1d(x.at(0), sizes(x[0])));
    else if constexpr (D == 2) both = pair(at::adaptive_max_pool2d(x.at(0), sizes(x[0])));
    else both = pair(at::adaptive_max_pool3d(x.at(0), sizes(x[0])));
    if (!places) both.pop_back();
    return both;
  };
}

/// A pool's text shows the stride that counts: the kernel's size where none is given.
template <int D>
struct Pool : Register {
  Pool(const char* name, const Options& arguments, bool tuples, std::vector<std::string> shown, Compute (*make)(const Options&))
      : Register(name, arguments, [=](const Options& given) {
          Options o = given;
          if (none(o["stride"])) o["stride"] = o["kernel_size"];
          if (tuples)
            for (const char* key : {"kernel_size", "stride", "padding"}) o[key] = integers(o[key], D);
          struct Layer : Module {
            Compute compute;
            std::string text;
            Layer(const char* kind, std::string brackets, Compute f) : Module(kind), compute(std::move(f)), text(std::move(brackets)) {}
            Tensors forward(const Tensors& x) override { return compute(x, training_); }
            std::string describe() const override { return text; }
          };
          return std::make_shared<Layer>(name, described(o, shown), make(o));
        }) {}
};

const Options kMax = {{"kernel_size", nullptr}, {"stride", kNone}, {"padding", 0}, {"dilation", 1}, {"return_indices", false}, {"ceil_mode", false}};
const std::vector<std::string> kMaxShown{"kernel_size", "stride", "padding", "dilation", "ceil_mode"}, kAvgShown{"kernel_size", "stride", "padding"};
const Pool<1> max1("MaxPool1d", kMax, false, kMaxShown, max_pool<1>);
const Pool<2> max2("MaxPool2d", kMax, false, kMaxShown, max_pool<2>);
const Pool<3> max3("MaxPool3d", kMax, false, kMaxShown, max_pool<3>);

const Options kAvg1 = {{"kernel_size", nullptr}, {"stride", kNone}, {"padding", 0}, {"ceil_mode", false}, {"count_include_pad", true}};
const Options kAvg = {{"kernel_size", nullptr}, {"stride", kNone}, {"padding", 0}, {"ceil_mode", false}, {"count_include_pad", true}, {"divisor_override", kNone}};
const Pool<1> avg1("AvgPool1d", kAvg1, true, kAvgShown, avg_pool<1>);
const Pool<2> avg2("AvgPool2d", kAvg, false, kAvgShown, avg_pool<2>);
const Pool<3> avg3("AvgPool3d", kAvg, false, kAvgShown, avg_pool<3>);

// null alone would mean that it must be given: None comes as a word or in a list
const Options kSize = {{"output_size", nullptr}}, kSizePlaces = {{"output_size", nullptr}, {"return_indices", false}};
const Stateless adaptive_avg1("AdaptiveAvgPool1d", kSize, {"output_size"}, adaptive_avg<1>);
const Stateless adaptive_avg2("AdaptiveAvgPool2d", kSize, {"output_size"}, adaptive_avg<2>);
const Stateless adaptive_avg3("AdaptiveAvgPool3d", kSize, {"output_size"}, adaptive_avg<3>);
const Stateless adaptive_max1("AdaptiveMaxPool1d", kSizePlaces, {"output_size"}, adaptive_max<1>);
const Stateless adaptive_max2("AdaptiveMaxPool2d", kSizePlaces, {"output_size"}, adaptive_max<2>);
const Stateless adaptive_max3("AdaptiveMaxPool3d", kSizePlaces, {"output_size"}, adaptive_max<3>);

}  // namespace

}  // namespace moonlab::nn
