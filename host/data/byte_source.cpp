#include "host/data/byte_source.hpp"

#include <cerrno>
#include <cstring>

#include "host/error.hpp"

namespace moonlab::data {

ByteSource::ByteSource(const std::filesystem::path& file) : name_(file.string()) {
  if (std::filesystem::is_directory(file)) fail(name_, ": is a folder, expected a file");
  errno = 0;
  file_ = gzopen(file.c_str(), "rb");
  if (!file_) fail(name_, ": cannot be read: ", errno ? std::strerror(errno) : "out of memory");
  gzbuffer(file_, 1 << 17);
}

ByteSource::~ByteSource() { gzclose(file_); }

// Up to `size` bytes; fewer only at a proper end of the file.
size_t ByteSource::fill(void* to, size_t size) {
  size_t got = 0;
  while (got < size) {
    int n = gzread(file_, static_cast<char*>(to) + got, static_cast<unsigned>(std::min<size_t>(size - got, 1u << 30)));
    if (n < 0) {
      int code = 0;
      const char* text = gzerror(file_, &code);
      if (code == Z_BUF_ERROR) fail(name_, ": gzip stream is cut short after ", position_ + got, " unpacked bytes");
      if (code == Z_ERRNO) fail(name_, ": cannot be read: ", std::strerror(errno));
      fail(name_, ": gzip stream is corrupt after ", position_ + got, " unpacked bytes (", text, ")");
    }
    if (n == 0) break;
    got += n;
  }
  // zlib reports a stream without its end only after the last byte that it could unpack
  int code = Z_OK;
  if (got < size) gzerror(file_, &code);
  if (code == Z_BUF_ERROR) fail(name_, ": gzip stream is cut short after ", position_ + got, " unpacked bytes");
  position_ += static_cast<int64_t>(got);
  return got;
}

void ByteSource::read(void* to, size_t size, std::string_view what) {
  size_t got = fill(to, size);
  if (got < size) fail(name_, ": cut short: ", what, ": expected ", size, " bytes, got ", got);
}

uint32_t ByteSource::read_u32(std::string_view what) {
  unsigned char b[4];
  read(b, 4, what);
  return uint32_t{b[0]} << 24 | uint32_t{b[1]} << 16 | uint32_t{b[2]} << 8 | b[3];
}

bool ByteSource::read_line(std::string_view& line) {
  if (buffer_.empty()) buffer_.resize(1 << 16);
  for (size_t searched = begin_;;) {
    const char* from = buffer_.data() + begin_;
    const void* stop = std::memchr(buffer_.data() + searched, '\n', end_ - searched);
    if (stop) {
      line = {from, static_cast<size_t>(static_cast<const char*>(stop) - from)};
      begin_ += line.size() + 1;
      break;
    }
    // no end of line yet: make room and read on
    if (begin_ > 0) {
      std::memmove(buffer_.data(), from, end_ - begin_);
      end_ -= begin_;
      begin_ = 0;
    }
    if (end_ == buffer_.size()) buffer_.resize(2 * buffer_.size());
    searched = end_;
    size_t got = fill(buffer_.data() + end_, buffer_.size() - end_);
    end_ += got;
    if (got == 0) {
      if (begin_ == end_) return false;
      line = {buffer_.data() + begin_, end_ - begin_};
      begin_ = end_;
      break;
    }
  }
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  ++line_;
  return true;
}

bool ByteSource::at_end() {
  if (begin_ < end_) return false;
  const int next = gzgetc(file_);
  char none;
  if (next >= 0) gzungetc(next, file_);
  else fill(&none, 1);  // tells a proper end from a broken one
  return next < 0;
}

void ByteSource::expect_end(std::string_view after) {
  char rest[4096];
  size_t extra = 0;
  for (size_t n; (n = fill(rest, sizeof rest)) > 0;) extra += n;
  if (extra) fail(name_, ": ", extra, extra == 1 ? " byte" : " bytes", " too many after ", after);
}

}  // namespace moonlab::data
