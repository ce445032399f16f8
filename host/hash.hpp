// SHA-256 of what a run depends on: configurations, scripts, data files.
#pragma once

#include <sha2.h>

#include <filesystem>
#include <string>
#include <string_view>

namespace moonlab {

/// A hash that is fed piece by piece.
class Sha256 {
 public:
  Sha256();
  void update(std::string_view bytes);
  void update(const void* bytes, size_t size);
  /// 64 lower-case hexadecimal digits. Ends the hash: afterwards only destruction is allowed.
  std::string hex();

 private:
  SHA2_CTX context_;
};

/// SHA-256 of bytes, as 64 lower-case hexadecimal digits.
std::string sha256(std::string_view bytes);

/// SHA-256 of a file's content, read in pieces. Throws Error "cannot read FILE: reason".
std::string sha256_file(const std::filesystem::path& file);

}  // namespace moonlab
