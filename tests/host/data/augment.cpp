#include "host/data/augment.hpp"

#include <ATen/ATen.h>

#include <catch2/catch.hpp>
#include <set>

#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
using Json = nlohmann::ordered_json;

namespace {

at::Tensor counted(int64_t height, int64_t width) {
  return at::arange(3 * height * width, at::kFloat).reshape({3, height, width}) /
         static_cast<double>(3 * height * width);
}

at::Tensor run(const Json& list, const at::Tensor& image, uint64_t seed) {
  return augmentation({make_steps(list)})()->apply(image, Drawn{0, 0, 0, 0, seed});
}

}  // namespace

TEST_CASE("uniform numbers fill [0, 1) evenly and follow the seed alone") {
  Draw draw(5), again(5), other(6);
  std::vector<int> bins(10);
  double first = 0;
  for (int i = 0; i < 10000; ++i) {
    const double u = draw.uniform();
    REQUIRE(u == again.uniform());
    if (i == 0) first = u;
    ++bins.at(static_cast<size_t>(u * 10));
  }
  for (int n : bins) CHECK(std::abs(n - 1000) < 150);  // five standard deviations
  CHECK(other.uniform() != first);
}

TEST_CASE("crop takes every place of the padded picture, and nothing else") {
  const at::Tensor image = counted(5, 6);
  const at::Tensor wide = at::constant_pad_nd(image, {2, 2, 2, 2}, 0.5);
  std::set<std::pair<int64_t, int64_t>> places;
  for (uint64_t seed = 0; seed < 600; ++seed) {
    const at::Tensor cut = run(Json::parse(R"([{"kind": "crop", "pad": 2, "fill": 0.5}])"), image, seed);
    REQUIRE(cut.sizes() == image.sizes());
    int64_t matches = 0;
    for (int64_t y = 0; y <= 4; ++y)
      for (int64_t x = 0; x <= 4; ++x)
        if (at::equal(cut, wide.narrow(1, y, 5).narrow(2, x, 6))) {
          places.emplace(y, x);
          ++matches;
        }
    REQUIRE(matches == 1);
  }
  CHECK(places.size() == 25);
  CHECK(run(Json::parse(R"([{"kind": "crop", "size": [3, 2]}])"), image, 1).sizes() == at::IntArrayRef({3, 3, 2}));
  CHECK_THROWS_WITH(run(Json::parse(R"([{"kind": "crop", "size": 6}])"), image, 1),
                    Catch::Contains("6 x 6 is more than the picture's 5 x 6"));
}

TEST_CASE("flip mirrors its share of the pictures") {
  const at::Tensor image = counted(2, 3);
  int flipped = 0;
  for (uint64_t seed = 0; seed < 1000; ++seed) {
    const at::Tensor t = run(Json::parse(R"([{"kind": "flip", "p": 0.3}])"), image, seed);
    const bool is = at::equal(t, image.flip(2));
    REQUIRE((is || at::equal(t, image)));
    flipped += is;
  }
  CHECK(std::abs(flipped - 300) < 75);
  CHECK(at::equal(run(Json::parse(R"([{"kind": "flip", "p": 1, "vertical": true}])"), image, 1), image.flip(1)));
}

TEST_CASE("resized_crop: the whole picture where that is all that is allowed, else a part inside it") {
  const at::Tensor image = counted(8, 8);
  CHECK(
      at::equal(run(Json::parse(R"([{"kind": "resized_crop", "scale": [1, 1], "ratio": [1, 1]}])"), image, 3), image));
  // 4 x 4 of 8 x 8 by antialiasing: weights 1 3 3 1 of the triangle inside, checked on a ramp, which stays one
  const at::Tensor ramp = at::arange(8, at::kFloat).div(8).expand({1, 8, 8});
  const at::Tensor half =
      run(Json::parse(R"([{"kind": "resized_crop", "size": 4, "scale": [1, 1], "ratio": [1, 1]}])"), ramp, 3);
  CHECK(half[0][1][1].item<float>() == Approx(2.5 / 8));
  CHECK(half[0][2][2].item<float>() == Approx(4.5 / 8));
  std::set<float> corners;
  for (uint64_t seed = 0; seed < 100; ++seed) {
    const at::Tensor t = run(Json::parse(R"([{"kind": "resized_crop", "size": [4, 6]}])"), image, seed);
    REQUIRE(t.sizes() == at::IntArrayRef({3, 4, 6}));
    REQUIRE(t.min().item<float>() >= 0);
    REQUIRE(t.max().item<float>() <= image.max().item<float>());
    corners.insert(t[0][0][0].item<float>());
  }
  CHECK(corners.size() > 20);
  // proportions that never fit: the largest centred part with the nearest ones
  const at::Tensor strip =
      run(Json::parse(R"([{"kind": "resized_crop", "scale": [1, 1], "ratio": [4, 4], "size": [2, 8]}])"), image, 1);
  CHECK(at::equal(strip, image.narrow(1, 3, 2)));
}

TEST_CASE("erase fills one rectangle and leaves the input alone") {
  const at::Tensor image = at::ones({3, 20, 20});
  int64_t erased = 0;
  for (uint64_t seed = 0; seed < 200; ++seed) {
    const at::Tensor t = run(Json::parse(R"([{"kind": "erase"}])"), image, seed);
    const at::Tensor holes = t.eq(0)[0];
    const int64_t n = holes.sum().item<int64_t>();
    if (n == 0) continue;
    ++erased;
    REQUIRE(holes.any(1).sum().item<int64_t>() * holes.any(0).sum().item<int64_t>() == n);
    REQUIRE(n <= 0.36 * 400);
    REQUIRE(n >= 0.01 * 400);
  }
  CHECK(std::abs(erased - 100) < 36);
  CHECK(image.min().item<float>() == 1);
}

TEST_CASE("steps follow each other and depend on nothing but the seed") {
  const Json list = Json::parse(R"([{"kind": "crop", "pad": 4}, {"kind": "flip"}, {"kind": "erase"}])");
  const at::Tensor image = at::rand({3, 32, 32});
  const auto maker = augmentation({make_steps(list), {}});
  auto a = maker(), b = maker();
  a->apply(image, Drawn{0, 7, 0, 3, 99});  // what came before does not matter
  CHECK(at::equal(a->apply(image, Drawn{0, 1, 0, 0, 42}), b->apply(image, Drawn{0, 9, 3, 8, 42})));
  CHECK(at::equal(a->apply(image, Drawn{1, 1, 0, 0, 42}), image));  // another source, without steps
  CHECK_FALSE(at::equal(run(list, image, 1), run(list, image, 2)));
}

TEST_CASE("mistakes in a list of steps are named") {
  auto make = [](const char* text) { return make_steps(Json::parse(text)); };
  CHECK_THROWS_WITH(make(R"([{"kind": "corp"}])"), Catch::Contains("unknown step 'corp'; did you mean 'crop'?"));
  CHECK_THROWS_WITH(make(R"([{"kind": "crop", "padd": 1}])"),
                    Catch::Contains("unknown option 'padd'; did you mean 'pad'?"));
  CHECK_THROWS_WITH(make(R"([{"kind": "crop", "pad": -1}])"), Catch::Contains("pad = -1 is negative"));
  CHECK_THROWS_WITH(make(R"([{"kind": "flip", "p": 1.5}])"), Catch::Contains("p = 1.5 is not in [0, 1]"));
  CHECK_THROWS_WITH(make(R"([{"kind": "flip", "p": "x"}])"), Catch::Contains("wrong type"));
  CHECK_THROWS_WITH(make(R"([{"kind": "erase", "scale": [0.5, 0.1]}])"),
                    Catch::Contains("scale [0.5,0.1] is not a range"));
  CHECK_THROWS_WITH(make(R"({"kind": "flip"})"), Catch::Contains("expected a list"));
}
