#include "host/run/png.hpp"

#include <ATen/ATen.h>
#include <zlib.h>

#include <cstdint>

#include "host/error.hpp"

namespace moonlab::run {

namespace {

void put_number(std::string& out, uint32_t n) {
  for (int shift : {24, 16, 8, 0}) out += static_cast<char>(n >> shift & 0xff);
}

// Length, name, data and the checksum over name and data.
void put_chunk(std::string& out, const char* name, const std::string& data) {
  put_number(out, static_cast<uint32_t>(data.size()));
  const std::string body = name + data;
  out += body;
  const auto* bytes = reinterpret_cast<const Bytef*>(body.data());
  put_number(out, static_cast<uint32_t>(crc32(0, bytes, static_cast<uInt>(body.size()))));
}

}  // namespace

std::string encode_png(const at::Tensor& image) {
  if (image.scalar_type() != at::kByte || image.dim() != 3 || (image.size(0) != 1 && image.size(0) != 3) ||
      image.size(1) < 1 || image.size(2) < 1)
    fail("a PNG is made of an image uint8 [1 or 3, H, W], got ", image.scalar_type(), " ", image.sizes());
  const at::Tensor rows = image.cpu().permute({1, 2, 0}).contiguous();  // [H, W, C]
  const int64_t height = rows.size(0), stride = rows.size(1) * rows.size(2);
  const auto* pixels = reinterpret_cast<const char*>(rows.const_data_ptr<uint8_t>());
  std::string raw;
  raw.reserve(static_cast<size_t>(height * (stride + 1)));
  for (int64_t y = 0; y < height; ++y) {
    raw += '\0';  // each row says how it is filtered: not at all
    raw.append(pixels + y * stride, static_cast<size_t>(stride));
  }
  uLongf size = compressBound(raw.size());
  std::string packed(size, '\0');
  const auto* from = reinterpret_cast<const Bytef*>(raw.data());
  if (compress2(reinterpret_cast<Bytef*>(packed.data()), &size, from, raw.size(), 6) != Z_OK)
    fail("an image cannot be packed: out of memory");
  packed.resize(size);
  std::string header;
  put_number(header, static_cast<uint32_t>(rows.size(1)));
  put_number(header, static_cast<uint32_t>(height));
  // bits, colour type, packing, filters, not interlaced
  header += {8, static_cast<char>(rows.size(2) == 3 ? 2 : 0), 0, 0, 0};
  std::string out = "\x89PNG\r\n\x1a\n";
  put_chunk(out, "IHDR", header);
  put_chunk(out, "IDAT", packed);
  put_chunk(out, "IEND", "");
  return out;
}

std::string base64(std::string_view bytes) {
  static constexpr char kLetters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (size_t i = 0; i < bytes.size(); i += 3) {
    uint32_t group = 0;
    for (size_t k = 0; k < 3; ++k) group = group << 8 | (i + k < bytes.size() ? static_cast<uint8_t>(bytes[i + k]) : 0);
    for (size_t k = 0; k < 4; ++k) out += i + k <= bytes.size() ? kLetters[group >> (18 - 6 * k) & 63] : '=';
  }
  return out;
}

}  // namespace moonlab::run
