// Dropout and its relatives (Srivastava et al. 2014; Tompson et al. 2015; Klambauer et al. 2017).
#include <ATen/ATen.h>

#include "host/error.hpp"
#include "host/nn/layer.hpp"

namespace moonlab::nn {

namespace {

using Drop = at::Tensor (*)(const at::Tensor&, double, bool);
using DropInPlace = at::Tensor& (*)(at::Tensor&, double, bool);

/// `single`: dims of one sample without a batch, which gets one; 0 where any shape goes. `strict`: others are refused.
struct Dropout : Stateless {
  Dropout(const char* name, Drop drop, DropInPlace write, int64_t single = 0, bool strict = false)
      : Stateless(name, {{"p", 0.5}, {"inplace", false}}, {"p", "inplace"}, [=](const Options& o) -> Compute {
          const double p = o["p"];
          const bool inplace = o["inplace"];
          if (!(p >= 0 && p <= 1)) fail(name, ": p must be in [0, 1], got ", p);
          return [=](const Tensors& inputs, bool training) {
            at::Tensor x = inputs.at(0);
            if (strict) expect_dims(name, x, {single, single + 1});
            const bool alone = single && x.dim() == single;
            if (alone) x = x.unsqueeze(0);
            at::Tensor y = inplace ? write(x, p, training) : drop(x, p, training);
            return Tensors{alone ? y.squeeze(0) : y};
          };
        }) {}
};

const Dropout dropout("Dropout", at::dropout, at::dropout_);
const Dropout dropout1d("Dropout1d", at::feature_dropout, at::feature_dropout_, 2, true);
// a 3-dim input of Dropout2d is a batch of channels, as PyTorch has it
const Dropout dropout2d("Dropout2d", at::feature_dropout, at::feature_dropout_);
const Dropout dropout3d("Dropout3d", at::feature_dropout, at::feature_dropout_, 4);
const Dropout alpha("AlphaDropout", at::alpha_dropout, at::alpha_dropout_);
const Dropout feature_alpha("FeatureAlphaDropout", at::feature_alpha_dropout, at::feature_alpha_dropout_);

}  // namespace

}  // namespace moonlab::nn
