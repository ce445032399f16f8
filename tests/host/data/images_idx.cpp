#include "host/data/images_idx.hpp"

#include <catch2/catch.hpp>

#include "data/files.hpp"
#include "host/data/dataset.hpp"
#include "host/hash.hpp"

using Catch::Contains;
using namespace moonlab::data;

static std::string u32(uint32_t n) {
  return {static_cast<char>(n >> 24), static_cast<char>(n >> 16), static_cast<char>(n >> 8), static_cast<char>(n)};
}
static const std::string kImages = u32(0x803) + u32(2) + u32(2) + u32(3) + "abcdefghijkl";

TEST_CASE("IDX files are read, plain and gzip") {
  Folder folder;
  for (auto file : {folder.write("a", kImages), folder.write_gz("a.gz", kImages)}) {
    auto t = read_idx_images(file);
    CHECK(t.sizes() == at::IntArrayRef{2, 1, 2, 3});
    CHECK(t[1][0][1][2].item<int>() == 'l');
  }
  CHECK(read_idx_labels(folder.write("l", u32(0x801) + u32(3) + "\1\2\3")).equal(at::tensor({1, 2, 3}, at::kLong)));
}

TEST_CASE("a damaged IDX file is answered by its path and what is wrong") {
  Folder folder;
  auto error = [&](const std::string& bytes, const std::string& text) {
    auto file = folder.write("f", bytes);
    CHECK_THROWS_WITH(read_idx(file), Contains(file.string() + ": ") && Contains(text));
  };
  error("", "magic number");
  error("PNG....", "not an IDX file: magic number 0x504e472e");
  error(u32(0xd03) + "rest", "element type 0x00000d03 is not supported");
  error(u32(0x803) + u32(2), "cut short: size of dimension 1");
  error(kImages.substr(0, kImages.size() - 2), "entry 1 of 2 is incomplete");
  error(kImages + "x", "1 byte too many");
  error(u32(0x803) + u32(4000000000) + u32(4000000000) + u32(28), "beyond belief");
  error(u32(0x801) + u32(4000000000) + "x", "the header promises 4000000000");
  CHECK_THROWS_WITH(read_idx(folder.path / "none"), Contains("none: cannot be read: No such file"));
  CHECK_THROWS_WITH(read_idx(folder.path), Contains("is a folder"));
  CHECK_THROWS_WITH(read_idx_labels(folder.write("f", kImages)), Contains("expected labels (1 dimension), got 3"));
}

TEST_CASE("a gzip file cut at any byte is an error, never other data") {
  Folder folder;
  auto whole = content(folder.write_gz("a.gz", kImages));
  for (size_t n = 0; n < whole.size(); ++n) {
    INFO("cut after " << n << " of " << whole.size() << " bytes");
    CHECK_THROWS_WITH(read_idx(folder.write("cut.gz", whole.substr(0, n))), Contains("cut.gz: "));
  }
  auto flipped = whole;
  flipped[whole.size() - 6] ^= 1;  // the checksum
  CHECK_THROWS_WITH(read_idx(folder.write("bad.gz", flipped)), Contains("gzip stream is corrupt"));
}

TEST_CASE("a label out of range is located") {
  auto images = at::zeros({3, 1, 2, 2}, at::kByte);
  CHECK_THROWS_WITH(make_samples("toy", images, at::tensor({0, 1, 2}, at::kLong), {"a", "b"}, "labels.gz"),
                    "labels.gz: image 2: label 2 is out of range: 2 classes");
  CHECK_THROWS_WITH(make_samples("toy", images, at::tensor({0, 1}, at::kLong), {"a", "b"}, "labels.gz"),
                    "labels.gz: 3 images but 2 labels");
}

TEST_CASE("MNIST's files are the official ones") {
  auto folder = data_folder("mnist");
  if (folder.empty()) return;
  auto images = read_idx_images(folder / "t10k-images-idx3-ubyte.gz");
  auto labels = read_idx_labels(folder / "t10k-labels-idx1-ubyte.gz");
  CHECK(images.sizes() == at::IntArrayRef{10000, 1, 28, 28});
  CHECK(labels.bincount().equal(at::tensor({980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009}, at::kLong)));
  CHECK(labels[0].item<int>() == 7);  // the first test image, known to everybody
}
