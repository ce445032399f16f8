#include "host/hash.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>

#include "host/error.hpp"

TEST_CASE("sha256 gives the digests of FIPS 180-4's examples") {
  CHECK(moonlab::sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  CHECK(moonlab::sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  CHECK(moonlab::sha256(std::string(1000000, 'a')) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST_CASE("a hash fed in pieces is the hash of the whole") {
  moonlab::Sha256 hash;
  hash.update("ab");
  hash.update("");
  hash.update("c");
  CHECK(hash.hex() == moonlab::sha256("abc"));

  std::string text;
  for (int i = 0; i < 1000; ++i) text += static_cast<char>(i * 37 % 251);
  for (size_t piece : {1, 3, 63, 64, 65, 127, 128, 130, 999}) { // blocks are of 64 bytes
    moonlab::Sha256 parts;
    for (size_t at = 0; at < text.size(); at += piece) parts.update(std::string_view(text).substr(at, piece));
    CHECK(parts.hex() == moonlab::sha256(text));
  }
}

TEST_CASE("sha256_file reads a file larger than one piece and names a missing one") {
  auto file = std::filesystem::temp_directory_path() / "moonlab-hash-test";
  std::ofstream(file, std::ios::binary) << std::string(1000000, 'a');
  CHECK(moonlab::sha256_file(file) == moonlab::sha256(std::string(1000000, 'a')));
  std::filesystem::remove(file);
  CHECK_THROWS_WITH(moonlab::sha256_file(file), Catch::Contains("cannot read " + file.string() + ": No such file"));
}
