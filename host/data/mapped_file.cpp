#include "host/data/mapped_file.hpp"

#include <ATen/ATen.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "host/error.hpp"

namespace moonlab::data {

at::Tensor map_file(const std::filesystem::path& file, int64_t from, int64_t size) {
  const int descriptor = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
  if (descriptor < 0) fail(file.string(), ": cannot be mapped: ", std::strerror(errno));
  struct stat found {};
  const bool whole = ::fstat(descriptor, &found) == 0 && found.st_size >= from + size;
  const auto length = static_cast<size_t>(from + size);
  void* memory = whole && length > 0 ? ::mmap(nullptr, length, PROT_READ, MAP_SHARED, descriptor, 0) : MAP_FAILED;
  const int reason = errno;
  ::close(descriptor);
  if (!whole) fail(file.string(), ": cannot be mapped: has ", found.st_size, " of ", length, " bytes");
  if (memory == MAP_FAILED) fail(file.string(), ": cannot be mapped: ", std::strerror(reason));
  return at::from_blob(
      static_cast<uint8_t*>(memory) + from, {size}, [memory, length](void*) { ::munmap(memory, length); }, at::kByte);
}

MappedOutput::MappedOutput(const std::filesystem::path& folder, int64_t size) : size_(size) {
  std::error_code none;
  std::filesystem::create_directories(folder, none);
  std::string name = (folder / "partial.XXXXXX").string();
  descriptor_ = ::mkostemp(name.data(), O_CLOEXEC);
  if (descriptor_ < 0) fail(folder.string(), ": cannot be written: ", std::strerror(errno));
  partial_ = name;
  // not a hole: writing into one on a full disk would end the program
  bool there = ::fallocate(descriptor_, 0, 0, size) == 0;
  if (!there && errno == EOPNOTSUPP) there = ::ftruncate(descriptor_, size) == 0;  // some file systems know holes alone
  void* memory = there ? ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor_, 0) : MAP_FAILED;
  if (memory != MAP_FAILED) {
    data_ = static_cast<uint8_t*>(memory);
    return;
  }
  const int reason = errno;
  ::close(descriptor_);
  ::unlink(partial_.c_str());
  fail(folder.string(), ": no room for ", (size + 999'999) / 1'000'000, " MB: ", std::strerror(reason));
}

MappedOutput::~MappedOutput() {
  if (data_) ::munmap(data_, size_);
  if (descriptor_ >= 0) ::close(descriptor_);
  if (!partial_.empty()) ::unlink(partial_.c_str());
}

void MappedOutput::keep(const std::filesystem::path& file, int64_t size) {
  const bool done = ::msync(data_, size_, MS_SYNC) == 0 && ::ftruncate(descriptor_, size) == 0 &&
                    ::rename(partial_.c_str(), file.c_str()) == 0;
  if (!done) fail(file.string(), ": cannot be written: ", std::strerror(errno));
  partial_.clear();
}

}  // namespace moonlab::data
