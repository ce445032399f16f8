#include "host/file.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "host/atomic_file.hpp"
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
  try {
    AtomicFile file(path);
    file.write(text);
    file.commit();
    return "";
  } catch (const AtomicFile::Failure& failure) {
    return std::strerror(failure.reason);
  }
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
