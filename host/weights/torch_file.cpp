#include "host/weights/torch_file.hpp"

#include <cstring>

#include "host/error.hpp"
#include "host/weights/torch_reading.hpp"
#include "host/weights/zip_archive.hpp"

namespace moonlab::weights {

namespace {

bool starts_with(std::span<const std::byte> bytes, size_t at, std::string_view text) {
  return bytes.size() >= at + text.size() && std::memcmp(bytes.data() + at, text.data(), text.size()) == 0;
}

}  // namespace

std::string weights_format(std::span<const std::byte> bytes) {
  if (ZipArchive::looks_like_one(bytes)) return "zip";
  if (starts_with(bytes, 0, "\x80")) return "legacy";
  if (starts_with(bytes, 257, "ustar")) return "tar";
  // eight bytes that say how long the header is, which begins with a brace
  uint64_t header = 0;
  if (bytes.size() >= 9) {
    std::memcpy(&header, bytes.data(), sizeof header);
    if (header <= bytes.size() - 8 && starts_with(bytes, 8, "{")) return "safetensors";
  }
  return "";
}

TorchFile read_torch_file(std::shared_ptr<const MappedFile> file, const ReadOptions& options) {
  TorchFile out;
  const std::string format = weights_format(file->bytes());
  if (format == "zip") {
    read_zip_format(out, std::move(file), options);
  } else if (format == "legacy") {
    read_legacy_format(out, std::move(file), options);
  } else if (format == "tar") {
    fail(file->path(),
         ": is of PyTorch's first format (tar, before 0.1.10); load and save it again with a newer PyTorch");
  } else if (format == "safetensors") {
    fail(file->path(), ": is a safetensors file, not one of torch.save");
  } else {
    fail(file->path(), file->size() == 0
                           ? ": is empty"
                           : ": is no file of torch.save: it begins with neither a zip archive nor a pickle");
  }
  return out;
}

TorchFile read_torch_file(std::span<const std::byte> bytes, const std::string& name) {
  return read_torch_file(MappedFile::copy(bytes, name));
}

}  // namespace moonlab::weights
