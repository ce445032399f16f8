// Writing a large file so that nobody ever sees a part of it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "host/error.hpp"

namespace moonlab {

/// Bytes go to a neighbour of `path`; commit() flushes it to the disk and renames it over `path`. Without commit() the
/// neighbour is removed and the old file is as it was.
class AtomicFile {
 public:
  /// What all members throw: path and reason as text, and the system's number of the reason.
  struct Failure : Error {
    Failure(const std::string& text, int reason_) : Error(text), reason(reason_) {}
    int reason;
  };

  explicit AtomicFile(std::string path);
  ~AtomicFile();
  AtomicFile(const AtomicFile&) = delete;
  AtomicFile& operator=(const AtomicFile&) = delete;

  void write(std::span<const std::byte> bytes);
  void write(std::string_view text) { write(std::as_bytes(std::span(text))); }
  void commit();

  uint64_t position() const { return position_; }

 private:
  [[noreturn]] void fail_now(int reason) const;

  std::string path_, neighbour_;
  int descriptor_ = -1;
  uint64_t position_ = 0;
};

}  // namespace moonlab
