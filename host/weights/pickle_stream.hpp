// The bytes of a pickle, read with bounds.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <string_view>

#include "host/error.hpp"

namespace moonlab::weights {

/// Two's complement of a little-endian number of any length, in place.
void negate(std::string& magnitude);

class PickleStream {
 public:
  /// `where` begins every message and must outlive the stream.
  PickleStream(std::span<const std::byte> bytes, const std::string& where) : bytes_(bytes), where_(where) {}

  struct Integer {
    int64_t small = 0;
    std::string big;  // in hexadecimal, where 64 bits do not do
  };

 protected:
  /// Throws Error with the place of the code that is being carried out.
  template <class... Parts>
  [[noreturn]] void offence(const Parts&... parts) const {
    fail(where_, ": byte ", start_, " of the pickle: ", parts...);
  }

  unsigned char next_code() {
    start_ = at_;
    return static_cast<unsigned char>(take(1)[0]);
  }
  /// The next n bytes; n may be any lie.
  std::string_view take(uint64_t n) {
    if (n > bytes_.size() - at_) offence("is cut short: ", n, " bytes wanted, ", bytes_.size() - at_, " left");
    std::string_view part(reinterpret_cast<const char*>(bytes_.data()) + at_, n);
    at_ += n;
    return part;
  }
  /// Little endian, as this machine.
  template <class T>
  T number() {
    T value;
    std::memcpy(&value, take(sizeof value).data(), sizeof value);
    return value;
  }
  double big_endian_double();
  /// A name up to the end of its line.
  std::string line();
  /// Two's complement, little endian, any length up to 4096 bytes.
  Integer integer(std::string_view digits) const;

  size_t position() const { return at_; }
  size_t size() const { return bytes_.size(); }

 private:
  std::span<const std::byte> bytes_;
  const std::string& where_;
  size_t at_ = 0, start_ = 0;
};

}  // namespace moonlab::weights
