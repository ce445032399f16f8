#include "host/hash.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <memory>

#include "host/error.hpp"
#include "host/hash_blocks.hpp"

namespace moonlab {

Sha256::Sha256() { SHA256Init(&context_); }

void Sha256::update(std::string_view bytes) { update(bytes.data(), bytes.size()); }

void Sha256::update(const void* bytes, size_t size) {
  const auto* from = static_cast<const uint8_t*>(bytes);
  if (hashes_in_hardware()) {
    // what completes a block that was begun, then whole blocks; the rest waits as libmd has it
    const size_t begun = context_.bitcount[0] / 8 % 64, first = begun ? std::min(size, 64 - begun) : 0;
    SHA256Update(&context_, from, first);
    const size_t blocks = (size - first) / 64;
    hash_blocks(context_.state.st32, from + first, blocks);
    context_.bitcount[0] += blocks * 512;
    from += first + blocks * 64;
    size -= first + blocks * 64;
  }
  SHA256Update(&context_, from, size);
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
