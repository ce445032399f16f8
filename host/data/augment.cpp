#include "host/data/augment.hpp"

#include "host/data/augment_options.hpp"
#include "host/error.hpp"

namespace moonlab::data {

namespace {

using Options = StepOptions;

struct Kind {
  std::string name;
  Options defaults;
  std::shared_ptr<const Step> (*make)(const Options&);
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> list{
      {"crop", {{"size", 0}, {"pad", 0}, {"fill", 0.0}}, make_crop},
      {"flip", {{"p", 0.5}, {"vertical", false}}, make_flip},
      {"resized_crop", {{"size", 0}, {"scale", {0.08, 1.0}}, {"ratio", {3.0 / 4, 4.0 / 3}}}, make_resized_crop},
      {"resize", {{"size", 0}, {"fit", "crop"}, {"interpolation", "bilinear"}}, make_resize},
      {"pad", {{"padding", 0}, {"fill", 0.0}, {"mode", "constant"}}, make_pad},
      {"jitter", {{"brightness", 0.0}, {"contrast", 0.0}, {"saturation", 0.0}, {"hue", 0.0}, {"p", 1.0}}, make_jitter},
      {"grey", {{"p", 0.1}}, make_grey},
      {"affine",
       {{"degrees", 0.0},
        {"translate", {0.0, 0.0}},
        {"scale", {1.0, 1.0}},
        {"shear", 0.0},
        {"interpolation", "nearest"},
        {"fill", 0.0}},
       make_affine},
      {"randaug", {{"n", 2}, {"m", 9}, {"bins", 31}, {"interpolation", "nearest"}, {"fill", 0.0}}, make_randaug},
      {"erase", {{"p", 0.5}, {"scale", {0.02, 0.33}}, {"ratio", {0.3, 3.3}}, {"fill", 0.0}}, make_erase},
  };
  return list;
}

std::shared_ptr<const Step> make_step(const Options& given) {
  const std::string name = given.value("kind", std::string());
  std::vector<std::string> known;
  for (const Kind& kind : kinds()) {
    known.push_back(kind.name);
    if (kind.name != name) continue;
    Options options = kind.defaults;
    for (const auto& [key, value] : given.items()) {
      if (key == "kind") continue;
      std::vector<std::string> keys;
      for (const auto& [option, none] : kind.defaults.items()) keys.push_back(option);
      if (!options.contains(key)) fail("augment: ", name, ": unknown option '", key, "'", did_you_mean(key, keys));
      options[key] = value;
    }
    try {
      return kind.make(options);
    } catch (const nlohmann::json::exception& e) {
      fail("augment: ", name, ": an option of the wrong type in ", options.dump());
    }
  }
  fail("augment: unknown step '", name, "'", did_you_mean(name, known));
}

class Augmentation : public Transform {
 public:
  explicit Augmentation(std::vector<Steps> of_domain) : of_domain_(std::move(of_domain)) {}
  at::Tensor apply(const at::Tensor& image, const Drawn& drawn) override {
    Draw draw(drawn.seed);
    at::Tensor result = image;
    for (const auto& step : of_domain_.at(drawn.domain)) result = step->apply(result, draw);
    return result;
  }
  at::Tensor apply(Picture& picture, const Drawn& drawn) override {
    return run(of_domain_.at(drawn.domain), picture, drawn.seed);
  }

 private:
  std::vector<Steps> of_domain_;
};

}  // namespace

double Draw::uniform() {
  // SplitMix64 (Steele, Lea, Flood 2014)
  uint64_t z = state_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return static_cast<double>((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

at::Tensor run(const Steps& steps, Picture& picture, uint64_t seed) {
  Draw draw(seed);
  size_t i = 0;
  while (i < steps.size() && steps[i]->frame(picture.window, draw)) ++i;
  if (i == steps.size()) return {};
  at::Tensor result = picture.tensor();
  for (; i < steps.size(); ++i) result = steps[i]->apply(result, draw);
  return result;
}

Steps make_steps(const Options& list) {
  if (!list.is_array()) fail("augment: expected a list of steps, got ", list.dump());
  Steps steps;
  for (const auto& step : list) steps.push_back(make_step(step));
  return steps;
}

TransformMaker augmentation(std::vector<Steps> of_domain) {
  return [of_domain = std::move(of_domain)] { return std::make_unique<Augmentation>(of_domain); };
}

}  // namespace moonlab::data
