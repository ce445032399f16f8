#include "host/data/mat_file.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>
#include <string_view>

#include "host/error.hpp"
#include "host/image/image.hpp"

namespace moonlab::data {

namespace {

constexpr size_t kHeader = 128, kMostBytes = size_t{1} << 28;  // unpacked: labels and splits, not pictures
constexpr uint32_t kMatrix = 14, kCompressed = 15;

class Mat {
 public:
  explicit Mat(const std::filesystem::path& file) : name_(file.string()), bytes_(image::read_bytes(file)) {
    const std::string_view order = bytes_.size() >= kHeader ? std::string_view(bytes_).substr(126, 2) : "";
    if (order != "IM" && order != "MI") fail(name_, ": is no MATLAB file of version 5");
    swapped_ = order == "MI";
    if (number<uint16_t>(std::string_view(bytes_).substr(124, 2)) != 0x0100)
      fail(name_, ": is no MATLAB file of version 5");
  }

  std::vector<int64_t> numbers(const std::string& wanted) {
    std::vector<std::string> known;
    std::string_view rest = std::string_view(bytes_).substr(kHeader);
    while (!rest.empty()) {
      Element element = next(rest);
      std::string unpacked;
      if (element.type == kCompressed) {
        unpacked = inflated(element.content);
        std::string_view inside = unpacked;
        element = next(inside);
      }
      if (element.type != kMatrix) continue;
      std::string_view parts = element.content;
      next(parts);  // flags
      next(parts);  // sizes
      known.emplace_back(next(parts).content);
      if (known.back() == wanted) return values(next(parts), wanted);
    }
    std::string list;
    for (const auto& k : known) list += (list.empty() ? "" : ", ") + k;
    fail(name_, ": no array '", wanted, "'", did_you_mean(wanted, known), " (", list, ")");
  }

 private:
  struct Element {
    uint32_t type;
    std::string_view content;
  };

  template <class Number>
  Number number(std::string_view bytes) const {
    char own[sizeof(Number)];
    if (bytes.size() < sizeof own) fail(name_, ": cut short");
    std::memcpy(own, bytes.data(), sizeof own);
    if (swapped_) std::reverse(own, own + sizeof own);
    Number value;
    std::memcpy(&value, own, sizeof own);
    return value;
  }

  // The element that comes next; `rest` is what follows it.
  Element next(std::string_view& rest) const {
    const auto tag = number<uint32_t>(rest);
    const bool small = tag >> 16 != 0;  // type and size in four bytes, the content in the next four
    const uint32_t type = small ? tag & 0xffff : tag;
    const size_t start = small ? 4 : 8;
    const size_t size = small ? tag >> 16 : number<uint32_t>(rest.substr(std::min<size_t>(4, rest.size())));
    if (rest.size() < start || size > rest.size() - start) fail(name_, ": cut short");
    const Element element{type, rest.substr(start, size)};
    size_t end = start + size;
    if (type != kCompressed) end = (end + 7) / 8 * 8;
    rest.remove_prefix(std::min(end, rest.size()));
    return element;
  }

  std::string inflated(std::string_view packed) const {
    std::string whole;
    z_stream stream{};
    if (inflateInit(&stream) != Z_OK) fail(name_, ": cannot be unpacked");
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    int code = Z_OK;
    char piece[1 << 14];
    while (code == Z_OK && whole.size() < kMostBytes) {
      stream.next_out = reinterpret_cast<Bytef*>(piece);
      stream.avail_out = sizeof piece;
      code = inflate(&stream, Z_NO_FLUSH);
      whole.append(piece, sizeof piece - stream.avail_out);
    }
    inflateEnd(&stream);
    if (code != Z_STREAM_END) fail(name_, ": an array cannot be unpacked: damaged or cut short");
    return whole;
  }

  template <class Number>
  std::vector<int64_t> all(std::string_view content, const std::string& wanted) const {
    std::vector<int64_t> list;
    for (; content.size() >= sizeof(Number); content.remove_prefix(sizeof(Number))) {
      const auto value = number<Number>(content);
      const auto whole = static_cast<double>(value);
      if (!(whole > -1e15 && whole < 1e15) || whole != static_cast<double>(static_cast<int64_t>(whole)))
        fail(name_, ": array '", wanted, "' holds ", whole, ", expected whole numbers");
      list.push_back(static_cast<int64_t>(value));
    }
    return list;
  }

  std::vector<int64_t> values(const Element& element, const std::string& wanted) const {
    switch (element.type) {
      case 1: return all<int8_t>(element.content, wanted);
      case 2: return all<uint8_t>(element.content, wanted);
      case 3: return all<int16_t>(element.content, wanted);
      case 4: return all<uint16_t>(element.content, wanted);
      case 5: return all<int32_t>(element.content, wanted);
      case 6: return all<uint32_t>(element.content, wanted);
      case 7: return all<float>(element.content, wanted);
      case 9: return all<double>(element.content, wanted);
      case 12: return all<int64_t>(element.content, wanted);
      case 13: return all<uint64_t>(element.content, wanted);
      default: fail(name_, ": array '", wanted, "' holds no numbers");
    }
  }

  std::string name_, bytes_;
  bool swapped_ = false;
};

}  // namespace

std::vector<int64_t> read_mat_numbers(const std::filesystem::path& file, const std::string& name) {
  return Mat(file).numbers(name);
}

}  // namespace moonlab::data
