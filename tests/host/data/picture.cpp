#include "host/data/picture.hpp"

#include <ATen/ATen.h>
#include <ATen/CPUGeneratorImpl.h>
#include <catch2/catch.hpp>

#include "files.hpp"
#include "host/data/augment.hpp"
#include "host/data/images_folder.hpp"
#include "host/data/loader.hpp"
#include "host/error.hpp"

using namespace moonlab;
using namespace moonlab::data;
using Json = nlohmann::ordered_json;
namespace fs = std::filesystem;

namespace {

at::Tensor noise(int64_t height, int64_t width, uint64_t seed) {
  return at::randint(256, {height, width, 3}, at::make_generator<at::CPUGeneratorImpl>(seed), at::kByte);
}

void put(const Folder& folder, const std::string& file, const at::Tensor& picture) {
  fs::create_directories((folder.path / file).parent_path());
  folder.write(file, image::encode(picture, fs::path(file).extension().string()));
}

/// Twelve pictures of two classes and four shapes.
void put_set(const Folder& folder) {
  for (int i = 0; i < 12; ++i)
    put(folder, std::string(i % 2 ? "set/odd/" : "set/even/") + std::to_string(i) + ".png",
        noise(20 + i % 3 * 10, 24 + i % 2 * 6, i));
}

Dataset read(const Folder& folder, Memory memory, int64_t side = 16) {
  FolderOptions options;
  options.how.height = options.how.width = side;
  options.memory = memory;
  options.cache = folder.path / "cache";
  auto read = read_classes(list_classes(folder.path / "set"), options);
  const std::vector<float> mean{0.5f, 0.4f, 0.3f}, deviation{0.2f, 0.3f, 0.4f};
  if (memory == Memory::kFiles)
    return Dataset(make_file_samples("set", {read.files, options.how}, read.content, read.labels, {"even", "odd"}, "",
                                     mean, deviation));
  return Dataset(make_samples("set", read.images, read.labels, {"even", "odd"}, "", mean, deviation));
}

std::vector<Batch> epoch(Loader& loader, int64_t number, int64_t first = 0) {
  std::vector<Batch> batches;
  loader.begin(number, first);
  while (auto batch = loader.next()) batches.push_back(std::move(*batch));
  return batches;
}

Steps steps(const char* list) { return make_steps(Json::parse(list)); }

}  // namespace

TEST_CASE("pictures in memory, in a mapped file and in their own files are the same pictures") {
  Folder folder;
  put_set(folder);
  const Dataset ram = read(folder, Memory::kRam), mapped = read(folder, Memory::kMapped),
                files = read(folder, Memory::kFiles);
  CHECK(ram.fingerprint() == mapped.fingerprint());
  CHECK(files.fingerprint() != ram.fingerprint());
  CHECK(files.fingerprint() == read(folder, Memory::kFiles).fingerprint());
  CHECK(files.fingerprint() != read(folder, Memory::kFiles, 18).fingerprint());
  for (const Dataset* other : {&mapped, &files}) {
    CHECK(other->samples().shape() == std::vector<int64_t>{3, 16, 16});
    CHECK(at::equal(other->images(), ram.images()));
    CHECK(at::equal(load_images(*other), load_images(ram)));
    CHECK(other->samples().content() == ram.samples().content());
  }
  Loader one({{ram}}, {5, true, false, Mix::kProportional, 3}), two({{files}}, {5, true, false, Mix::kProportional, 3});
  two.set_workers(2);
  const auto a = epoch(one, 1), b = epoch(two, 1);
  REQUIRE(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i) {
    CHECK(at::equal(a[i].x, b[i].x));
    CHECK(at::equal(a[i].y, b[i].y));
  }
  // a changed file is another set
  put(folder, "set/odd/1.png", noise(20, 30, 99));
  CHECK(read(folder, Memory::kFiles).fingerprint() != files.fingerprint());
}

TEST_CASE("batches of files are the same for any number of workers, and from any place of the epoch on") {
  Folder folder;
  put_set(folder);
  const Dataset files = read(folder, Memory::kFiles);
  const Steps list = steps(R"([{"kind": "resized_crop"}, {"kind": "flip"}, {"kind": "jitter", "brightness": 0.4},
                               {"kind": "erase"}])");
  std::vector<Batch> expected;
  for (const int64_t workers : {0, 1, 2, 7}) {
    CAPTURE(workers);
    Loader loader({{files}}, {5, true, false, Mix::kProportional, 11}, at::kCPU, {}, 0, true);
    loader.set_transform(augmentation({list}), workers);
    loader.begin(2);
    loader.next();  // leaving an epoch in its middle does no harm
    const auto batches = epoch(loader, 2);
    if (expected.empty()) expected = batches;
    REQUIRE(batches.size() == expected.size());
    for (size_t i = 0; i < batches.size(); ++i) CHECK(at::equal(batches[i].x, expected[i].x));
    const auto rest = epoch(loader, 2, 1);
    REQUIRE(rest.size() == expected.size() - 1);
    for (size_t i = 0; i < rest.size(); ++i) CHECK(at::equal(rest[i].x, expected[i + 1].x));
    CHECK_FALSE(at::equal(epoch(loader, 3)[0].x, expected[0].x));
  }
}

TEST_CASE("nothing before the place where an epoch begins is decoded") {
  Folder folder;
  put_set(folder);
  const Dataset files = read(folder, Memory::kFiles);
  Loader loader({{files}}, {5, false});
  folder.write("set/even/0.png", "nothing");  // the first of the first batch
  CHECK_THROWS_WITH(epoch(loader, 0), Catch::Contains("'set', sample 0: ") &&
                                          Catch::Contains("set/even/0.png: is no picture that can be read"));
  CHECK(epoch(loader, 0, 1).size() == 2);
  fs::remove(folder.path / "set/even/0.png");
  CHECK_THROWS_WITH(epoch(loader, 0), Catch::Contains("set/even/0.png: cannot be read: No such file or directory"));
}

TEST_CASE("crops, flips and sizes at the beginning of a list are one pass over bytes") {
  Folder folder;
  const at::Tensor stored = noise(40, 30, 5);
  put(folder, "set/even/0.png", stored);
  put(folder, "set/odd/1.png", stored);
  const Dataset files = read(folder, Memory::kFiles);
  Picture picture;
  auto shown = [&](const char* list, uint64_t seed = 1) {
    picture.open(files.samples(), 0);
    return run(steps(list), picture, seed);
  };
  auto bytes = [&] { return picture.tensor().mul(255).round().to(at::kByte).permute({1, 2, 0}); };
  auto exact = [&](const image::Part& p, int64_t height, int64_t width) {
    const at::Tensor part = stored.narrow(0, p.top, p.height).narrow(1, p.left, p.width).contiguous();
    return image::resize(part, height, width);
  };
  // without steps: the largest centred square, at 16 x 16
  CHECK_FALSE(shown("[]").defined());
  CHECK(at::equal(bytes(), exact({5, 0, 30, 30}, 16, 16)));
  // a part of the stored picture, not of the 16 x 16 one
  CHECK_FALSE(shown(R"([{"kind": "resized_crop"}, {"kind": "flip", "p": 1}])").defined());
  CHECK(picture.window.mirrored);
  CHECK(picture.window.part.height <= 40);
  CHECK(at::equal(bytes(), exact(picture.window.part, 16, 16).flip(1)));
  const char* squeezed = R"([{"kind": "resize", "size": [8, 20], "fit": "squeeze"},
                             {"kind": "flip", "p": 1, "vertical": true}])";
  CHECK_FALSE(shown(squeezed).defined());
  CHECK(at::equal(bytes(), exact({0, 0, 40, 30}, 8, 20).flip(0)));
  CHECK_FALSE(shown(R"([{"kind": "resize", "size": 12, "interpolation": "bicubic"}])").defined());
  CHECK(at::equal(bytes(), image::resize(stored.narrow(0, 5, 30).contiguous(), 12, 12, image::Filter::kBicubic)));
  // what works on numbers ends the pass: crop after a resize, anything after a jitter
  const at::Tensor cut = shown(R"([{"kind": "crop", "size": 10}])");
  CHECK(cut.sizes() == at::IntArrayRef({3, 10, 10}));
  // an uncut picture of its own size is cut without a resize
  put(folder, "set/even/0.png", noise(16, 16, 8));
  CHECK_FALSE(shown(R"([{"kind": "crop", "size": 10}])").defined());
  CHECK(picture.window.part.height == 10);
  const image::Part p = picture.window.part;
  CHECK(at::equal(bytes(), noise(16, 16, 8).narrow(0, p.top, 10).narrow(1, p.left, 10)));
}

TEST_CASE("a window and the same steps on numbers agree to the rounding of bytes") {
  at::manual_seed(1);
  const at::Tensor images = at::randint(256, {1, 3, 24, 20}, at::kByte);
  const auto samples = make_samples("x", images, at::zeros({1}, at::kLong), {"a"}, "");
  const at::Tensor exact = images[0].to(at::kFloat) / 255;
  for (const char* list : {R"([{"kind": "resized_crop", "size": 13}, {"kind": "flip"}])",
                           R"([{"kind": "flip"}, {"kind": "flip", "vertical": true}])",
                           R"([{"kind": "crop", "size": 9}])",
                           R"([{"kind": "resize", "size": [10, 30]}, {"kind": "flip"}])"})
    for (uint64_t seed = 0; seed < 20; ++seed) {
      CAPTURE(list, seed);
      Picture picture;
      picture.open(*samples, 0);
      REQUIRE_FALSE(run(steps(list), picture, seed).defined());
      const at::Tensor other = augmentation({steps(list)})()->apply(exact, Drawn{0, 0, 0, 0, seed});
      const at::Tensor made = picture.tensor();
      REQUIRE(made.sizes() == other.sizes());
      CHECK((made - other).abs().max().item<double>() <= 1.3 / 255);
    }
}

TEST_CASE("damaged files: told at once where they are left out, and remembered") {
  Folder folder;
  put_set(folder);
  folder.write("set/odd/3.png", content(folder.path / "set/odd/3.png").substr(0, 60));
  folder.write("set/odd/5.png", "");
  folder.write("set/odd/7.png", "a text");
  fs::create_directories(folder.path / "set/odd/folder.png");
  FolderOptions options;
  options.how.height = options.how.width = 8;
  options.cache = folder.path / "cache";
  options.skip_damaged = true;
  for (const Memory memory : {Memory::kFiles, Memory::kMapped, Memory::kRam, Memory::kFiles}) {
    options.memory = memory;
    const auto read = read_classes(list_classes(folder.path / "set"), options);
    CHECK(read.files.size() == 9);
    CHECK(at::equal(read.labels, at::tensor({0, 0, 0, 0, 0, 0, 1, 1, 1}, at::kLong)));
    if (read.images.defined()) CHECK(read.images.size(0) == 9);
    REQUIRE(read.damaged.size() == 3);
    CHECK_THAT(read.damaged[0], Catch::EndsWith("bytes are there") && Catch::Contains("odd/3.png: cut short"));
    CHECK_THAT(read.damaged[1], Catch::Contains("odd/5.png: is empty"));
    CHECK_THAT(read.damaged[2], Catch::Contains("odd/7.png: is no picture that can be read"));
  }
  options.skip_damaged = false;
  options.memory = Memory::kRam;
  CHECK_THROWS_WITH(read_classes(list_classes(folder.path / "set"), options), Catch::Contains("odd/3.png: cut short"));
  // mended: looked at again
  for (const char* name : {"3", "5", "7"}) put(folder, std::string("set/odd/") + name + ".png", noise(9, 9, 1));
  CHECK(read_classes(list_classes(folder.path / "set"), options).files.size() == 12);
  options.memory = Memory::kMapped;
  options.cache = "";
  CHECK_THROWS_WITH(read_classes(list_classes(folder.path / "set"), options), Catch::Contains("need the cache"));
  options.cache = "/proc/none";
  CHECK_THROWS_WITH(read_classes(list_classes(folder.path / "set"), options), Catch::Contains("/proc/none: cannot be"));
}
