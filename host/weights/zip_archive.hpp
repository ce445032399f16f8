// The entries of a zip archive in memory: stored or deflated, 32 or 64 bits, as PyTorch and zip programs write them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace moonlab::weights {

class ZipArchive {
 public:
  struct Entry {
    std::string name;
    uint64_t offset = 0;      // of the first byte of its data
    uint64_t compressed = 0;  // bytes in the archive
    uint64_t size = 0;        // bytes of content
    uint32_t crc = 0;
    bool deflated = false;
  };

  /// Reads the directory and compares it with what stands before each entry. Throws Error that begins with `name`: not
  /// a zip archive, cut short, several disks, encrypted or otherwise compressed entries, entries outside the file, that
  /// overlap or have one name. The archive keeps a view of `bytes`.
  ZipArchive(std::span<const std::byte> bytes, std::string name);

  static bool looks_like_one(std::span<const std::byte> bytes);

  const std::vector<Entry>& entries() const { return entries_; }
  /// nullptr where there is none of this name.
  const Entry* find(const std::string& name) const;

  /// The content of a stored entry, in place.
  std::span<const std::byte> stored(const Entry& entry) const { return bytes_.subspan(entry.offset, entry.size); }
  /// Inflates a deflated entry, or copies a stored one, to `out` of entry.size bytes. Throws Error where the data do
  /// not give exactly that many bytes or, inflated, not their checksum.
  void extract(const Entry& entry, std::byte* out) const;

 private:
  struct Directory {
    uint64_t offset, size, count;
  };
  Directory find_directory() const;
  Directory directory64(uint64_t end, Directory small) const;
  Entry read_entry(uint64_t& at, uint64_t end, uint64_t& header) const;
  void place(Entry& entry, uint64_t header) const;
  template <class T>
  T number(uint64_t at) const;

  std::span<const std::byte> bytes_;
  std::string name_;
  std::vector<Entry> entries_;
  std::unordered_map<std::string_view, const Entry*> index_;
};

}  // namespace moonlab::weights
