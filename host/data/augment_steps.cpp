// Steps that change colours, move pictures and put something around them.
#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "host/data/augment_colour.hpp"
#include "host/data/augment_options.hpp"
#include "host/data/augment_warp.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

Edges edges_in(const StepOptions& o) {
  const StepOptions& value = o.at("padding");
  std::vector<int64_t> n = value.is_array() ? value.get<std::vector<int64_t>>() : std::vector<int64_t>{value};
  for (const int64_t edge : n)
    if (edge < 0) fail("augment: pad: ", edge, " pixels are none");
  if (n.size() == 1) return {n[0], n[0], n[0], n[0]};
  if (n.size() == 2) return {n[0], n[1], n[0], n[1]};
  if (n.size() != 4)
    fail("augment: pad: padding takes a number, { x, y } or { left, top, right, bottom }, got ", value.dump());
  return {n[0], n[1], n[2], n[3]};
}

PadMode mode_in(const StepOptions& o) {
  const std::string name = o.at("mode");
  const std::vector<std::string> names{"constant", "edge", "reflect", "symmetric"};
  const auto found = std::find(names.begin(), names.end(), name);
  if (found == names.end()) fail("augment: pad: unknown mode '", name, "'", did_you_mean(name, names));
  return static_cast<PadMode>(found - names.begin());
}

struct Pad : Step {
  Edges edges;
  PadMode mode;
  double fill;
  explicit Pad(const StepOptions& o) : edges(edges_in(o)), mode(mode_in(o)), fill(o.at("fill")) {}
  at::Tensor apply(const at::Tensor& image, Draw&) const override { return padded(image, edges, mode, fill); }
};

struct Jitter : Step {
  using Change = at::Tensor (*)(const at::Tensor&, double);
  std::array<std::pair<Change, Range>, 4> changes;
  double p;
  explicit Jitter(const StepOptions& o)
      : changes{{{colour::brightness, spread_in(o, "brightness", 1, 0, kMost)},
                 {colour::contrast, spread_in(o, "contrast", 1, 0, kMost)},
                 {colour::saturation, spread_in(o, "saturation", 1, 0, kMost)},
                 {colour::hue, spread_in(o, "hue", 0, -0.5, 0.5)}}},
        p(share_in(o, "p")) {}
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    if (draw.uniform() >= p) return image;
    std::array<size_t, 4> order{0, 1, 2, 3};
    for (int64_t i = 3; i > 0; --i) std::swap(order[i], order[draw.below(i + 1)]);
    at::Tensor result = image;
    for (const size_t i : order) {
      const auto& [change, range] = changes[i];
      const double same = i == 3 ? 0 : 1, amount = draw.uniform(range.low, range.high);
      if (range.low != same || range.high != same) result = change(result, amount);
    }
    return result;
  }
  static constexpr double kMost = 1e3;
};

struct Grey : Step {
  double p;
  explicit Grey(const StepOptions& o) : p(share_in(o, "p")) {}
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    return draw.uniform() < p ? colour::grey(image) : image;
  }
};

struct RandomAffine : Step {
  Range degrees, scale, shear_x{0, 0}, shear_y{0, 0};
  double share_x, share_y, fill;
  bool bilinear;
  explicit RandomAffine(const StepOptions& o)
      : degrees(spread_in(o, "degrees", 0, -360, 360)),
        scale(range_in(o, "scale", 0, 1e3)),
        fill(o.at("fill")),
        bilinear(is_bilinear(o)) {
    const auto shares = o.at("translate").get<std::vector<double>>();
    if (shares.size() != 2 || !(std::min(shares[0], shares[1]) >= 0 && std::max(shares[0], shares[1]) <= 1))
      fail("augment: translate takes { share of the width, share of the height } in [0, 1], got ",
           o.at("translate").dump());
    share_x = shares[0];
    share_y = shares[1];
    const StepOptions& shear = o.at("shear");
    if (shear.is_array() && shear.size() == 4) {
      const StepOptions both{{"shear x", {shear[0], shear[1]}}, {"shear y", {shear[2], shear[3]}}};
      shear_x = spread_in(both, "shear x", 0, -kSteepest, kSteepest);
      shear_y = spread_in(both, "shear y", 0, -kSteepest, kSteepest);
    } else {
      shear_x = spread_in(o, "shear", 0, -kSteepest, kSteepest);
    }
  }
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    Affine a;
    a.angle = draw.uniform(degrees.low, degrees.high);
    const double most_x = share_x * static_cast<double>(image.size(2)),
                 most_y = share_y * static_cast<double>(image.size(1));
    a.move_x = std::round(draw.uniform(-most_x, most_x));
    a.move_y = std::round(draw.uniform(-most_y, most_y));
    a.scale = draw.uniform(scale.low, scale.high);
    a.shear_x = draw.uniform(shear_x.low, shear_x.high);
    a.shear_y = draw.uniform(shear_y.low, shear_y.high);
    return warp(image, inverse(a), bilinear, fill);
  }
  static constexpr double kSteepest = 89;  // a shear of 90 degrees makes a line of the picture
};

}  // namespace

std::shared_ptr<const Step> make_pad(const StepOptions& o) { return std::make_shared<Pad>(o); }
std::shared_ptr<const Step> make_jitter(const StepOptions& o) { return std::make_shared<Jitter>(o); }
std::shared_ptr<const Step> make_grey(const StepOptions& o) { return std::make_shared<Grey>(o); }
std::shared_ptr<const Step> make_affine(const StepOptions& o) { return std::make_shared<RandomAffine>(o); }

}  // namespace moonlab::data
