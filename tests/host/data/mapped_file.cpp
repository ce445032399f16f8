#include "host/data/mapped_file.hpp"

#include <ATen/ATen.h>
#include <catch2/catch.hpp>

#include "files.hpp"
#include "host/error.hpp"

using namespace moonlab::data;
namespace fs = std::filesystem;

namespace {

size_t entries(const fs::path& folder) {
  return static_cast<size_t>(std::distance(fs::directory_iterator(folder), fs::directory_iterator()));
}

}  // namespace

TEST_CASE("a mapped file has its name once it is kept, and not before") {
  Folder folder;
  {
    MappedOutput output(folder.path, 1000);
    std::fill_n(output.data(), 1000, uint8_t{7});
    CHECK_FALSE(fs::exists(folder.path / "x"));
    output.keep(folder.path / "x", 600);
  }
  CHECK(entries(folder.path) == 1);
  CHECK(content(folder.path / "x") == std::string(600, 7));
  { const MappedOutput dropped(folder.path, 1000); }
  CHECK(entries(folder.path) == 1);
  const at::Tensor bytes = map_file(folder.path / "x", 100, 500);
  fs::remove(folder.path / "x");
  CHECK(at::equal(bytes, at::full({500}, 7, at::kByte)));
}

TEST_CASE("what cannot be mapped is said, and a disk without room leaves nothing behind") {
  Folder folder;
  const auto file = folder.write("x", "12345");
  CHECK_THROWS_WITH(map_file(file, 3, 10), Catch::EndsWith("x: cannot be mapped: has 5 of 13 bytes"));
  CHECK_THROWS_WITH(map_file(folder.path / "none", 0, 1), Catch::Contains("none: cannot be mapped: No such file"));
  CHECK_THROWS_WITH(MappedOutput(folder.path, int64_t{1} << 52), Catch::Contains("no room for 4503599628 MB: "));
  CHECK_THROWS_WITH(MappedOutput("/proc/none", 10), Catch::Contains("/proc/none: cannot be written: "));
  CHECK(entries(folder.path) == 1);
}
