#include "host/data/augment_colour.hpp"

#include "augment_picture.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
using namespace moonlab::data::colour;

TEST_CASE("the picture of the known answers is the same everywhere") {
  check({"picture", 245.050662, {0.796078, 0.066667, 0.552941, 0.247059, 0.172549, 0.290196}}, picture());
}

TEST_CASE("colours change as torchvision changes them") {
  check({"brightness 1.4", 315.263581, {1.000000, 0.093333, 0.774118, 0.345882, 0.241569, 0.406275}},
        brightness(picture(), 1.4));
  check({"brightness 0.3", 73.515202, {0.238824, 0.020000, 0.165882, 0.074118, 0.051765, 0.087059}},
        brightness(picture(), 0.3));
  check({"contrast 1.7", 245.177455, {0.995326, 0.000000, 0.581993, 0.061993, 0.000000, 0.135326}},
        contrast(picture(), 1.7));
  check({"contrast 0.2", 248.237113, {0.568367, 0.422484, 0.519739, 0.458563, 0.443661, 0.467190}},
        contrast(picture(), 0.2));
  check({"saturation 1.9", 244.382019, {0.958835, 0.000000, 0.871005, 0.161788, 0.069651, 0.169689}},
        saturation(picture(), 1.9));
  check({"saturation 0.4", 248.081602, {0.687574, 0.320432, 0.340899, 0.303906, 0.241148, 0.370534}},
        saturation(picture(), 0.4));
  check({"hue 0.1", 241.411148, {0.796078, 0.066667, 0.552941, 0.247059, 0.172549, 0.366274}}, hue(picture(), 0.1));
  check({"hue -0.37", 260.810029, {0.498039, 0.788235, 0.043137, 0.615686, 0.454902, 0.532471}}, hue(picture(), -0.37));
  check({"grey", 250.102216, {0.615238, 0.489609, 0.199537, 0.341805, 0.286880, 0.424093}}, grey(picture()));
  check({"sharpness 1.9", 244.965685, {1.000000, 0.000000, 0.546154, 0.172127, 0.000000, 0.215264}},
        sharpness(picture(), 1.9));
  check({"sharpness 0.1", 247.171266, {0.530287, 0.281961, 0.559729, 0.321991, 0.379698, 0.365128}},
        sharpness(picture(), 0.1));
  check({"posterize 3", 215.020336, {0.752941, 0.000000, 0.501961, 0.125490, 0.125490, 0.250980}},
        posterize(picture(), 3));
  check({"solarize 178.5", 144.738670, {0.203922, 0.066667, 0.552941, 0.247059, 0.172549, 0.290196}},
        solarize(picture(), 178.5));
  check({"solarize 170", 136.185324, {0.203922, 0.066667, 0.552941, 0.247059, 0.172549, 0.290196}},
        solarize(picture(), 170));
  check({"autocontrast", 244.082966, {0.800000, 0.056000, 0.552000, 0.239044, 0.163347, 0.282869}},
        autocontrast(picture() * 0.5 + 0.2));
  check({"equalize", 286.004932, {0.976471, 0.094118, 0.670588, 0.294118, 0.200000, 0.325490}}, equalize(picture()));
  check({"equalize narrow", 278.989569, {0.956863, 0.078431, 0.650980, 0.270588, 0.184314, 0.317647}},
        equalize((picture() * 255).div(8, "floor") / 255));
}

TEST_CASE("factor 1 changes no colour, factor 0 takes them away") {
  const at::Tensor x = picture();
  for (auto change : {brightness, contrast, saturation, sharpness}) CHECK(at::allclose(change(x, 1), x, 0, 1e-6));
  CHECK(at::allclose(hue(x, 0), x, 0, 1e-6));
  CHECK(at::allclose(hue(x, 0.5), hue(x, -0.5), 0, 1e-5));
  CHECK(brightness(x, 0).max().item<float>() == 0);
  CHECK(at::allclose(saturation(x, 0), grey(x), 0, 1e-6));
  const at::Tensor flat = contrast(x, 0);
  CHECK(flat.max().item<float>() == Approx(grey(x).mean().item<float>()));
  CHECK((flat.max() - flat.min()).item<float>() == 0);
}

TEST_CASE("pictures of one channel have no hue or saturation; of other numbers no colours") {
  const at::Tensor one = picture().narrow(0, 1, 1);
  CHECK(at::equal(hue(one, 0.3), one));
  CHECK(at::equal(saturation(one, 0.3), one));
  CHECK(at::equal(grey(one), one));
  CHECK(contrast(one, 0).flatten()[5].item<float>() == Approx(one.mean().item<float>()));
  CHECK_THROWS_WITH(grey(at::rand({2, 4, 4})), Catch::Contains("1 or 3 channels, the picture has 2"));
}

TEST_CASE("what has nothing to stretch stays") {
  const at::Tensor flat = at::full({3, 4, 4}, 0.4f);
  CHECK(at::equal(autocontrast(flat), flat));
  CHECK(at::allclose(equalize(flat), flat, 0, 1e-6));
  CHECK(at::equal(sharpness(picture().narrow(1, 0, 2), 3), picture().narrow(1, 0, 2)));
  CHECK(at::allclose(posterize(picture(), 8), picture(), 0, 1e-6));
  CHECK(posterize(picture(), 0).max().item<float>() == 0);
}
