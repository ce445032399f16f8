#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include "files.hpp"
#include "host/data/images_cifar.hpp"
#include "host/error.hpp"

using namespace moonlab;

namespace {

/// A record whose pixels count up from `start`.
std::string record(std::initializer_list<int> labels, int start) {
  std::string text;
  for (int y : labels) text += static_cast<char>(y);
  for (int i = 0; i < 3072; ++i) text += static_cast<char>(start + i);
  return text;
}

}  // namespace

TEST_CASE("records of CIFAR: planes of red, green and blue, files one after the other, plain or gzip") {
  Folder folder;
  const auto a = folder.write("a.bin", record({3}, 0) + record({9}, 5));
  const auto b = folder.write_gz("b.bin.gz", record({0}, 7));
  auto [images, labels] = data::read_cifar({a, b}, 1, 10);
  CHECK(images.sizes() == at::IntArrayRef({3, 3, 32, 32}));
  CHECK(at::equal(labels, at::tensor({3, 9, 0}, at::kLong)));
  CHECK(images[1][0][0][2].item<int>() == 7);
  CHECK(images[1][1][0][0].item<int>() == (5 + 1024) % 256);
  CHECK(images[2][2][1][0].item<int>() == (7 + 2048 + 32) % 256);
}

TEST_CASE("of CIFAR-100's two labels the second is the fine one") {
  Folder folder;
  auto labels = data::read_cifar({folder.write("a", record({4, 99}, 0))}, 2, 100).second;
  CHECK(labels.item<int64_t>() == 99);
}

TEST_CASE("damaged CIFAR files are named with the record") {
  Folder folder;
  const auto cut = folder.write("cut.bin", (record({1}, 0) + record({2}, 0)).substr(0, 4000));
  CHECK_THROWS_WITH(data::read_cifar({cut}, 1, 10),
                    Catch::Contains("cut.bin: cut short: record 1: expected 3072 bytes, got 926"));
  CHECK_THROWS_WITH(data::read_cifar({folder.write("l.bin", record({10}, 0))}, 1, 10),
                    Catch::Contains("l.bin: record 0: label 10 is out of range: 10 classes"));
  CHECK_THROWS_WITH(data::read_cifar({folder.write("e.bin", "")}, 1, 10), Catch::Contains("e.bin: holds no images"));
  CHECK_THROWS_WITH(data::read_cifar({folder.path / "none.bin"}, 1, 10), Catch::Contains("none.bin: cannot be read"));
  const auto packed = folder.write_gz("p.gz", record({1}, 0));
  const auto half = folder.write("h.gz", content(packed).substr(0, content(packed).size() - 9));
  CHECK_THROWS_WITH(data::read_cifar({half}, 1, 10), Catch::Contains("h.gz: "));
}

TEST_CASE("the exact sample of the real set has ten images of each class") {
  const auto folder = data_folder("cifar100");
  if (folder.empty()) return;
  auto [images, labels] = data::read_cifar({folder / "train_sample.bin"}, 2, 100);
  CHECK(images.size(0) == 1000);
  CHECK(at::equal(at::bincount(labels), at::full({100}, 10, at::kLong)));
}
