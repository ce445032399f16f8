#include "host/run/events.hpp"

#include <array>
#include <bit>

namespace moonlab::run {

namespace {

constexpr std::array<uint32_t, 256> kTable = [] {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t c = i;
    for (int bit = 0; bit < 8; ++bit) c = c >> 1 ^ (c & 1 ? 0x82f63b78u : 0);
    table[i] = c;
  }
  return table;
}();

template <class T>
std::string little(T value) {
  std::string out;
  for (size_t i = 0; i < sizeof value; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
  return out;
}

std::string varint(uint64_t value) {
  std::string out;
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  return out + static_cast<char>(value);
}

// Fields of a protocol buffer: number and wire type, then the value.
std::string text_field(int number, std::string_view text) {
  return varint(static_cast<uint64_t>(number) << 3 | 2) + varint(text.size()) + std::string(text);
}
std::string time_field(double time) { return "\x09" + little(std::bit_cast<uint64_t>(time)); }  // Event.wall_time

std::string record(const std::string& content) {
  // rotated and shifted, so that a CRC of data that holds CRCs is no trouble
  auto masked = [](std::string_view bytes) {
    const uint32_t crc = crc32c(bytes);
    return little(static_cast<uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8u));
  };
  const std::string length = little(static_cast<uint64_t>(content.size()));
  return length + masked(length) + content + masked(content);
}

}  // namespace

uint32_t crc32c(std::string_view bytes) {
  uint32_t crc = ~0u;
  for (unsigned char c : bytes) crc = crc >> 8 ^ kTable[(crc ^ c) & 0xff];
  return ~crc;
}

std::string event_file(double started, const std::vector<ScalarEvent>& events) {
  return record(time_field(started) + text_field(3, "brain.Event:2")) + event_records(events);
}

std::string event_records(const std::vector<ScalarEvent>& events) {
  std::string out;
  for (const auto& event : events) {
    std::string summary;
    for (const auto& [name, value] : event.scalars)
      summary +=
          text_field(1, text_field(1, name) + "\x15" + little(std::bit_cast<uint32_t>(static_cast<float>(value))));
    out += record(time_field(event.time) + "\x10" + varint(static_cast<uint64_t>(event.step)) + text_field(5, summary));
  }
  return out;
}

}  // namespace moonlab::run
