#include "host/data/augment_randaug.hpp"

#include <cmath>

#include "host/data/augment_colour.hpp"
#include "host/data/augment_options.hpp"
#include "host/data/augment_warp.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

using at::Tensor;

constexpr double kTurn = 180 / 3.14159265358979323846;

// Strengths.
double none(double, const Tensor&) { return 0; }
double shear(double share, const Tensor&) { return 0.3 * share; }
double across(double share, const Tensor& image) {
  return std::trunc(150.0 / 331 * static_cast<double>(image.size(2)) * share);
}
double down(double share, const Tensor& image) {
  return std::trunc(150.0 / 331 * static_cast<double>(image.size(1)) * share);
}
double angle(double share, const Tensor&) { return 30 * share; }
double change(double share, const Tensor&) { return 0.9 * share; }
double bits(double share, const Tensor&) { return 8 - std::nearbyint(4 * share); }
double threshold(double share, const Tensor&) { return 255 * (1 - share); }

// A shear leaves the picture's first row or column where it is.
Tensor sheared(const Tensor& image, double x, double y, bool bilinear, double fill) {
  Affine a;
  a.shear_x = std::atan(x) * kTurn;
  a.shear_y = std::atan(y) * kTurn;
  a.about_x = -0.5 * static_cast<double>(image.size(2));
  a.about_y = -0.5 * static_cast<double>(image.size(1));
  return warp(image, inverse(a), bilinear, fill);
}

Tensor moved(const Tensor& image, double x, double y, bool bilinear, double fill) {
  Affine a;
  a.move_x = x;
  a.move_y = y;
  return warp(image, inverse(a), bilinear, fill);
}

// Against the clock, as torchvision's rotate.
Tensor rotated(const Tensor& image, double degrees, bool bilinear, double fill) {
  Affine a;
  a.angle = -degrees;
  return warp(image, inverse(a), bilinear, fill);
}

struct RandAugment : Step {
  int64_t n;
  double share, fill;
  bool bilinear;
  explicit RandAugment(const StepOptions& o) : n(o.at("n")), fill(o.at("fill")), bilinear(is_bilinear(o)) {
    const int64_t m = o.at("m"), bins = o.at("bins");
    if (n < 0) fail("augment: randaug: n = ", n, " operations are none");
    if (bins < 2) fail("augment: randaug: bins = ", bins, ": there are two magnitudes at least");
    if (m < 0 || m >= bins) fail("augment: randaug: m = ", m, " is not within 0 .. ", bins - 1, " (bins = ", bins, ")");
    share = static_cast<double>(m) / static_cast<double>(bins - 1);
  }
  Tensor apply(const Tensor& image, Draw& draw) const override {
    const auto& operations = random_operations();
    Tensor result = image;
    for (int64_t i = 0; i < n; ++i) {
      const RandomOperation& operation = operations[draw.below(static_cast<int64_t>(operations.size()))];
      const double strength = operation.strength(share, result);
      const bool negate = operation.is_signed && draw.uniform() < 0.5;
      result = operation.apply(result, negate ? -strength : strength, bilinear, fill);
    }
    return result;
  }
};

}  // namespace

const std::vector<RandomOperation>& random_operations() {
  static const std::vector<RandomOperation> list{
      {"identity", false, none, [](const Tensor& x, double, bool, double) { return x; }},
      {"shear_x", true, shear, [](const Tensor& x, double s, bool b, double f) { return sheared(x, s, 0, b, f); }},
      {"shear_y", true, shear, [](const Tensor& x, double s, bool b, double f) { return sheared(x, 0, s, b, f); }},
      {"translate_x", true, across, [](const Tensor& x, double s, bool b, double f) { return moved(x, s, 0, b, f); }},
      {"translate_y", true, down, [](const Tensor& x, double s, bool b, double f) { return moved(x, 0, s, b, f); }},
      {"rotate", true, angle, rotated},
      {"brightness", true, change,
       [](const Tensor& x, double s, bool, double) { return colour::brightness(x, 1 + s); }},
      {"color", true, change, [](const Tensor& x, double s, bool, double) { return colour::saturation(x, 1 + s); }},
      {"contrast", true, change, [](const Tensor& x, double s, bool, double) { return colour::contrast(x, 1 + s); }},
      {"sharpness", true, change, [](const Tensor& x, double s, bool, double) { return colour::sharpness(x, 1 + s); }},
      {"posterize", false, bits,
       [](const Tensor& x, double s, bool, double) { return colour::posterize(x, static_cast<int64_t>(s)); }},
      {"solarize", false, threshold, [](const Tensor& x, double s, bool, double) { return colour::solarize(x, s); }},
      {"autocontrast", false, none, [](const Tensor& x, double, bool, double) { return colour::autocontrast(x); }},
      {"equalize", false, none, [](const Tensor& x, double, bool, double) { return colour::equalize(x); }},
  };
  return list;
}

std::shared_ptr<const Step> make_randaug(const StepOptions& o) { return std::make_shared<RandAugment>(o); }

}  // namespace moonlab::data
