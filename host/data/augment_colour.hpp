// Changes of a picture's colours. Every function takes float32 [C, H, W] in [0, 1] of one or three channels (RGB) and
// gives a new picture of the same shape. Their numbers are those of torchvision.transforms.v2.functional on such
// tensors; posterize, solarize and equalize, which are of bytes, those on uint8 tensors. Errors: another number of
// channels.
#pragma once

#include <ATen/core/Tensor.h>

namespace moonlab::data::colour {

/// factor * x, cut to [0, 1]; factor >= 0.
at::Tensor brightness(const at::Tensor& image, double factor);
/// factor * x + (1 - factor) * the mean of the grey picture.
at::Tensor contrast(const at::Tensor& image, double factor);
/// factor * x + (1 - factor) * the grey picture; a picture of one channel stays as it is.
at::Tensor saturation(const at::Tensor& image, double factor);
/// The hue turned by a share of the circle, in [-0.5, 0.5]; a picture of one channel stays as it is.
at::Tensor hue(const at::Tensor& image, double turn);
/// 0.2989 R + 0.587 G + 0.114 B in every channel.
at::Tensor grey(const at::Tensor& image);
/// factor * x + (1 - factor) * the picture smoothed by 3 x 3 ones around a 5; the edge stays, as do pictures that are
/// all edge.
at::Tensor sharpness(const at::Tensor& image, double factor);
/// Keeps the uppermost of a byte's 8 bits.
at::Tensor posterize(const at::Tensor& image, int64_t bits);
/// Inverts the pixels from a byte `threshold` (0 .. 255) on.
at::Tensor solarize(const at::Tensor& image, double threshold);
/// Stretches each channel to [0, 1]; one of a single value stays.
at::Tensor autocontrast(const at::Tensor& image);
/// Evens out the histogram of each channel's bytes as PIL does; a channel without enough values stays, as bytes.
at::Tensor equalize(const at::Tensor& image);

}  // namespace moonlab::data::colour
