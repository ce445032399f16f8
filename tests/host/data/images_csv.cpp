#include "host/data/images_csv.hpp"

#include <catch2/catch.hpp>

#include "data/files.hpp"

using Catch::Contains;
using namespace moonlab::data;

TEST_CASE("lines of pixels and a label become images") {
  Folder folder;
  for (auto file :
       {folder.write("a.csv", "0,255,3,4,1\n5,6,7,8,0"), folder.write_gz("a.csv.gz", "0,255,3,4,1\r\n5,6,7,8,0\r\n")}) {
    auto [images, labels] = read_csv_images(file, 2, 2, 2);
    CHECK(images.flatten().equal(at::tensor({0, 255, 3, 4, 5, 6, 7, 8}, at::kByte)));
    CHECK(images.sizes() == at::IntArrayRef{2, 1, 2, 2});
    CHECK(labels.equal(at::tensor({1, 0}, at::kLong)));
  }
}

TEST_CASE("a damaged line is answered by its number") {
  Folder folder;
  auto error = [&](const std::string& text, const std::string& message) {
    auto file = folder.write("f.csv", text);
    CHECK_THROWS_WITH(read_csv_images(file, 2, 2, 2), file.string() + ": " + message);
  };
  error("1,2,3,4,0\n1,2,3\n", "line 2: expected 5 numbers, got 3");
  error("1,2,3,4,0,7\n", "line 1: expected 5 numbers, got 6");
  error("1,2,x,4,0\n", "line 1: number 3: 'x' is not a whole number");
  error("1,2,3.5,4,0\n", "line 1: number 3: '3.5' is not a whole number");
  error("1,2,,4,0\n", "line 1: number 3: '' is not a whole number");
  error("1,2,256,4,0\n", "line 1: pixel 3: 256 is not in 0..255");
  error("1,2,-1,4,0\n", "line 1: pixel 3: -1 is not in 0..255");
  error("1,2,3,4,0\n1,2,3,4,2\n", "line 2: label 2 is out of range: 2 classes");
  error("", "holds no images");
}

TEST_CASE("a gzip file of lines that was cut is an error even at the end of a line") {
  Folder folder;
  std::string lines;
  for (int i = 0; i < 50000; ++i) lines += std::to_string(i % 256) + ",2,3,4,1\n";
  auto whole = content(folder.write_gz("a.gz", lines));
  for (size_t n : {whole.size() / 2, whole.size() - 9, whole.size() - 8, whole.size() - 1})
    CHECK_THROWS_WITH(read_csv_images(folder.write("cut.gz", whole.substr(0, n)), 2, 2, 2),
                      Contains("gzip stream is cut short"));
}
