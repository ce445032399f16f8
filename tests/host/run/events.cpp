#include "host/run/events.hpp"

#include <bit>
#include <catch2/catch.hpp>

using namespace moonlab::run;

namespace {

uint64_t little(std::string_view bytes) {
  uint64_t value = 0;
  for (size_t i = bytes.size(); i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[i]);
  return value;
}

// The contents of the records of a file whose frames are right.
std::vector<std::string> records(std::string_view file) {
  auto masked = [](std::string_view bytes) {
    const uint32_t crc = crc32c(bytes);
    return static_cast<uint32_t>((crc >> 15 | crc << 17) + 0xa282ead8u);
  };
  std::vector<std::string> found;
  while (!file.empty()) {
    const auto size = little(file.substr(0, 8));
    REQUIRE(little(file.substr(8, 4)) == masked(file.substr(0, 8)));
    found.emplace_back(file.substr(12, size));
    REQUIRE(little(file.substr(12 + size, 4)) == masked(found.back()));
    file.remove_prefix(16 + size);
  }
  return found;
}

}  // namespace

TEST_CASE("CRC-32C has the check values of its standard") {
  CHECK(crc32c("123456789") == 0xe3069283u);
  CHECK(crc32c(std::string(32, '\0')) == 0x8a9136aau);  // RFC 3720, B.4
  CHECK(crc32c("") == 0);
}

TEST_CASE("an event file holds its version and a record a step") {
  const auto found = records(event_file(1.5, {{2.5, 300, {{"test.top1", 0.75}, {"loss", -1}}}, {3, 0, {}}}));
  REQUIRE(found.size() == 3);
  CHECK(found[0].substr(0, 9) == "\x09" + std::string("\0\0\0\0\0\0\xf8\x3f", 8));
  CHECK(found[0].substr(9) ==
        "\x1a\x0d"
        "brain.Event:2");
  const std::string& event = found[1];
  CHECK(std::bit_cast<double>(little(event.substr(1, 8))) == 2.5);
  CHECK(event.substr(9, 3) == "\x10\xac\x02");  // step 300
  CHECK(event.substr(12) ==
        "\x2a\x1f"
        "\x0a\x10\x0a\x09test.top1\x15" +
            std::string("\0\0\x40\x3f", 4) + "\x0a\x0b\x0a\x04loss\x15" + std::string("\0\0\x80\xbf", 4));
}
