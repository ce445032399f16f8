// A zip archive as PyTorch writes it: entries stored, their data at multiples of 64 bytes, 64-bit sizes where needed.
#pragma once

#include <vector>

#include "host/atomic_file.hpp"

namespace moonlab::weights {

class ZipWriter {
 public:
  /// Entries are written as folder/NAME.
  ZipWriter(AtomicFile& file, std::string folder) : file_(file), folder_(std::move(folder)) {}

  void add(const std::string& name, std::span<const std::byte> content);
  void add(const std::string& name, std::string_view content) { add(name, std::as_bytes(std::span(content))); }
  /// Writes the directory; the archive is complete.
  void finish();

 private:
  struct Entry {
    std::string name;
    uint64_t header, size;
    uint32_t crc;
  };
  AtomicFile& file_;
  std::string folder_;
  std::vector<Entry> entries_;
};

}  // namespace moonlab::weights
