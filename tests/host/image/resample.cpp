#include "host/image/resample.hpp"

#include <catch2/catch.hpp>

using namespace moonlab::image;

namespace {

/// A picture that both sides know: (37 y + 53 x + 91 c + 5 (x y mod 29)) mod 256.
std::vector<uint8_t> known(int64_t height, int64_t width, int64_t channels) {
  std::vector<uint8_t> pixels;
  for (int64_t y = 0; y < height; ++y)
    for (int64_t x = 0; x < width; ++x)
      for (int64_t c = 0; c < channels; ++c)
        pixels.push_back(static_cast<uint8_t>(y * 37 + x * 53 + c * 91 + x * y % 29 * 5));
  return pixels;
}

int64_t digest(const std::vector<uint8_t>& pixels) {
  int64_t sum = 0;
  for (const uint8_t p : pixels) sum = (sum * 31 + p) % 1'000'000'007;
  return sum;
}

std::vector<uint8_t> resized(const std::vector<uint8_t>& from, int64_t width, int64_t channels, const Part& part,
                             int64_t to_height, int64_t to_width, Filter filter) {
  static Resampler resample;  // one for all, so that weights of another size would show
  std::vector<uint8_t> to(static_cast<size_t>(to_height * to_width * channels));
  resample({from.data(), width * channels, channels}, part, to_height, to_width, filter, to.data());
  return to;
}

}  // namespace

TEST_CASE("resampling gives Pillow's bytes") {
  // Image.resize((width, height), filter) of Pillow 13.0 on the 13 x 17 picture
  struct Case {
    int64_t width, height, bilinear, bicubic;
  };
  const auto picture = known(13, 17, 3);
  for (const auto& [width, height, bilinear, bicubic] : std::initializer_list<Case>{{7, 5, 403612273, 506181191},
                                                                                    {17, 13, 520853145, 520853145},
                                                                                    {30, 20, 299583766, 971481956},
                                                                                    {4, 13, 857189466, 148073464},
                                                                                    {17, 40, 833423255, 330798043},
                                                                                    {3, 3, 518288506, 16294909}}) {
    CAPTURE(width, height);
    CHECK(digest(resized(picture, 17, 3, {0, 0, 13, 17}, height, width, Filter::kBilinear)) == bilinear);
    CHECK(digest(resized(picture, 17, 3, {0, 0, 13, 17}, height, width, Filter::kBicubic)) == bicubic);
  }
  const auto small = resized(picture, 17, 3, {0, 0, 13, 17}, 5, 7, Filter::kBilinear);
  CHECK(std::vector<int>(small.begin(), small.begin() + 3) == std::vector<int>{92, 156, 112});
}

TEST_CASE("a part is resized as if there were nothing around it, and grey as colours are") {
  const auto picture = known(13, 17, 3);
  // crop((2, 3, 13, 12)).resize((6, 5))
  const auto part = resized(picture, 17, 3, {3, 2, 9, 11}, 5, 6, Filter::kBilinear);
  CHECK(digest(part) == 710604651);
  CHECK(std::vector<int>(part.begin(), part.begin() + 6) == std::vector<int>{123, 141, 157, 126, 114, 119});
  CHECK(digest(resized(known(13, 17, 1), 17, 1, {0, 0, 13, 17}, 5, 6, Filter::kBilinear)) == 242066766);
  // one row, one column, one pixel
  CHECK(resized({7, 8, 9}, 1, 3, {0, 0, 1, 1}, 2, 2, Filter::kBicubic) ==
        std::vector<uint8_t>{7, 8, 9, 7, 8, 9, 7, 8, 9, 7, 8, 9});
}
