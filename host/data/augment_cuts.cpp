// Steps that choose where pixels come from, and the one that takes some away.
#include <ATen/ATen.h>

#include <cmath>

#include "host/data/augment_options.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

struct Size {
  int64_t height = 0, width = 0;  // 0: as the picture was
  Size of(const at::Tensor& image) const { return height ? *this : Size{image.size(1), image.size(2)}; }
};

Size size_in(const StepOptions& o) {
  const StepOptions& value = o.at("size");
  Size size;
  if (value.is_array() && value.size() == 2) size = {value[0].get<int64_t>(), value[1].get<int64_t>()};
  else size.height = size.width = value.get<int64_t>();
  if (size.height < 0 || size.width < 0 || (size.height == 0) != (size.width == 0))
    fail("augment: size ", value.dump(), " is neither a side nor { height, width }");
  return size;
}

at::Tensor part(const at::Tensor& image, int64_t top, int64_t left, Size size) {
  return image.narrow(1, top, size.height).narrow(2, left, size.width);
}

struct Crop : Step {
  Size size;
  int64_t pad;
  double fill;
  explicit Crop(const StepOptions& o) : size(size_in(o)), pad(o.at("pad")), fill(o.at("fill")) {
    if (pad < 0) fail("augment: crop: pad = ", pad, " is negative");
  }
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    const Size to = size.of(image);
    const at::Tensor wide = pad ? at::constant_pad_nd(image, {pad, pad, pad, pad}, fill) : image;
    const int64_t rows = wide.size(1) - to.height, cols = wide.size(2) - to.width;
    if (rows < 0 || cols < 0)
      fail("augment: crop: ", to.height, " x ", to.width, " is more than the picture's ", wide.size(1), " x ",
           wide.size(2));
    const int64_t top = draw.below(rows + 1);
    return part(wide, top, draw.below(cols + 1), to);
  }
  bool frame(Window& w, Draw& draw) const override {
    const int64_t height = size.height ? size.height : w.to_height, width = size.height ? size.width : w.to_width;
    if (pad || w.resized() || w.mirrored || w.upside_down || height > w.to_height || width > w.to_width) return false;
    w.part.top += draw.below(w.part.height - height + 1);
    w.part.left += draw.below(w.part.width - width + 1);
    w.part.height = w.to_height = height;
    w.part.width = w.to_width = width;
    w.cut = true;
    return true;
  }
};

struct Flip : Step {
  double p;
  int64_t dim;
  explicit Flip(const StepOptions& o) : p(share_in(o, "p")), dim(o.at("vertical").get<bool>() ? 1 : 2) {}
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    return draw.uniform() < p ? image.flip(dim) : image;
  }
  bool frame(Window& w, Draw& draw) const override {
    if (draw.uniform() < p) (dim == 2 ? w.mirrored : w.upside_down) ^= true;
    return true;
  }
};

/// Height and width of a part with a random share of the area and random proportions (width to height).
Size random_part(Range scale, Range ratio, double area, Draw& draw) {
  const double wanted = area * draw.uniform(scale.low, scale.high);
  const double shape = std::exp(draw.uniform(std::log(ratio.low), std::log(ratio.high)));
  return {std::llround(std::sqrt(wanted / shape)), std::llround(std::sqrt(wanted * shape))};
}

struct ResizedCrop : Step {
  Size size;
  Range scale, ratio;
  explicit ResizedCrop(const StepOptions& o)
      : size(size_in(o)), scale(range_in(o, "scale", 0, 1)), ratio(range_in(o, "ratio", 0, 1e3)) {}
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    const Size to = size.of(image);
    const image::Part p = choose(image.size(1), image.size(2), draw);
    const at::Tensor found = part(image, p.top, p.left, {p.height, p.width});
    if (p.height == to.height && p.width == to.width) return found;
    return at::_upsample_bilinear2d_aa(found.unsqueeze(0), {to.height, to.width}, false)[0].clamp(0, 1);
  }
  bool frame(Window& w, Draw& draw) const override {
    if (w.cut || w.mirrored || w.upside_down) return false;
    w.part = choose(w.height, w.width, draw);
    if (size.height) {
      w.to_height = size.height;
      w.to_width = size.width;
    }
    w.cut = true;
    return true;
  }
  image::Part choose(int64_t height, int64_t width, Draw& draw) const {
    for (int attempt = 0; attempt < 10; ++attempt) {
      const Size s = random_part(scale, ratio, static_cast<double>(height * width), draw);
      if (s.height < 1 || s.width < 1 || s.height > height || s.width > width) continue;
      const int64_t top = draw.below(height - s.height + 1);
      return {top, draw.below(width - s.width + 1), s.height, s.width};
    }
    const double shape = static_cast<double>(width) / static_cast<double>(height);
    Size s{height, width};
    if (shape < ratio.low) s.height = std::max<int64_t>(1, std::llround(static_cast<double>(width) / ratio.low));
    else if (shape > ratio.high) s.width = std::max<int64_t>(1, std::llround(static_cast<double>(height) * ratio.high));
    return {(height - s.height) / 2, (width - s.width) / 2, s.height, s.width};
  }
};

struct Resize : Step {
  Size size;
  image::Fit fit;
  image::Filter filter;
  explicit Resize(const StepOptions& o)
      : size(size_in(o)),
        fit(one_in(o, "fit", {"crop", "squeeze"}) == 0 ? image::Fit::kCrop : image::Fit::kSqueeze),
        filter(one_in(o, "interpolation", {"bilinear", "bicubic"}) == 0 ? image::Filter::kBilinear
                                                                        : image::Filter::kBicubic) {}
  at::Tensor apply(const at::Tensor& image, Draw&) const override {
    const Size to = size.of(image);
    const image::Part p = image::fitted(image.size(1), image.size(2), to.height, to.width, fit);
    const at::Tensor found = part(image, p.top, p.left, {p.height, p.width});
    if (p.height == to.height && p.width == to.width) return found;
    const at::Tensor one = found.unsqueeze(0);
    const at::Tensor resized = filter == image::Filter::kBilinear
                                   ? at::_upsample_bilinear2d_aa(one, {to.height, to.width}, false)
                                   : at::_upsample_bicubic2d_aa(one, {to.height, to.width}, false);
    return resized[0].clamp(0, 1);
  }
  bool frame(Window& w, Draw&) const override {
    if (w.cut || w.mirrored || w.upside_down) return false;
    if (size.height) {
      w.to_height = size.height;
      w.to_width = size.width;
    }
    w.part = image::fitted(w.height, w.width, w.to_height, w.to_width, fit);
    w.filter = filter;
    w.cut = true;
    return true;
  }
};

struct Erase : Step {
  double p, fill;
  Range scale, ratio;
  explicit Erase(const StepOptions& o)
      : p(share_in(o, "p")),
        fill(o.at("fill")),
        scale(range_in(o, "scale", 0, 1)),
        ratio(range_in(o, "ratio", 0, 1e3)) {}
  at::Tensor apply(const at::Tensor& image, Draw& draw) const override {
    if (draw.uniform() >= p) return image;
    const int64_t height = image.size(1), width = image.size(2);
    for (int attempt = 0; attempt < 10; ++attempt) {
      const Size s = random_part(scale, ratio, static_cast<double>(height * width), draw);
      if (s.height < 1 || s.width < 1 || s.height >= height || s.width >= width) continue;
      at::Tensor result = image.clone();
      const int64_t top = draw.below(height - s.height + 1);
      part(result, top, draw.below(width - s.width + 1), s).fill_(fill);
      return result;
    }
    return image;
  }
};

}  // namespace

std::shared_ptr<const Step> make_crop(const StepOptions& o) { return std::make_shared<Crop>(o); }
std::shared_ptr<const Step> make_flip(const StepOptions& o) { return std::make_shared<Flip>(o); }
std::shared_ptr<const Step> make_resized_crop(const StepOptions& o) { return std::make_shared<ResizedCrop>(o); }
std::shared_ptr<const Step> make_resize(const StepOptions& o) { return std::make_shared<Resize>(o); }
std::shared_ptr<const Step> make_erase(const StepOptions& o) { return std::make_shared<Erase>(o); }

}  // namespace moonlab::data
