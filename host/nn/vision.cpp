// Rearranging channels and pixels, sliding blocks, distances.
#include <ATen/ATen.h>

#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Compute = Stateless::Compute;

/// A layer of one integer.
struct ByFactor : Stateless {
  ByFactor(const char* name, const char* option, at::Tensor (*f)(const at::Tensor&, int64_t))
      : Stateless(name, {{option, nullptr}}, {option}, [=](const Options& o) -> Compute {
          const int64_t factor = o[option];
          return [=](const Tensors& x, bool) { return Tensors{f(x.at(0), factor)}; };
        }) {}
};
const ByFactor shuffle("PixelShuffle", "upscale_factor", at::pixel_shuffle);
const ByFactor unshuffle("PixelUnshuffle", "downscale_factor", at::pixel_unshuffle);
const ByFactor channels("ChannelShuffle", "groups", [](const at::Tensor& x, int64_t groups) { return at::channel_shuffle(x, groups); });

/// Blocks of an image as columns: [B, C, H, W] -> [B, C * kernel area, blocks].
const Stateless unfold("Unfold", {{"kernel_size", nullptr}, {"dilation", 1}, {"padding", 0}, {"stride", 1}},
                       {"kernel_size", "dilation", "padding", "stride"}, [](const Options& o) -> Compute {
                         const auto kernel = integers(o["kernel_size"], 2), dilation = integers(o["dilation"], 2),
                                    padding = integers(o["padding"], 2), stride = integers(o["stride"], 2);
                         return [=](const Tensors& x, bool) { return Tensors{at::im2col(x.at(0), kernel, dilation, padding, stride)}; };
                       });
/// The sum of blocks at their places: the other way round.
const Stateless fold("Fold", {{"output_size", nullptr}, {"kernel_size", nullptr}, {"dilation", 1}, {"padding", 0}, {"stride", 1}},
                     {"output_size", "kernel_size", "dilation", "padding", "stride"}, [](const Options& o) -> Compute {
                       const auto size = integers(o["output_size"], 2), kernel = integers(o["kernel_size"], 2),
                                  dilation = integers(o["dilation"], 2), padding = integers(o["padding"], 2), stride = integers(o["stride"], 2);
                       return [=](const Tensors& x, bool) { return Tensors{at::col2im(x.at(0), size, kernel, dilation, padding, stride)}; };
                     });

const Stateless cosine("CosineSimilarity", {{"dim", 1}, {"eps", 1e-8}}, {}, [](const Options& o) -> Compute {
  const int64_t dim = o["dim"];
  const double eps = o["eps"];
  return [=](const Tensors& x, bool) { return Tensors{at::cosine_similarity(x.at(0), x.at(1), dim, eps)}; };
});
const Stateless pairwise("PairwiseDistance", {{"p", 2.0}, {"eps", 1e-6}, {"keepdim", false}}, {}, [](const Options& o) -> Compute {
  const double p = o["p"], eps = o["eps"];
  const bool keep = o["keepdim"];
  return [=](const Tensors& x, bool) { return Tensors{at::pairwise_distance(x.at(0), x.at(1), p, eps, keep)}; };
});

}  // namespace

}  // namespace moonlab::nn
