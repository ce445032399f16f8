#include "host/weights/pickle_stream.hpp"

#include <bit>

namespace moonlab::weights {

void negate(std::string& magnitude) {
  int carry = 1;
  for (char& c : magnitude) {
    const int byte = (~c & 0xff) + carry;
    c = static_cast<char>(byte);
    carry = byte >> 8;
  }
}

double PickleStream::big_endian_double() { return std::bit_cast<double>(__builtin_bswap64(number<uint64_t>())); }

std::string PickleStream::line() {
  const std::string_view rest(reinterpret_cast<const char*>(bytes_.data()) + at_, bytes_.size() - at_);
  const size_t end = rest.substr(0, 1000).find('\n');
  if (end == rest.npos) offence("a name without an end");
  at_ += end + 1;
  return std::string(rest.substr(0, end));
}

PickleStream::Integer PickleStream::integer(std::string_view digits) const {
  const bool negative = !digits.empty() && static_cast<signed char>(digits.back()) < 0;
  if (digits.size() <= 8) {
    uint64_t value = negative ? ~uint64_t{0} : 0;
    std::memcpy(&value, digits.data(), digits.size());
    return {static_cast<int64_t>(value), ""};
  }
  if (digits.size() > 4096) offence("an integer of ", digits.size(), " bytes");
  std::string hex;
  std::string magnitude(digits);
  if (negative) negate(magnitude);
  for (size_t i = magnitude.size(); i-- > 0;) {
    const auto byte = static_cast<unsigned char>(magnitude[i]);
    for (int half : {byte >> 4, byte & 15}) {
      if (half || !hex.empty()) hex.push_back("0123456789abcdef"[half]);
    }
  }
  if (hex.size() < 16 || (hex.size() == 16 && hex[0] < '8')) {  // padded: it fits after all
    const auto value = static_cast<int64_t>(std::stoull(hex.empty() ? "0" : hex, nullptr, 16));
    return {negative ? -value : value, ""};
  }
  return {0, (negative ? "-0x" : "0x") + hex};
}

}  // namespace moonlab::weights
