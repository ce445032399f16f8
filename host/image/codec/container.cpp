#include "host/image/codec/container.hpp"

#include <zlib.h>

#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>

namespace moonlab::image {

namespace {

[[noreturn]] void wrong(const std::string& text) { throw std::runtime_error(text); }

/// Bytes with checked access, in either order.
struct Bytes {
  const uint8_t* data;
  size_t size;

  Bytes part(size_t from, size_t length) const {
    if (from > size || length > size - from) wrong("cut short: " + std::to_string(size) + " bytes are there");
    return {data + from, length};
  }
  bool starts(std::string_view text, size_t at = 0) const {
    return size >= at + text.size() && std::memcmp(data + at, text.data(), text.size()) == 0;
  }
  uint32_t number(size_t at, size_t length, bool little) const {
    const Bytes p = part(at, length);
    uint32_t value = 0;
    for (size_t i = 0; i < length; ++i) value = value << 8 | p.data[little ? length - 1 - i : i];
    return value;
  }
  uint32_t big(size_t at, size_t length) const { return number(at, length, false); }
  uint32_t little(size_t at, size_t length) const { return number(at, length, true); }
};

/// The orientation in an EXIF block (a TIFF header and its first directory); 1 where it has none or is damaged: a
/// picture is not lost for it.
int orientation_of(Bytes exif) {
  try {
    if (exif.starts(std::string_view("Exif\0\0", 6))) exif = exif.part(6, exif.size - 6);
    const bool little = exif.starts("II");
    if (!little && !exif.starts("MM")) return 1;
    const size_t directory = exif.number(4, 4, little), entries = exif.number(directory, 2, little);
    for (size_t i = 0; i < entries; ++i) {
      const size_t entry = directory + 2 + 12 * i;
      if (exif.number(entry, 2, little) != 0x0112) continue;
      const uint32_t value = exif.number(entry + 8, 2, little);
      return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
    }
  } catch (const std::runtime_error&) {
  }
  return 1;
}

Container jpeg(Bytes file) {
  Container c{Format::kJpeg};
  for (size_t at = 2;;) {
    if (file.big(at, 1) != 0xff) wrong("JPEG: no marker at byte " + std::to_string(at));
    while (file.big(at + 1, 1) == 0xff) ++at;  // fill bytes
    const uint32_t marker = file.big(at + 1, 1);
    at += 2;
    if (marker == 0xd9) wrong("JPEG: ends before its picture begins");
    if (marker == 0x01 || (marker >= 0xd0 && marker <= 0xd8)) continue;  // markers without content
    const size_t length = file.big(at, 2);
    if (length < 2) wrong("JPEG: a part of " + std::to_string(length) + " bytes");
    const Bytes part = file.part(at + 2, length - 2);
    if (marker == 0xe1 && part.starts(std::string_view("Exif\0\0", 6))) c.orientation = orientation_of(part);
    if (marker >= 0xc0 && marker <= 0xcf && marker != 0xc4 && marker != 0xc8 && marker != 0xcc) {
      c.height = part.big(1, 2);
      c.width = part.big(3, 2);
    }
    if (marker == 0xda) {
      if (c.width == 0) wrong("JPEG: a scan before the picture's size");
      return c;
    }
    at += length;
  }
}

Container png(Bytes file) {
  Container c{Format::kPng};
  bool data = false;
  for (size_t at = 8;;) {
    const size_t length = file.big(at, 4);
    if (length > 0x7fffffff) wrong("PNG: a part of " + std::to_string(length) + " bytes");
    const Bytes part = file.part(at + 8, length);
    const auto name = std::string_view(reinterpret_cast<const char*>(file.part(at + 4, 4).data), 4);
    const uint32_t sum = static_cast<uint32_t>(crc32(0, file.data + at + 4, static_cast<uInt>(length + 4)));
    if (sum != file.big(at + 8 + length, 4)) wrong("PNG: the checksum of part " + std::string(name) + " is wrong");
    if (at == 8 && name != "IHDR") wrong("PNG: begins with part " + std::string(name) + ", expected IHDR");
    if (name == "IHDR") {
      c.width = part.big(0, 4);
      c.height = part.big(4, 4);
    }
    if (name == "IDAT") data = true;
    if (name == "eXIf") c.orientation = orientation_of(part);
    if (name == "IEND") break;
    at += length + 12;
  }
  if (!data) wrong("PNG: holds no picture");
  return c;
}

Container webp(Bytes file) {
  Container c{Format::kWebp};
  const size_t end = size_t{8} + file.little(4, 4);
  file = file.part(0, end);
  for (size_t at = 12; at + 8 <= end;) {
    const size_t length = file.little(at + 4, 4);
    const Bytes part = file.part(at + 8, length);
    if (file.starts("VP8 ", at) && c.width == 0) {
      if (!part.starts("\x9d\x01\x2a", 3)) wrong("WebP: the picture does not begin with its start code");
      c.width = part.little(6, 2) & 0x3fff;
      c.height = part.little(8, 2) & 0x3fff;
    } else if (file.starts("VP8L", at) && c.width == 0) {
      const uint32_t bits = part.little(1, 4);
      c.width = 1 + (bits & 0x3fff);
      c.height = 1 + (bits >> 14 & 0x3fff);
    } else if (file.starts("VP8X", at)) {
      c.width = 1 + int64_t{part.little(4, 3)};
      c.height = 1 + int64_t{part.little(7, 3)};
    } else if (file.starts("ANIM", at)) {
      wrong("WebP: an animation, not a picture");
    } else if (file.starts("EXIF", at)) {
      c.orientation = orientation_of(part);
    }
    at += 8 + length + length % 2;
  }
  return c;
}

Container bmp(Bytes file) {
  Container c{Format::kBmp};
  const bool old = file.little(14, 4) == 12;
  if (old) {
    c.width = file.little(18, 2);
    c.height = file.little(20, 2);
  } else {
    const auto height = static_cast<int32_t>(file.little(22, 4));  // negative: rows from the top
    c.width = static_cast<int32_t>(file.little(18, 4));
    c.height = height < 0 ? -int64_t{height} : height;
  }
  const uint32_t bits = file.little(old ? 24 : 28, 2), packing = old ? 0 : file.little(30, 4);
  if (bits != 1 && bits != 4 && bits != 8 && bits != 16 && bits != 24 && bits != 32)
    wrong("BMP: " + std::to_string(bits) + " bits a pixel");
  if (packing != 0 && packing != 3) wrong("BMP: packed in a way that is not read (" + std::to_string(packing) + ")");
  if (c.width < 1 || c.height < 1 || c.width > 1 << 20 || c.height > 1 << 20) return c;  // refused by who asked
  file.part(file.little(10, 4), static_cast<size_t>((c.width * bits + 31) / 32 * 4 * c.height));
  return c;
}

}  // namespace

Container inspect(const uint8_t* bytes, size_t size) {
  const Bytes file{bytes, size};
  Container c;
  if (size == 0) wrong("is empty");
  if (file.starts("\xff\xd8\xff")) c = jpeg(file);
  else if (file.starts("\x89PNG\r\n\x1a\n")) c = png(file);
  else if (file.starts("RIFF") && file.starts("WEBP", 8)) c = webp(file);
  else if (file.starts("BM")) c = bmp(file);
  else wrong("is no picture that can be read (JPEG, PNG, WebP, BMP)");
  if (c.height < 1 || c.width < 1)
    wrong("declares a size of " + std::to_string(c.height) + " x " + std::to_string(c.width));
  return c;
}

}  // namespace moonlab::image
