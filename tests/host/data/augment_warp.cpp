#include "host/data/augment_warp.hpp"

#include "augment_picture.hpp"
#include "host/data/augment.hpp"
#include "host/data/augment_randaug.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;

namespace {

at::Tensor warped(const Affine& affine, bool bilinear, double fill = 0) {
  return warp(picture(), inverse(affine), bilinear, fill);
}

}  // namespace

TEST_CASE("pictures are turned, moved, scaled and sheared as torchvision does it") {
  const Affine turned{.angle = 33};
  const Affine all{.angle = -20, .move_x = 3, .move_y = -2, .scale = 1.3, .shear_x = 12, .shear_y = -7};
  Affine smaller = all;
  smaller.scale = 0.8;
  check({"turned 0", 197.143283, {0.000000, 0.066667, 0.000000, 0.000000, 0.172549, 0.000000}}, warped(turned, false));
  check({"all 0", 245.436350, {0.125490, 0.458824, 0.203922, 0.313726, 0.368627, 0.415686}}, warped(all, false));
  check({"half 0", 62.934871, {0.000000, 0.415686, 0.000000, 0.000000, 0.788235, 0.000000}},
        warped({.scale = 0.5}, false));
  check({"turned 1", 203.386996, {0.000000, 0.267072, 0.152601, 0.019385, 0.346120, 0.000000}}, warped(turned, true));
  check({"all 1", 243.258019, {0.320232, 0.659939, 0.539508, 0.469699, 0.566183, 0.315705}}, warped(all, true));
  check({"half 1", 63.656672, {0.000000, 0.469608, 0.000000, 0.000000, 0.512745, 0.000000}},
        warped({.scale = 0.5}, true));
  check({"filled", 274.719636, {0.517647, 0.843137, 0.600000, 0.164706, 0.635294, 0.600000}},
        warped(smaller, false, 0.6));
}

TEST_CASE("a map that changes nothing, and quarters of a turn") {
  const at::Tensor square = picture().narrow(2, 0, 16);
  for (const bool bilinear : {false, true}) {
    CHECK(at::allclose(warp(square, inverse({}), bilinear, 0.5), square, 0, 1e-6));
    CHECK(at::allclose(warp(square, inverse({.angle = 90}), bilinear, 0.5), square.rot90(-1, {1, 2}), 0, 1e-5));
    CHECK(at::allclose(warp(square, inverse({.angle = 180}), bilinear, 0.5), square.rot90(2, {1, 2}), 0, 1e-5));
    const at::Tensor away = warp(square, inverse({.move_x = 40}), bilinear, 0.25);
    CHECK(at::equal(away, at::full_like(away, 0.25)));
  }
  // half a pixel out of the picture: half of it is fill
  const at::Tensor edge = warp(at::ones({1, 3, 3}), inverse({.move_x = 0.5}), true, 0.2);
  CHECK(edge[0][1][0].item<float>() == Approx(0.6));
  CHECK(edge[0][1][1].item<float>() == Approx(1));
}

TEST_CASE("pixels put at the edges") {
  const at::Tensor part = picture().narrow(1, 0, 12).narrow(2, 0, 10);
  auto with = [&](PadMode mode) { return padded(part, {2, 1, 3, 4}, mode, 0.3).narrow(1, 0, 16).narrow(2, 0, 15); };
  check({"constant", 148.247406, {0.560784, 0.300000, 0.188235, 0.300000, 0.300000, 0.705882}},
        with(PadMode::kConstant));
  check({"edge", 183.631093, {0.560784, 0.854902, 0.188235, 0.819608, 0.317647, 0.705882}}, with(PadMode::kEdge));
  check({"reflect", 185.860686, {0.560784, 0.309804, 0.188235, 0.749020, 0.690196, 0.705882}}, with(PadMode::kReflect));
  check({"symmetric", 185.505320, {0.560784, 0.062745, 0.188235, 0.819608, 0.317647, 0.705882}},
        with(PadMode::kSymmetric));
  CHECK(padded(part, {2, 1, 3, 4}, PadMode::kEdge, 0).sizes() == at::IntArrayRef({3, 17, 15}));
  CHECK_THROWS_WITH(padded(part, {10, 0, 0, 0}, PadMode::kReflect, 0),
                    Catch::Contains("10 pixels cannot be mirrored from a side of 10"));
  CHECK(padded(part, {10, 0, 0, 0}, PadMode::kSymmetric, 0).size(2) == 20);
}

TEST_CASE("operations and strengths of RandAugment at magnitude 9 of 30 are torchvision's") {
  auto made = [](const char* name, double sign) {
    for (const auto& operation : random_operations())
      if (operation.name == name) {
        REQUIRE((operation.is_signed || sign > 0));
        return operation.apply(picture(), sign * operation.strength(0.3, picture()), false, 0);
      }
    FAIL("no operation " << name);
    return at::Tensor();
  };
  CHECK(random_operations().size() == 14);
  check({"Identity 1", 245.050662, {0.796078, 0.066667, 0.552941, 0.247059, 0.172549, 0.290196}}, made("identity", 1));
  check({"ShearX 1", 239.797741, {0.796078, 0.580392, 0.380392, 0.247059, 0.576471, 0.027451}}, made("shear_x", 1));
  check({"ShearX -1", 238.924080, {0.796078, 0.611765, 0.780392, 0.247059, 0.788235, 0.607843}}, made("shear_x", -1));
  check({"ShearY 1", 236.378173, {0.905882, 0.023529, 0.552941, 0.313726, 0.294118, 0.290196}}, made("shear_y", 1));
  check({"ShearY -1", 229.514902, {0.000000, 0.415686, 0.552941, 0.486275, 0.356863, 0.290196}}, made("shear_y", -1));
  check({"TranslateX 1", 227.754967, {0.529412, 0.207843, 0.078431, 0.180392, 0.474510, 0.980392}},
        made("translate_x", 1));
  check({"TranslateX -1", 224.708878, {0.298039, 0.164706, 0.243137, 0.552941, 0.070588, 0.803922}},
        made("translate_x", -1));
  check({"TranslateY 1", 214.345345, {0.000000, 0.086275, 0.462745, 0.047059, 0.847059, 0.854902}},
        made("translate_y", 1));
  check({"TranslateY -1", 213.263719, {0.905882, 0.286275, 0.882353, 0.686275, 0.721569, 0.000000}},
        made("translate_y", -1));
  check({"Rotate 1", 235.109000, {0.043137, 0.066667, 0.203922, 0.552941, 0.172549, 0.850980}}, made("rotate", 1));
  check({"Rotate -1", 236.127354, {0.168627, 0.066667, 0.505882, 0.529412, 0.172549, 0.317647}}, made("rotate", -1));
  check({"Brightness 1", 297.137554, {1.000000, 0.084667, 0.702235, 0.313765, 0.219137, 0.368549}},
        made("brightness", 1));
  check({"Brightness -1", 178.886988, {0.581137, 0.048667, 0.403647, 0.180353, 0.125961, 0.211843}},
        made("brightness", -1));
  check({"Color 1", 244.745308, {0.844905, 0.000000, 0.648360, 0.221477, 0.141680, 0.254044}}, made("color", 1));
  check({"Color -1", 246.414583, {0.747252, 0.180861, 0.457522, 0.272640, 0.203418, 0.326348}}, made("color", -1));
  check({"Contrast 1", 245.315736, {0.872931, 0.000000, 0.564147, 0.175676, 0.081049, 0.230461}}, made("contrast", 1));
  check({"Contrast -1", 246.126091, {0.719226, 0.186755, 0.541736, 0.318441, 0.264049, 0.349932}},
        made("contrast", -1));
  check({"Sharpness 1", 244.795211, {0.875816, 0.002078, 0.550905, 0.224579, 0.110404, 0.267716}},
        made("sharpness", 1));
  check({"Sharpness -1", 245.686843, {0.716341, 0.131255, 0.554977, 0.269538, 0.234694, 0.312676}},
        made("sharpness", -1));
  check({"Posterize 1", 244.104386, {0.792157, 0.062745, 0.549020, 0.243137, 0.172549, 0.290196}},
        made("posterize", 1));
  check({"Solarize 1", 144.738670, {0.203922, 0.066667, 0.552941, 0.247059, 0.172549, 0.290196}}, made("solarize", 1));
  check({"AutoContrast 1", 244.082966, {0.800000, 0.056000, 0.552000, 0.239044, 0.163347, 0.282869}},
        made("autocontrast", 1));
  check({"Equalize 1", 286.004932, {0.976471, 0.094118, 0.670588, 0.294118, 0.200000, 0.325490}}, made("equalize", 1));
}

TEST_CASE("strengths over all magnitudes") {
  const at::Tensor image = at::zeros({3, 100, 331});
  auto strength = [&](size_t i, int m) { return random_operations()[i].strength(m / 30.0, image); };
  CHECK(strength(1, 30) == Approx(0.3));
  CHECK(strength(3, 30) == 150);
  CHECK(strength(3, 9) == 45);
  CHECK(strength(4, 30) == 45);
  CHECK(strength(5, 10) == Approx(10));
  CHECK(strength(9, 20) == Approx(0.6));
  CHECK(strength(11, 0) == 255);
  const std::vector<double> bits{8, 8, 8, 8, 7, 7, 7, 7, 7, 7, 7, 7, 6, 6, 6, 6,
                                 6, 6, 6, 5, 5, 5, 5, 5, 5, 5, 5, 4, 4, 4, 4};
  for (int m = 0; m <= 30; ++m) CHECK(strength(10, m) == bits[m]);
}
