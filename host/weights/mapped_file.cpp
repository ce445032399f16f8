#include "host/weights/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>

#include "host/error.hpp"

namespace moonlab::weights {

namespace {

constexpr std::align_val_t kAlignment{64};  // as LibTorch's own allocator

struct Descriptor {
  int number;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
};

}  // namespace

std::shared_ptr<const MappedFile> MappedFile::open(const std::string& path) {
  // O_NONBLOCK: opening a pipe that nobody writes to must not wait for ever
  Descriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) fail(path, ": ", std::strerror(errno));
  struct stat status {};
  if (::fstat(file.number, &status) != 0) fail(path, ": ", std::strerror(errno));
  if (S_ISDIR(status.st_mode)) fail(path, ": a folder, expected a file");
  if (!S_ISREG(status.st_mode)) fail(path, ": no regular file");
  const auto size = static_cast<uint64_t>(status.st_size);
  void* data = nullptr;
  if (size > 0) {
    // no swap is set aside: few pages of a private mapping are ever written
    data = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_NORESERVE, file.number, 0);
    if (data == MAP_FAILED) fail(path, ": cannot be mapped into memory: ", std::strerror(errno));
  }
  return std::shared_ptr<const MappedFile>(new MappedFile(path, static_cast<std::byte*>(data), size, true));
}

std::shared_ptr<const MappedFile> MappedFile::copy(std::span<const std::byte> bytes, std::string name) {
  auto* data = static_cast<std::byte*>(::operator new(bytes.size(), kAlignment));
  if (!bytes.empty()) std::memcpy(data, bytes.data(), bytes.size());
  return std::shared_ptr<const MappedFile>(new MappedFile(std::move(name), data, bytes.size(), false));
}

MappedFile::~MappedFile() {
  if (!mapped_) ::operator delete(data_, kAlignment);
  else if (data_) ::munmap(data_, size_);
}

c10::Storage MappedFile::storage(uint64_t offset, uint64_t length) const {
  if (offset > size_ || length > size_ - offset) {
    fail(path_, ": bytes ", offset, " to ", offset, " + ", length, " are not in the file, which has ", size_);
  }
  using Owner = std::shared_ptr<const MappedFile>;
  auto* owner = new Owner(shared_from_this());
  at::DataPtr data(
      data_ + offset, owner, [](void* p) { delete static_cast<Owner*>(p); }, at::kCPU);
  return c10::Storage(c10::Storage::use_byte_size_t(), length, std::move(data), at::getCPUAllocator(), true);
}

at::Tensor MappedFile::tensor(uint64_t offset, at::IntArrayRef sizes, at::ScalarType type) const {
  int64_t bytes = static_cast<int64_t>(c10::elementSize(type)), zero = 1;
  for (int64_t size : sizes) {
    zero *= size != 0;  // zeros count as ones: the strides of an empty tensor must not overflow either
    if (size < 0 || __builtin_mul_overflow(bytes, std::max<int64_t>(size, 1), &bytes)) {
      fail(path_, ": ", type, " of shape ", sizes, " is no possible tensor");
    }
  }
  const auto count = static_cast<uint64_t>(bytes * zero);
  auto data = storage(offset, count);
  if (reinterpret_cast<uintptr_t>(data.data()) % c10::elementSize(type) != 0) {
    auto copy = at::empty(sizes, type);
    if (count > 0) std::memcpy(copy.mutable_data_ptr(), data.data(), count);
    return copy;
  }
  return at::empty({0}, type).set_(std::move(data), 0, sizes);
}

}  // namespace moonlab::weights
