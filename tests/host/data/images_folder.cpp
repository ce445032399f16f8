#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include "files.hpp"
#include "host/data/images_folder.hpp"
#include "host/data/tile_sheets.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
namespace fs = std::filesystem;

namespace {

at::Tensor plain(int64_t height, int64_t width, int value) { return at::full({height, width, 3}, value, at::kByte); }

void put(const Folder& folder, const std::string& file, const at::Tensor& picture) {
  fs::create_directories((folder.path / file).parent_path());
  folder.write(file, image::encode(picture, fs::path(file).extension().string()));
}

FolderOptions of_size(int64_t size) {
  FolderOptions options;
  options.how.height = options.how.width = size;
  return options;
}

}  // namespace

TEST_CASE("names of classes are compared without case, blanks and marks") {
  CHECK(class_name("Colts' Foot") == "colts_foot");
  CHECK(class_name("colts-foot") == "colts_foot");
  CHECK(class_name("  Tiger  Lily_") == "tiger_lily");
  CHECK(class_name("n02084071.dog") == "n02084071_dog");
  CHECK(class_name("Gänseblümchen") == "gänseblümchen");
  CHECK(class_name("--") == "");
}

TEST_CASE("a folder of pictures: classes in the order of names, files in theirs, decoded to one size") {
  Folder folder;
  put(folder, "Rose/b.png", plain(8, 8, 20));
  put(folder, "Rose/a.png", plain(20, 10, 10));
  put(folder, "daisy/deep/er/c.bmp", plain(4, 4, 30));
  put(folder, ".hidden/x.png", plain(4, 4, 0));
  put(folder, "daisy/.thumbs/x.png", plain(4, 4, 0));
  folder.write("daisy/notes.txt", "no picture");
  const auto classes = list_classes(folder.path);
  REQUIRE(classes.size() == 2);
  CHECK(classes[0].name == "daisy");
  CHECK(classes[0].files.size() == 1);
  CHECK(classes[1].name == "rose");
  const auto read = read_classes(classes, of_size(4));
  CHECK(at::equal(read.labels, at::tensor({0, 1, 1}, at::kLong)));
  CHECK(read.images.sizes() == at::IntArrayRef({3, 3, 4, 4}));
  CHECK(at::equal(read.images.select(1, 0).select(1, 0).select(1, 0), at::tensor({30, 10, 20}).to(at::kByte)));
  // the order of the training set's classes rules another split
  const auto test = list_classes(folder.path, {"rose", "tulip", "daisy"});
  CHECK(test[0].files.size() == 2);
  CHECK(test[1].files.empty());
  CHECK(at::equal(read_classes(test, of_size(4)).labels, at::tensor({0, 0, 2}, at::kLong)));
  CHECK_THROWS_WITH(list_classes(folder.path, {"rose", "daisies"}),
                    Catch::Contains("class 'daisy' is none of the training set's"));
}

TEST_CASE("what is wrong with a folder is said") {
  Folder folder;
  CHECK_THROWS_WITH(list_classes(folder.path), Catch::Contains("holds no folder of pictures"));
  CHECK_THROWS_WITH(list_classes(folder.path / "none"), Catch::Contains("No such file or directory"));
  fs::create_directories(folder.path / "rose");
  CHECK_THROWS_WITH(list_classes(folder.path), Catch::Contains("class 'rose' has no pictures"));
  put(folder, "rose/a.png", plain(4, 4, 1));
  put(folder, "Rose/a.png", plain(4, 4, 1));
  CHECK_THROWS_WITH(list_classes(folder.path), Catch::Contains("are one class, 'rose'"));
}

TEST_CASE("pictures that cannot be decoded are refused or left out, as told") {
  Folder folder;
  for (int i = 0; i < 5; ++i) put(folder, "a/" + std::to_string(i) + ".png", plain(4, 4, i));
  put(folder, "b/0.png", plain(4, 4, 9));
  folder.write("a/1.png", content(folder.path / "a/1.png").substr(0, 40));
  folder.write("a/3.jpg", "");
  auto options = of_size(4);
  const auto classes = list_classes(folder.path);
  CHECK_THROWS_WITH(read_classes(classes, options), Catch::Contains("a/1.png: cut short"));
  options.skip_damaged = true;
  const auto read = read_classes(classes, options);
  REQUIRE(read.damaged.size() == 2);
  CHECK_THAT(read.damaged[1], Catch::Contains("a/3.jpg: is empty"));
  CHECK(at::equal(read.images.select(1, 0).select(1, 0).select(1, 0), at::tensor({0, 2, 3, 4, 9}).to(at::kByte)));
  CHECK(at::equal(read.labels, at::tensor({0, 0, 0, 0, 1}, at::kLong)));
  folder.write("b/0.png", "nothing");
  CHECK_THROWS_WITH(read_classes(classes, options),
                    Catch::Contains("class 'b': none of its 1 pictures can be decoded"));
}

TEST_CASE("a decoded set is kept under the content of its files, and damage to what is kept does no harm") {
  Folder folder;
  put(folder, "set/a/0.png", plain(6, 6, 50));
  put(folder, "set/b/0.png", plain(6, 6, 60));
  auto options = of_size(3);
  options.cache = folder.path / "cache";
  auto read = [&] {
    const auto images = read_classes(list_classes(folder.path / "set"), options).images;
    return images.select(1, 0).select(1, 0).select(1, 0);
  };
  auto kept = [&] {
    std::vector<fs::path> files;
    for (const auto& entry : fs::directory_iterator(options.cache))
      if (entry.path().extension() == ".images") files.push_back(entry.path());
    return files;
  };
  const at::Tensor first = read();
  REQUIRE(kept().size() == 1);
  // proof that it is read from there: other pixels under the same key
  std::string bytes = content(kept()[0]);
  std::fill(bytes.end() - 2 * 27, bytes.end(), char{7});
  std::ofstream(kept()[0], std::ios::binary) << bytes;
  CHECK(at::equal(read(), at::tensor({7, 7}).to(at::kByte)));
  std::ofstream(kept()[0], std::ios::binary) << bytes.substr(0, 20);
  CHECK(at::equal(read(), first));
  put(folder, "set/b/0.png", plain(6, 6, 61));
  CHECK(at::equal(read(), at::tensor({50, 61}).to(at::kByte)));
  CHECK(kept().size() == 2);
  options.how.fit = image::Fit::kSqueeze;
  read();
  CHECK(kept().size() == 3);
}

TEST_CASE("tile sheets are cut row by row, without the rest of the last row") {
  Folder folder;
  const std::string index = R"({"tile": 8, "cols": 3, "classes": ["x", "y"], "counts": {"train": {"x": 4, "y": 3}}})";
  folder.write("index.json", index);
  const at::Tensor levels = at::arange(6).mul(40).reshape({2, 1, 3, 1, 1});
  const at::Tensor tiles = levels.expand({2, 8, 3, 8, 3}).reshape({16, 24, 3}).to(at::kByte);
  put(folder, "train/x.jpg", tiles);
  put(folder, "train/y.jpg", tiles.slice(0, 0, 8));
  const auto sheets = read_tile_sheets(folder.path, "train");
  CHECK(sheets.class_names == std::vector<std::string>{"x", "y"});
  CHECK(sheets.images.sizes() == at::IntArrayRef({7, 3, 8, 8}));
  CHECK(at::equal(sheets.labels, at::tensor({0, 0, 0, 0, 1, 1, 1}, at::kLong)));
  const at::Tensor expected = at::tensor({0, 40, 80, 120, 0, 40, 80}).reshape({7, 1, 1, 1});
  CHECK((sheets.images.to(at::kLong) - expected).abs().max().item<int64_t>() <= 3);

  CHECK_THROWS_WITH(read_tile_sheets(folder.path, "test"), Catch::Contains("index.json: ") && Catch::Contains("test"));
  put(folder, "train/y.jpg", tiles);
  CHECK_THROWS_WITH(read_tile_sheets(folder.path, "train"),
                    Catch::Contains("y.jpg: 16 x 24 pixels, but 3 tiles of 8, 3 a row, take 8 x 24"));
  folder.write("index.json", R"({"tile": 0, "cols": 3, "classes": [], "counts": {"train": {}}})");
  CHECK_THROWS_WITH(read_tile_sheets(folder.path, "train"), Catch::Contains("tile 0"));
  folder.write("index.json", "{");
  CHECK_THROWS_WITH(read_tile_sheets(folder.path, "train"), Catch::Contains("index.json: "));
  folder.write("index.json", R"({"tile": 8, "cols": 3, "classes": ["../x"], "counts": {"train": {"../x": 4}}})");
  CHECK_THROWS_WITH(read_tile_sheets(folder.path, "train"), Catch::Contains("names no file"));
}
