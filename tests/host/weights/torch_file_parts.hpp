// What the tests of PyTorch's files share: the fixtures, and files made by hand.
#pragma once

#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

#include "host/error.hpp"
#include "host/weights/torch_file.hpp"
#include "host/weights/zip_writer.hpp"

namespace torch_files {

using namespace moonlab::weights;
using FileBytes = std::vector<std::byte>;

inline FileBytes bytes_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  REQUIRE(in.good());
  std::string text{std::istreambuf_iterator<char>(in), {}};
  auto all = std::as_bytes(std::span(text));
  return {all.begin(), all.end()};
}

inline std::filesystem::path fixture(const std::string& name) {
  return std::filesystem::path(__FILE__).parent_path() / "../../fixtures/torch" / name;
}

inline std::filesystem::path temporary(const std::string& name) {
  return std::filesystem::temp_directory_path() / ("moonlab-torch-file-" + std::to_string(::getpid()) + "-" + name);
}

/// An archive as PyTorch's, around any pickle.
inline FileBytes archive(const std::string& pickle, const std::map<std::string, std::string>& more = {}) {
  const auto path = temporary("archive.pt");
  {
    moonlab::AtomicFile file(path);
    ZipWriter zip(file, "archive");
    zip.add("data.pkl", pickle);
    for (const auto& [name, content] : more) zip.add(name, content);
    zip.finish();
    file.commit();
  }
  FileBytes bytes = bytes_of(path);
  std::filesystem::remove(path);
  return bytes;
}

inline TorchFile read(const FileBytes& bytes) { return read_torch_file(std::span(bytes), "hand.pt"); }

/// The error of reading, "" where there is none.
inline std::string error_of(const FileBytes& bytes) {
  try {
    read(bytes);
  } catch (const moonlab::Error& e) {
    return e.what();
  }
  return "";
}

inline std::string error_of_pickle(const std::string& pickle, const std::map<std::string, std::string>& more = {}) {
  return error_of(archive(pickle, more));
}

/// The value under a text key of the root.
inline Value& item(TorchFile& file, const std::string& key) {
  for (auto [k, v] : file.root->as<Mapping>()->items) {
    if (k->as<std::string>() && *k->as<std::string>() == key) return *v;
  }
  FAIL("no '" << key << "'");
  throw 0;
}

inline const at::Tensor& tensor(TorchFile& file, const std::string& key) {
  const auto* t = item(file, key).as<at::Tensor>();
  REQUIRE(t);
  return *t;
}

}  // namespace torch_files
