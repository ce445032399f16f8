#include <algorithm>
#include <set>

#include "augment_picture.hpp"
#include "host/data/augment.hpp"
#include "host/data/augment_colour.hpp"
#include "host/data/augment_randaug.hpp"
#include "host/data/augment_warp.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
using Json = nlohmann::ordered_json;

namespace {

at::Tensor run(const char* step, const at::Tensor& image, uint64_t seed = 1) {
  return augmentation({make_steps(Json::array({Json::parse(step)}))})()->apply(image, Drawn{0, 0, 0, 0, seed});
}

auto making(const char* step) {
  return [step] { make_steps(Json::array({Json::parse(step)})); };
}

}  // namespace

TEST_CASE("pad takes one number, two or four") {
  const at::Tensor x = picture();
  CHECK(run(R"({"kind": "pad", "padding": 2})", x).sizes() == at::IntArrayRef({3, 20, 24}));
  CHECK(run(R"({"kind": "pad", "padding": [2, 1]})", x).sizes() == at::IntArrayRef({3, 18, 24}));
  const at::Tensor four = run(R"({"kind": "pad", "padding": [1, 2, 3, 4], "fill": 0.5})", x);
  CHECK(four.sizes() == at::IntArrayRef({3, 22, 24}));
  CHECK(at::equal(four.narrow(1, 2, 16).narrow(2, 1, 20), x));
  CHECK(four[2][1][10].item<float>() == 0.5f);
}

TEST_CASE("jitter draws each change from its range, in random order") {
  const at::Tensor x = picture();
  // one change alone, of one possible size
  CHECK(at::equal(run(R"({"kind": "jitter", "brightness": [1.4, 1.4]})", x), colour::brightness(x, 1.4)));
  CHECK(at::equal(run(R"({"kind": "jitter", "contrast": [0.2, 0.2]})", x), colour::contrast(x, 0.2)));
  CHECK(at::equal(run(R"({"kind": "jitter", "saturation": [1.9, 1.9]})", x), colour::saturation(x, 1.9)));
  CHECK(at::equal(run(R"({"kind": "jitter", "hue": [0.1, 0.1]})", x), colour::hue(x, 0.1)));
  CHECK(at::equal(run(R"({"kind": "jitter"})", x), x));
  // brightness of 1 +- 0.4: the factor of a pixel that nothing cuts off
  const at::Tensor grey = at::full({1, 2, 2}, 0.5f);
  double least = 2, most = 0;
  int64_t changed = 0;
  for (uint64_t seed = 0; seed < 2000; ++seed) {
    const double factor =
        run(R"({"kind": "jitter", "brightness": 0.4, "p": 0.5})", grey, seed)[0][0][0].item<double>() / 0.5;
    least = std::min(least, factor);
    most = std::max(most, factor);
    changed += factor != 1;
  }
  CHECK(least == Approx(0.6).margin(0.01));
  CHECK(most == Approx(1.4).margin(0.01));
  CHECK(std::abs(changed - 1000) < 112);  // five standard deviations
  // two changes of fixed size: both orders come
  const char* two = R"({"kind": "jitter", "brightness": [1.8, 1.8], "contrast": [0.5, 0.5]})";
  const at::Tensor first = colour::contrast(colour::brightness(x, 1.8), 0.5),
                   second = colour::brightness(colour::contrast(x, 0.5), 1.8);
  int64_t brightness_first = 0;
  for (uint64_t seed = 0; seed < 400; ++seed) {
    const at::Tensor made = run(two, x, seed);
    const bool is = at::equal(made, first);
    REQUIRE((is || at::equal(made, second)));
    brightness_first += is;
  }
  CHECK(std::abs(brightness_first - 200) < 50);
}

TEST_CASE("grey takes the colours of its share of the pictures") {
  int64_t taken = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed)
    taken += !at::equal(run(R"({"kind": "grey"})", picture(), seed), picture());
  CHECK(std::abs(taken - 100) < 48);
  CHECK(at::equal(run(R"({"kind": "grey", "p": 1})", picture()), colour::grey(picture())));
}

TEST_CASE("affine draws angle, move, scale and shears from their ranges") {
  const at::Tensor x = picture();
  const Affine all{.angle = -20, .scale = 1.3, .shear_x = 12, .shear_y = -7};
  CHECK(at::equal(run(R"({"kind": "affine", "degrees": [-20, -20], "scale": [1.3, 1.3], "shear": [12, 12, -7, -7],
                          "interpolation": "bilinear", "fill": 0.5})",
                      x),
                  warp(x, inverse(all), true, 0.5)));
  CHECK(at::equal(run(R"({"kind": "affine"})", x), x));
  // moves are whole pixels up to the share, each to both sides
  std::set<std::pair<int64_t, int64_t>> moves;
  const at::Tensor dot = at::zeros({1, 9, 9});
  dot[0][4][4] = 1;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const at::Tensor at = run(R"({"kind": "affine", "translate": [0.25, 0.15]})", dot, seed)[0].nonzero();
    REQUIRE(at.size(0) == 1);
    moves.emplace(at[0][1].item<int64_t>() - 4, at[0][0].item<int64_t>() - 4);
  }
  CHECK(moves.size() == 15);
  CHECK(*moves.begin() == std::pair<int64_t, int64_t>{-2, -1});
  CHECK(*moves.rbegin() == std::pair<int64_t, int64_t>{2, 1});
  std::set<float> corners;
  for (uint64_t seed = 0; seed < 50; ++seed)
    corners.insert(
        run(R"({"kind": "affine", "degrees": 30, "interpolation": "bilinear"})", x, seed)[0][3][3].item<float>());
  CHECK(corners.size() > 40);
}

TEST_CASE("randaug applies n operations of its table, each as often") {
  const at::Tensor x = picture();
  CHECK(at::equal(run(R"({"kind": "randaug", "n": 0})", x), x));
  std::vector<at::Tensor> possible;
  for (const auto& operation : random_operations())
    for (const double sign : {1.0, -1.0})
      if (sign > 0 || operation.is_signed)
        possible.push_back(operation.apply(x, sign * operation.strength(0.3, x), false, 0));
  CHECK(possible.size() == 23);
  std::vector<int64_t> counts(possible.size());
  for (uint64_t seed = 0; seed < 2800; ++seed) {
    const at::Tensor made = run(R"({"kind": "randaug", "n": 1})", x, seed);
    const auto found =
        std::find_if(possible.begin(), possible.end(), [&](const at::Tensor& t) { return at::equal(t, made); });
    REQUIRE(found != possible.end());
    ++counts[found - possible.begin()];
  }
  // 1/14 unsigned, 1/28 each way of a signed one; 9 is identity and posterize, solarize, autocontrast, equalize
  for (size_t i = 0; i < counts.size(); ++i) {
    const double expected = i == 0 || i >= 19 ? 200 : 100;
    CHECK(std::abs(static_cast<double>(counts[i]) - expected) < 5 * std::sqrt(expected));
  }
  CHECK_FALSE(at::equal(run(R"({"kind": "randaug"})", x, 3), run(R"({"kind": "randaug"})", x, 4)));
}

TEST_CASE("wrong options of a step are named") {
  CHECK_THROWS_WITH(making(R"({"kind": "pad", "padding": -1})")(), Catch::Contains("-1 pixels are none"));
  CHECK_THROWS_WITH(making(R"({"kind": "pad", "padding": [1, 2, 3]})")(),
                    Catch::Contains("{ left, top, right, bottom }"));
  CHECK_THROWS_WITH(making(R"({"kind": "pad", "mode": "reflct"})")(), Catch::Contains("did you mean 'reflect'"));
  CHECK_THROWS_WITH(making(R"({"kind": "jitter", "hue": 0.6})")(), Catch::Contains("hue = 0.6 is not within 0 .. 0.5"));
  CHECK_THROWS_WITH(making(R"({"kind": "jitter", "contrast": [-1, 2]})")(),
                    Catch::Contains("contrast [-1,2] is not a range within 0"));
  CHECK_THROWS_WITH(making(R"({"kind": "affine", "translate": [0.1, 2]})")(), Catch::Contains("share of the width"));
  CHECK_THROWS_WITH(making(R"({"kind": "affine", "scale": [0, 1]})")(),
                    Catch::Contains("scale [0,1] is not a range above 0"));
  CHECK_THROWS_WITH(making(R"({"kind": "affine", "interpolation": "cubic"})")(),
                    Catch::Contains("unknown interpolation 'cubic'"));
  CHECK_THROWS_WITH(making(R"({"kind": "randaug", "m": 31})")(), Catch::Contains("m = 31 is not within 0 .. 30"));
  CHECK_THROWS_WITH(making(R"({"kind": "randaug", "magnitude": 3})")(), Catch::Contains("unknown option 'magnitude'"));
}
