#include "host/atomic_file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

namespace moonlab {

AtomicFile::AtomicFile(std::string path) : path_(std::move(path)), neighbour_(path_ + ".XXXXXX") {
  std::error_code ignored;
  if (std::filesystem::is_directory(path_, ignored)) throw Failure(path_ + ": is a folder", EISDIR);
  descriptor_ = ::mkostemp(neighbour_.data(), O_CLOEXEC);
  if (descriptor_ < 0) throw Failure(path_ + ": cannot be written: " + std::strerror(errno), errno);
}

AtomicFile::~AtomicFile() {
  if (descriptor_ < 0) return;
  ::close(descriptor_);
  ::unlink(neighbour_.c_str());
}

void AtomicFile::fail_now(int reason) const {
  throw Failure(path_ + ": cannot be written: " + std::strerror(reason) + "; an older file of this name is as it was", reason);
}

void AtomicFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(descriptor_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) fail_now(errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
    position_ += static_cast<uint64_t>(n);
  }
}

void AtomicFile::commit() {
  // a file that replaces another keeps its mode, a new one gets the usual one rather than mkostemp's private one
  struct stat old {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor_, ::stat(path_.c_str(), &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask);
  if (::fsync(descriptor_) != 0) fail_now(errno);
  if (::rename(neighbour_.c_str(), path_.c_str()) != 0) fail_now(errno);
  ::close(descriptor_);
  descriptor_ = -1;
  // the rename itself is durable once the folder is flushed
  const auto folder = std::filesystem::path(path_).parent_path();
  const int parent = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) ::fsync(parent), ::close(parent);
}

}  // namespace moonlab
