// A file's bytes in memory, read on first touch, and tensors that lie in them without a copy.
//
// The mapping is private: writing into a tensor that lies in it copies the touched page and never reaches the file. It
// lives as long as the object or any storage made from it. A file replaced by rename (as all our writers do) leaves
// the mapping as it was; one that another program cuts short in place takes the pages away under us, which the system
// answers with SIGBUS as for every mapping.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

namespace moonlab::weights {

class MappedFile : public std::enable_shared_from_this<MappedFile> {
 public:
  /// Maps a whole file. Throws Error with the path and the system's reason: no such file, a folder, no regular file.
  static std::shared_ptr<const MappedFile> open(const std::string& path);
  /// The same over a copy of bytes in memory; `name` stands for the path in messages.
  static std::shared_ptr<const MappedFile> copy(std::span<const std::byte> bytes, std::string name);

  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  const std::string& path() const { return path_; }
  uint64_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }

  /// The bytes [offset, offset + length) as a CPU storage that keeps the mapping alive; resizing one moves it to the
  /// heap. The caller sees to alignment. Throws Error where the range is not inside the file.
  c10::Storage storage(uint64_t offset, uint64_t length) const;
  /// A contiguous tensor of elements that begin at `offset`: in the mapping where they are aligned for their type, else
  /// a copy. Throws Error where they do not lie inside the file or their size overflows.
  at::Tensor tensor(uint64_t offset, at::IntArrayRef sizes, at::ScalarType type) const;

 private:
  MappedFile(std::string path, std::byte* data, uint64_t size, bool mapped)
      : path_(std::move(path)), data_(data), size_(size), mapped_(mapped) {}

  std::string path_;
  std::byte* data_;
  uint64_t size_;
  bool mapped_;  // else from the heap
};

}  // namespace moonlab::weights
