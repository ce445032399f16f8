#include "host/weights/zip_writer.hpp"

#include <zlib.h>

#include <algorithm>

namespace moonlab::weights {

namespace {

constexpr uint32_t kWide = 0xffffffff;
constexpr uint16_t kUtf8 = 1 << 11;  // the flag that names are UTF-8
constexpr uint16_t kDay = 0x21;      // 1 January 1980, the format's first: equal content gives equal files
constexpr uint64_t kAlignment = 64;

class Record {
 public:
  template <class T>
  Record& put(T value) {
    text_.append(reinterpret_cast<const char*>(&value), sizeof value);
    return *this;
  }
  Record& put16(uint64_t value) { return put(static_cast<uint16_t>(value)); }
  /// A 32-bit field, full where the value stands in a 64-bit one.
  Record& put32(uint64_t value) { return put(static_cast<uint32_t>(std::min<uint64_t>(value, kWide))); }
  Record& append(std::string_view text) {
    text_.append(text);
    return *this;
  }
  size_t size() const { return text_.size(); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<uint32_t>(crc32_z(0, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

}  // namespace

void ZipWriter::add(const std::string& name, std::span<const std::byte> content) {
  Entry entry{folder_ + "/" + name, file_.position(), content.size(), content.empty() ? 0 : checksum(content)};
  Record wide;
  if (entry.size >= kWide) wide.put16(1).put16(16).put(entry.size).put(entry.size);
  // the data's place is brought to the alignment by an extra field of PyTorch's tag "FB"
  const uint64_t before = entry.header + 30 + entry.name.size() + wide.size() + 4;
  const uint64_t padding = (kAlignment - before % kAlignment) % kAlignment;
  Record header;
  header.put<uint32_t>(0x04034b50).put16(entry.size >= kWide ? 45 : 20).put16(kUtf8).put16(0).put16(0).put16(kDay);
  header.put(entry.crc).put32(entry.size).put32(entry.size).put16(entry.name.size()).put16(wide.size() + 4 + padding);
  header.append(entry.name).append(wide.text()).put16(0x4246).put16(padding).append(std::string(padding, 'Z'));
  file_.write(header.text());
  file_.write(content);
  entries_.push_back(std::move(entry));
}

void ZipWriter::finish() {
  const uint64_t start = file_.position();
  Record directory;
  for (const Entry& e : entries_) {
    Record wide;
    if (e.size >= kWide) wide.put(e.size).put(e.size);
    if (e.header >= kWide) wide.put(e.header);
    const bool needed = wide.size() > 0;
    directory.put<uint32_t>(0x02014b50)
        .put16(needed ? 45 : 20)
        .put16(needed ? 45 : 20)
        .put16(kUtf8)
        .put16(0)
        .put16(0)
        .put16(kDay);
    directory.put(e.crc).put32(e.size).put32(e.size).put16(e.name.size()).put16(needed ? wide.size() + 4 : 0);
    directory.put16(0).put16(0).put16(0).put<uint32_t>(0).put32(e.header).append(e.name);
    if (needed) directory.put16(1).put16(wide.size()).append(wide.text());
  }
  const uint64_t count = entries_.size(), size = directory.size(), end = start + size;
  if (count >= 0xffff || end >= kWide) {
    directory.put<uint32_t>(0x06064b50).put<uint64_t>(44).put16(45).put16(45).put<uint32_t>(0).put<uint32_t>(0);
    directory.put(count).put(count).put(size).put(start);
    directory.put<uint32_t>(0x07064b50).put<uint32_t>(0).put(end).put<uint32_t>(1);
  }
  directory.put<uint32_t>(0x06054b50)
      .put16(0)
      .put16(0)
      .put16(std::min<uint64_t>(count, 0xffff))
      .put16(std::min<uint64_t>(count, 0xffff));
  directory.put32(size).put32(start).put16(0);
  file_.write(directory.text());
}

}  // namespace moonlab::weights
