#include "host/hash.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "host/error.hpp"

namespace moonlab {

Sha256::Sha256() { SHA256Init(&context_); }

void Sha256::update(std::string_view bytes) { update(bytes.data(), bytes.size()); }

void Sha256::update(const void* bytes, size_t size) {
  SHA256Update(&context_, static_cast<const uint8_t*>(bytes), size);
}

std::string Sha256::hex() {
  std::array<char, SHA256_DIGEST_STRING_LENGTH> text;
  SHA256End(&context_, text.data());
  return text.data();
}

std::string sha256(std::string_view bytes) {
  Sha256 hash;
  hash.update(bytes);
  return hash.hex();
}

std::string sha256_file(const std::filesystem::path& file) {
  std::unique_ptr<FILE, int (*)(FILE*)> in(std::fopen(file.c_str(), "rb"), std::fclose);
  if (!in) fail("cannot read ", file.string(), ": ", std::strerror(errno));
  Sha256 hash;
  std::array<char, 1 << 16> piece;
  while (size_t n = std::fread(piece.data(), 1, piece.size(), in.get())) hash.update(piece.data(), n);
  if (std::ferror(in.get())) fail("cannot read ", file.string(), ": ", std::strerror(errno));
  return hash.hex();
}

}  // namespace moonlab
