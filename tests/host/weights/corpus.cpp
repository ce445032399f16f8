// Every file of the fuzzers' corpus, whole, cut short and with single bytes changed: tensors or a clean Error, never
// another exception. The names say which files must be read and which must not: good_*, bad_*.
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz/weights_target.hpp"

namespace {

std::string read(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

template <class Target>
void feed(const std::string& folder, const Target& target) {
  int files = 0;
  for (const auto& entry : std::filesystem::directory_iterator(std::string(MOONLAB_FUZZ) + "/corpus/" + folder)) {
    ++files;
    const std::string name = entry.path().filename().string();
    const std::string whole = read(entry.path());
    INFO(folder << "/" << name);
    const auto run = [&](const std::string& bytes) { return target(std::as_bytes(std::span(bytes))); };
    if (name.starts_with("good_")) CHECK(run(whole));
    else if (name.starts_with("bad_")) CHECK_FALSE(run(whole));
    else FAIL("a name says good_ or bad_");
    // about 500 positions a file, so that larger ones take no longer
    const size_t step = std::max<size_t>(1, whole.size() / 500);
    for (size_t i = 0; i < whole.size(); i += step) {
      INFO("byte " << i);
      CHECK_NOTHROW(run(whole.substr(0, i)));
      for (unsigned char change : {0x01, 0x80, 0xff}) {
        std::string changed = whole;
        changed[i] = static_cast<char>(changed[i] ^ change);
        CHECK_NOTHROW(run(changed));
      }
    }
  }
  CHECK(files > 0);
}

}  // namespace

TEST_CASE("the safetensors corpus, mutated") { feed("safetensors", moonlab::fuzz::read_safetensors); }
TEST_CASE("the torch file corpus, mutated") { feed("torch_file", moonlab::fuzz::read_torch_file); }
