// A file of bytes, plain or gzip, read with errors that say where it is damaged.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab::data {

/// Reads a plain or gzip file (told apart by content) from front to back. Every error is an Error whose text begins
/// with the file's path: a missing file, a cut or corrupt gzip stream, less data than asked for.
class ByteSource {
 public:
  explicit ByteSource(const std::filesystem::path& file);
  ~ByteSource();
  ByteSource(const ByteSource&) = delete;
  ByteSource& operator=(const ByteSource&) = delete;

  /// Exactly `size` bytes into `to`; `what` names them in the error ("pixels of image 712").
  void read(void* to, size_t size, std::string_view what);

  /// A big-endian 32-bit number.
  uint32_t read_u32(std::string_view what);

  /// The next line without its end ("\n" or "\r\n"), valid until the next call; false at the end of the file.
  bool read_line(std::string_view& line);

  /// Whether nothing is left to read.
  bool at_end();

  /// Throws unless the file ends here: "FILE: 12 bytes too many after ...".
  void expect_end(std::string_view after);

  const std::string& name() const { return name_; }
  int64_t line_number() const { return line_; }
  /// Bytes read so far, of the unpacked content.
  int64_t position() const { return position_; }

 private:
  size_t fill(void* to, size_t size);

  std::string name_;
  gzFile file_ = nullptr;
  int64_t line_ = 0, position_ = 0;
  std::vector<char> buffer_;  // of read_line: bytes [begin_, end_) are unread
  size_t begin_ = 0, end_ = 0;
};

}  // namespace moonlab::data
