#include "host/weights/zip_archive.hpp"

#include <zlib.h>

#include <algorithm>
#include <cstring>

#include "host/error.hpp"

namespace moonlab::weights {

namespace {

// Signatures and sizes of PKWARE's APPNOTE.TXT 6.3, sections 4.3 and 4.5.3.
constexpr uint32_t kLocal = 0x04034b50, kCentral = 0x02014b50, kEnd = 0x06054b50, kEnd64 = 0x06064b50,
                   kLocator64 = 0x07064b50;
constexpr uint64_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56, kLocatorSize = 20;
constexpr uint32_t kWide = 0xffffffff;  // "see the 64-bit field"

// Deflate cannot shrink by more than 1032. More than this in all is no archive of weights that somebody compressed.
constexpr uint64_t kInflated = uint64_t{64} << 20, kRatio = 16;

}  // namespace

template <class T>
T ZipArchive::number(uint64_t at) const {
  T value;
  if (at > bytes_.size() || sizeof value > bytes_.size() - at)
    fail(name_, ": is cut short or no zip archive: byte ", at, " is missing");
  std::memcpy(&value, bytes_.data() + at, sizeof value);
  return value;
}

bool ZipArchive::looks_like_one(std::span<const std::byte> bytes) {
  uint32_t signature = 0;
  if (bytes.size() >= sizeof signature) std::memcpy(&signature, bytes.data(), sizeof signature);
  return signature == kLocal;
}

ZipArchive::Directory ZipArchive::find_directory() const {
  // the last record may be followed by a comment of at most 64 KiB
  if (bytes_.size() < kEndSize) fail(name_, ": is cut short: no zip archive has ", bytes_.size(), " bytes");
  const uint64_t last = bytes_.size() - kEndSize;
  for (uint64_t at = last + 1; at-- > (last > 0xffff ? last - 0xffff : 0);) {
    if (number<uint32_t>(at) != kEnd || at + kEndSize + number<uint16_t>(at + 20) != bytes_.size()) continue;
    if (number<uint16_t>(at + 4) != 0 && number<uint16_t>(at + 4) != 0xffff)
      fail(name_, ": is a part of a zip archive on several disks");
    Directory d{number<uint32_t>(at + 16), number<uint32_t>(at + 12), number<uint16_t>(at + 10)};
    d = directory64(at, d);
    if (d.offset > at || d.size > at - d.offset)
      fail(name_, ": the zip directory (", d.size, " bytes at ", d.offset, ") does not lie in the file");
    if (d.count > d.size / kCentralSize)
      fail(name_, ": the zip directory says ", d.count, " entries, which its ", d.size, " bytes cannot hold");
    return d;
  }
  fail(name_, ": is cut short: the zip directory at the end is missing");
}

ZipArchive::Directory ZipArchive::directory64(uint64_t end, Directory small) const {
  if (end < kLocatorSize || number<uint32_t>(end - kLocatorSize) != kLocator64) return small;
  const auto at = number<uint64_t>(end - kLocatorSize + 8);
  if (at > bytes_.size() || bytes_.size() - at < kEnd64Size || number<uint32_t>(at) != kEnd64) {
    fail(name_, ": the 64-bit zip directory is not where the file says (", at, ")");
  }
  return {number<uint64_t>(at + 48), number<uint64_t>(at + 40), number<uint64_t>(at + 32)};
}

ZipArchive::ZipArchive(std::span<const std::byte> bytes, std::string name) : bytes_(bytes), name_(std::move(name)) {
  const Directory directory = find_directory();
  uint64_t at = directory.offset;
  const uint64_t end = directory.offset + directory.size;
  entries_.reserve(directory.count);
  std::vector<std::pair<uint64_t, size_t>> headers;
  uint64_t inflated = 0;
  for (uint64_t i = 0; i < directory.count; ++i) {
    uint64_t header = 0;
    Entry entry = read_entry(at, end, header);
    place(entry, header);
    if (entry.offset + entry.compressed > directory.offset)
      fail(name_, ": entry '", entry.name, "' does not lie before the zip directory");
    if (entry.deflated && __builtin_add_overflow(inflated, entry.size, &inflated)) inflated = UINT64_MAX;
    headers.emplace_back(header, entries_.size());
    entries_.push_back(std::move(entry));
  }
  if (inflated > kInflated && inflated / kRatio > bytes_.size()) {
    fail(name_, ": claims ", inflated, " bytes of compressed content, more than ", kRatio, " times its own size");
  }
  std::sort(headers.begin(), headers.end());
  for (size_t i = 1; i < headers.size(); ++i) {
    const Entry& before = entries_[headers[i - 1].second];
    if (before.offset + before.compressed > headers[i].first) {
      fail(name_, ": entries '", before.name, "' and '", entries_[headers[i].second].name, "' overlap");
    }
  }
  for (const Entry& entry : entries_) {
    if (!index_.emplace(entry.name, &entry).second) fail(name_, ": has two entries '", entry.name, "'");
  }
}

/// One entry of the directory; `header` becomes the place of its local header.
ZipArchive::Entry ZipArchive::read_entry(uint64_t& at, uint64_t end, uint64_t& header) const {
  if (end - at < kCentralSize || number<uint32_t>(at) != kCentral)
    fail(name_, ": the zip directory is broken at byte ", at);
  const auto flags = number<uint16_t>(at + 8), method = number<uint16_t>(at + 10);
  const uint64_t name_size = number<uint16_t>(at + 28), extra = number<uint16_t>(at + 30),
                 comment = number<uint16_t>(at + 32);
  if (name_size + extra + comment > end - at - kCentralSize) fail(name_, ": the zip directory is broken at byte ", at);
  Entry entry;
  entry.name.assign(reinterpret_cast<const char*>(bytes_.data()) + at + kCentralSize, name_size);
  entry.crc = number<uint32_t>(at + 16);
  uint64_t* wide[] = {&entry.size, &entry.compressed, &header};
  const uint32_t narrow[] = {number<uint32_t>(at + 24), number<uint32_t>(at + 20), number<uint32_t>(at + 42)};
  // where a 32-bit field is full, the next 64-bit one of the extra field with tag 1 has the value
  uint64_t field = at + kCentralSize + name_size;
  const uint64_t fields_end = field + extra;
  uint64_t tag_end = field;
  while (fields_end - field >= 4 && number<uint16_t>(field) != 1) {
    field += 4 + uint64_t{number<uint16_t>(field + 2)};
    if (field > fields_end) fail(name_, ": entry '", entry.name, "' has a broken extra field");
  }
  if (fields_end - field >= 4) {
    tag_end = field + 4 + number<uint16_t>(field + 2);
    field += 4;
    if (tag_end > fields_end) fail(name_, ": entry '", entry.name, "' has a broken extra field");
  } else {
    tag_end = field;
  }
  for (int i = 0; i < 3; ++i) {
    *wide[i] = narrow[i];
    if (narrow[i] != kWide) continue;
    if (tag_end - field < 8) fail(name_, ": entry '", entry.name, "' lacks its 64-bit size");
    *wide[i] = number<uint64_t>(field);
    field += 8;
  }
  if (flags & 1) fail(name_, ": entry '", entry.name, "' is encrypted");
  if (method != 0 && method != 8)
    fail(name_, ": entry '", entry.name, "' is compressed by method ", method, ", expected 0 (stored) or 8 (deflate)");
  entry.deflated = method == 8;
  if (!entry.deflated && entry.size != entry.compressed)
    fail(name_, ": entry '", entry.name, "' is stored, but with two sizes (", entry.size, ", ", entry.compressed, ")");
  at += kCentralSize + name_size + extra + comment;
  return entry;
}

/// Finds an entry's data behind its local header, which must be of the same entry.
void ZipArchive::place(Entry& entry, uint64_t header) const {
  const uint64_t size = bytes_.size();
  if (header > size || size - header < kLocalSize || number<uint32_t>(header) != kLocal) {
    fail(name_, ": entry '", entry.name, "' does not stand at byte ", header, " where the directory says");
  }
  const uint64_t name_size = number<uint16_t>(header + 26), extra = number<uint16_t>(header + 28);
  entry.offset = header + kLocalSize + name_size + extra;
  if (entry.offset > size || entry.compressed > size - entry.offset) {
    fail(name_, ": entry '", entry.name, "' (", entry.compressed, " bytes at ", header, ") does not lie in the file");
  }
  std::string_view name(reinterpret_cast<const char*>(bytes_.data()) + header + kLocalSize, name_size);
  if (name != entry.name)
    fail(name_, ": the directory's entry '", entry.name, "' is called '", name, "' where it stands");
}

const ZipArchive::Entry* ZipArchive::find(const std::string& name) const {
  auto found = index_.find(name);
  return found == index_.end() ? nullptr : found->second;
}

void ZipArchive::extract(const Entry& entry, std::byte* out) const {
  if (!entry.deflated) {
    if (entry.size) std::memcpy(out, bytes_.data() + entry.offset, entry.size);
    return;
  }
  z_stream stream{};
  if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) fail(name_, ": no memory to inflate '", entry.name, "'");
  // zlib counts input and output by 32 bits: large entries go in pieces
  constexpr uint64_t kPiece = uint64_t{1} << 30;
  uint64_t in = 0, done = 0;
  uint32_t crc = 0;
  int state = Z_OK;
  Bytef none = 0;
  while (state == Z_OK) {
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes_.data() + entry.offset + in));
    stream.avail_in = static_cast<uInt>(std::min(kPiece, entry.compressed - in));
    stream.next_out = done < entry.size ? reinterpret_cast<Bytef*>(out + done) : &none;
    stream.avail_out = static_cast<uInt>(done < entry.size ? std::min(kPiece, entry.size - done) : 0);
    const uInt given = stream.avail_in, room = stream.avail_out;
    state = inflate(&stream, Z_NO_FLUSH);
    in += given - stream.avail_in;
    const uInt made = room - stream.avail_out;
    if (made) crc = static_cast<uint32_t>(crc32(crc, reinterpret_cast<Bytef*>(out + done), made));
    done += made;
    if (state == Z_BUF_ERROR) break;
  }
  inflateEnd(&stream);
  if (state != Z_STREAM_END || done != entry.size)
    fail(name_, ": entry '", entry.name, "' cannot be inflated to ", entry.size, " bytes");
  if (crc != entry.crc) fail(name_, ": entry '", entry.name, "' is damaged: its checksum differs");
}

}  // namespace moonlab::weights
