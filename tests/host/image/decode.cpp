#include <ATen/ATen.h>
#include <catch2/catch.hpp>
#include <zlib.h>

#include "host/error.hpp"
#include "host/image/image.hpp"

using namespace moonlab;
using image::Decoding;
using image::Fit;

namespace {

/// A picture whose four corners differ, smooth enough for JPEG.
at::Tensor gradient(int64_t height, int64_t width) {
  at::Tensor y = at::linspace(0, 255, height).reshape({height, 1}).expand({height, width});
  at::Tensor x = at::linspace(0, 255, width).reshape({1, width}).expand({height, width});
  return at::stack({y, x, (x + y) / 2}, 2).round().to(at::kByte);
}

int64_t distance(const at::Tensor& a, const at::Tensor& b) {
  REQUIRE(a.sizes() == b.sizes());
  return (a.to(at::kInt) - b.to(at::kInt)).abs().max().item<int64_t>();
}

std::string number(uint32_t value) {
  std::string text;
  for (int shift = 24; shift >= 0; shift -= 8) text += static_cast<char>(value >> shift & 0xff);
  return text;
}

std::string chunk(const std::string& name, const std::string& content) {
  const std::string body = name + content;
  const auto* from = reinterpret_cast<const Bytef*>(body.data());
  const auto sum = static_cast<uint32_t>(crc32(0, from, static_cast<uInt>(body.size())));
  return number(static_cast<uint32_t>(content.size())) + body + number(sum);
}

/// A PNG of raw rows: `type` 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha.
std::string png(uint32_t height, uint32_t width, int depth, int type, const std::string& rows,
                const std::string& between = "") {
  std::string packed(compressBound(rows.size()), '\0');
  uLongf size = packed.size();
  REQUIRE(compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
                   rows.size()) == Z_OK);
  packed.resize(size);
  std::string header = number(width) + number(height);
  header += {static_cast<char>(depth), static_cast<char>(type), 0, 0, 0};
  return "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + between + chunk("IDAT", packed) + chunk("IEND", "");
}

std::string bytes(std::initializer_list<int> list) {
  std::string text;
  for (int b : list) text += static_cast<char>(b);
  return text;
}

/// A TIFF directory with the orientation alone.
std::string exif(int orientation, bool little) {
  if (little)
    return bytes({'I', 'I', 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 1, 3, 0, 1, 0, 0, 0, orientation, 0, 0, 0, 0, 0, 0, 0});
  return bytes({'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, orientation, 0, 0, 0, 0, 0, 0});
}

std::string jpeg_with_exif(const std::string& jpeg, const std::string& block) {
  const std::string content = std::string("Exif\0\0", 6) + block;
  const size_t length = content.size() + 2;
  const std::string start = bytes({0xff, 0xe1, static_cast<int>(length >> 8), static_cast<int>(length & 255)});
  return jpeg.substr(0, 2) + start + content + jpeg.substr(2);
}

/// As each of EXIF's orientations shows a stored picture.
at::Tensor held(const at::Tensor& stored, int orientation) {
  at::Tensor t = orientation >= 5 ? stored.transpose(0, 1) : stored;
  if (orientation == 2 || orientation == 6) t = t.flip(1);
  if (orientation == 3 || orientation == 7) t = t.flip({0, 1});
  if (orientation == 4 || orientation == 8) t = t.flip(0);
  return t.contiguous();
}

}  // namespace

TEST_CASE("a picture comes back from every format as it went in") {
  const at::Tensor picture = gradient(37, 53);
  CHECK(at::equal(image::decode(image::encode(picture, ".png"), "x"), picture));
  CHECK(at::equal(image::decode(image::encode(picture, ".bmp"), "x"), picture));
  CHECK(distance(image::decode(image::encode(picture, ".jpg", 98), "x"), picture) <= 6);
  CHECK(distance(image::decode(image::encode(picture, ".webp", 100), "x"), picture) <= 12);
}

TEST_CASE("grey, palettes, alpha and 16 bits become RGB of 8 bits") {
  auto pixels = [](const std::string& file) { return image::decode(file, "x").reshape({-1}).to(at::kLong); };
  auto is = [&](const std::string& file, std::vector<int64_t> expected) {
    return at::equal(pixels(file), at::tensor(expected));
  };
  CHECK(is(png(1, 2, 8, 0, bytes({0, 7, 200})), {7, 7, 7, 200, 200, 200}));
  CHECK(is(png(1, 2, 8, 4, bytes({0, 7, 255, 200, 0})), {7, 7, 7, 200, 200, 200}));
  CHECK(is(png(1, 1, 8, 6, bytes({0, 10, 20, 30, 0})), {10, 20, 30}));
  CHECK(is(png(1, 1, 8, 3, bytes({0, 1}), chunk("PLTE", bytes({1, 2, 3, 40, 50, 60}))), {40, 50, 60}));
  CHECK(is(png(1, 2, 1, 0, bytes({0, 0x40})), {0, 0, 0, 255, 255, 255}));
  // 16 bits: the nearest of 8, which is not the upper byte
  CHECK(is(png(1, 2, 16, 0, bytes({0, 0x00, 0xff, 0xff, 0x00})), {1, 1, 1, 254, 254, 254}));
  CHECK(is(png(1, 1, 16, 2, bytes({0, 0x01, 0x01, 0x02, 0x02, 0xfe, 0xfe})), {1, 2, 254}));
}

TEST_CASE("all eight EXIF orientations turn the picture, in JPEG and PNG, in either byte order") {
  const at::Tensor picture = gradient(24, 40);
  const std::string jpeg = image::encode(picture, ".jpg", 95);
  const at::Tensor stored = image::decode(jpeg, "x");
  for (int orientation = 1; orientation <= 8; ++orientation)
    for (bool little : {false, true}) {
      CAPTURE(orientation, little);
      CHECK(at::equal(image::decode(jpeg_with_exif(jpeg, exif(orientation, little)), "x"), held(stored, orientation)));
      const at::Tensor two = at::tensor({1, 2, 3, 4, 5, 6}).reshape({2, 1, 3}).to(at::kByte);
      const std::string turn = chunk("eXIf", exif(orientation, little));
      const std::string file = png(2, 1, 8, 2, bytes({0, 1, 2, 3, 0, 4, 5, 6}), turn);
      CHECK(at::equal(image::decode(file, "x"), held(two, orientation)));
    }
  // 6: the camera was turned left, so the stored left edge is on top
  at::Tensor turned = image::decode(jpeg_with_exif(jpeg, exif(6, true)), "x");
  CHECK(turned.size(0) == 40);
  CHECK(turned[0][23][0].item<int>() < 10);  // stored top left is now top right
  CHECK(at::equal(image::decode(jpeg_with_exif(jpeg, exif(9, true)), "x"), stored));
  CHECK(at::equal(image::decode(jpeg_with_exif(jpeg, exif(6, true).substr(0, 15)), "x"), stored));
}

TEST_CASE("another size is made with antialiasing; the fit decides what is kept") {
  at::manual_seed(1);
  const at::Tensor picture = at::randint(256, {40, 60, 3}, at::kByte);
  auto reference = [](const at::Tensor& t, int64_t height, int64_t width) {
    const at::Tensor x = t.permute({2, 0, 1}).to(at::kDouble).unsqueeze(0);
    return at::_upsample_bilinear2d_aa(x, {height, width}, false)[0].permute({1, 2, 0});
  };
  // rounded to bytes twice, after the rows and after the columns
  auto is_near = [](const at::Tensor& bytes, const at::Tensor& exact) {
    return (bytes.to(at::kDouble) - exact).abs().max().item<double>() <= 1.01;
  };
  const std::string file = image::encode(picture, ".png");
  at::Tensor whole = image::decode(file, "x", {20, 30});
  CHECK(is_near(whole, reference(picture, 20, 30)));
  at::Tensor crop = image::decode(file, "x", {10, 10, Fit::kCrop});
  CHECK(is_near(crop, reference(picture.slice(1, 10, 50), 10, 10)));
  at::Tensor squeezed = image::decode(file, "x", {10, 10, Fit::kSqueeze});
  CHECK(is_near(squeezed, reference(picture, 10, 10)));
  CHECK(at::equal(image::resize(picture, 20, 30), whole));
  CHECK(is_near(image::decode(file, "x", {80, 120}), reference(picture, 80, 120)));
  std::vector<uint8_t> planes(3 * 10 * 10);
  image::decode_planes(file, "x", {10, 10}, planes.data());
  CHECK(at::equal(at::tensor(planes, at::kByte).reshape({3, 10, 10}), crop.permute({2, 0, 1})));
}

TEST_CASE("hostile files: cut anywhere, damaged anywhere, huge declared sizes") {
  const at::Tensor picture = gradient(33, 21);
  for (const char* extension : {".png", ".jpg", ".webp", ".bmp"}) {
    const std::string file = image::encode(picture, extension);
    for (size_t length = 0; length < file.size(); length += 1 + length / 40) {
      CAPTURE(extension, length, file.size());
      // the last bytes of a JPEG may be its end marker alone: the picture is whole
      if (std::string(extension) == ".jpg" && length + 2 >= file.size()) continue;
      CHECK_THROWS_WITH(image::decode(std::string_view(file).substr(0, length), "photo"), Catch::StartsWith("photo: "));
    }
    for (size_t at = 0; at < file.size(); at += 1 + at / 100) {
      std::string damaged = file;
      damaged[at] = static_cast<char>(damaged[at] ^ 0x55);
      try {
        at::Tensor t = image::decode(damaged, "photo", {0, 0, Fit::kCrop, 1'000'000});
        CHECK(t.numel() <= 3'000'000);
      } catch (const Error& e) {
        CHECK(std::string(e.what()).rfind("photo: ", 0) == 0);
      }
    }
  }
  std::string header = number(100000) + number(100000) + bytes({8, 2, 0, 0, 0});
  const std::string huge = "\x89PNG\r\n\x1a\n" + chunk("IHDR", header) + chunk("IDAT", "x") + chunk("IEND", "");
  CHECK_THROWS_WITH(image::decode(huge, "bomb.png"),
                    "bomb.png: declares 100000 x 100000 pixels, more than the 100000000 that are allowed");
  CHECK_THROWS_WITH(image::decode("hello", "a.jpg"), "a.jpg: is no picture that can be read (JPEG, PNG, WebP, BMP)");
  CHECK_THROWS_WITH(image::decode("", "a.jpg"), "a.jpg: is empty");
  CHECK_THROWS_WITH(image::read("/nowhere/a.jpg"), "/nowhere/a.jpg: cannot be read: No such file or directory");
  CHECK_THROWS_WITH(image::encode(picture, ".jpgg"), Catch::Contains("did you mean"));
  CHECK_THROWS_WITH(image::encode(picture.to(at::kFloat), ".png"), Catch::Contains("expected uint8 [H, W, 3]"));
}
