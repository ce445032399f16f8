// Files as memory: sets larger than the machine's memory, read as they are needed and shared between processes.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>

namespace moonlab::data {

/// `size` bytes of a file from `from` on, as uint8 [size] that nobody may write to; the file may be removed meanwhile,
/// but not cut. Errors: "FILE: cannot be mapped: reason".
at::Tensor map_file(const std::filesystem::path& file, int64_t from, int64_t size);

/// A new file that is filled through memory: it has a name only once it is kept.
class MappedOutput {
 public:
  /// Takes the room on the folder's disk at once. Errors: "FOLDER: no room for 123 MB: No space left on device".
  MappedOutput(const std::filesystem::path& folder, int64_t size);
  ~MappedOutput();  // removes what was not kept
  MappedOutput(const MappedOutput&) = delete;

  uint8_t* data() { return data_; }
  /// Cuts it to `size` bytes and gives it its name, a path in the folder. Errors: what the disk says.
  void keep(const std::filesystem::path& file, int64_t size);

 private:
  std::filesystem::path partial_;
  int descriptor_ = -1;
  uint8_t* data_ = nullptr;
  int64_t size_;
};

}  // namespace moonlab::data
