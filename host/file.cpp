#include "host/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "host/error.hpp"

namespace moonlab {

namespace {

// "" or the reason. Goes on after short writes and signals.
std::string write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    ssize_t n = ::write(descriptor, text.data(), text.size());
    if (n >= 0) text.remove_prefix(static_cast<size_t>(n));
    else if (errno != EINTR) return std::strerror(errno);
  }
  return "";
}

}  // namespace

std::string write_atomic(const std::string& path, std::string_view text) {
  std::string neighbour = path + "." + std::to_string(::getpid()) + ".XXXXXX";
  int descriptor = ::mkostemp(neighbour.data(), O_CLOEXEC);
  if (descriptor < 0) return std::strerror(errno);
  std::string reason = write_all(descriptor, text);
  if (reason.empty() && ::fsync(descriptor) != 0) reason = std::strerror(errno);
  // mkstemp makes private files; a file that replaces another keeps its mode, a new one gets the usual one.
  struct stat old {};
  const mode_t mask = ::umask(0);
  ::umask(mask);
  ::fchmod(descriptor, ::stat(path.c_str(), &old) == 0 ? old.st_mode & 07777 : 0666 & ~mask);
  if (::close(descriptor) != 0 && reason.empty()) reason = std::strerror(errno);
  if (reason.empty() && ::rename(neighbour.c_str(), path.c_str()) != 0) reason = std::strerror(errno);
  if (!reason.empty()) {
    ::unlink(neighbour.c_str());
    return reason;
  }
  // The rename itself is durable once the folder is flushed.
  auto folder = std::filesystem::path(path).parent_path();
  int parent = ::open(folder.empty() ? "." : folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (parent >= 0) ::fsync(parent), ::close(parent);
  return "";
}

std::string append(const std::string& path, std::string_view text) {
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0666);
  if (descriptor < 0) return std::strerror(errno);
  std::string reason = write_all(descriptor, text);
  if (::close(descriptor) != 0 && reason.empty()) reason = std::strerror(errno);
  return reason;
}

std::string make_temporary_folder(const std::string& prefix) {
  const char* place = std::getenv("TMPDIR");
  std::string name = std::string(place && *place ? place : "/tmp") + "/" + prefix + ".XXXXXX";
  if (!::mkdtemp(name.data())) fail("cannot make a folder '", name, "': ", std::strerror(errno));
  return name;
}

}  // namespace moonlab
