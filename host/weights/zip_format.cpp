// Reading the zip format: ARCHIVE/data.pkl, ARCHIVE/data/KEY for each storage, ARCHIVE/byteorder.
#include <ATen/Functions.h>

#include "host/error.hpp"
#include "host/weights/torch_reading.hpp"
#include "host/weights/zip_archive.hpp"

namespace moonlab::weights {

namespace {

constexpr uint64_t kCompressedPickle = uint64_t{16} << 20;  // a pickle's values take some fifty times its bytes

std::string text_of(const ZipArchive& archive, const std::string& name) {
  const auto* entry = archive.find(name);
  if (!entry || entry->size > 64) return "";
  std::string text(entry->size, '\0');
  archive.extract(*entry, reinterpret_cast<std::byte*>(text.data()));
  return text;
}

/// "ARCHIVE/": PyTorch names the folder after the file; the shallowest data.pkl tells.
std::string folder_of(const ZipArchive& archive, const std::string& file) {
  for (const auto& entry : archive.entries()) {
    const size_t slash = entry.name.find('/');
    if (slash != entry.name.npos && entry.name.substr(slash + 1) == "data.pkl") return entry.name.substr(0, slash + 1);
  }
  if (archive.find("data.pkl")) return "";
  fail(file, ": is a zip archive without data.pkl: no file of torch.save");
}

}  // namespace

void read_zip_format(TorchFile& out, std::shared_ptr<const MappedFile> file, const ReadOptions& options) {
  const std::string& name = file->path();
  ZipArchive archive(file->bytes(), name);
  const std::string folder = folder_of(archive, name);
  if (archive.find(folder + "constants.pkl")) fail(name, ": is a TorchScript archive, which torch.jit.load reads");
  const std::string order = text_of(archive, folder + "byteorder");
  if (!order.empty() && order != "little" && order != "big")
    fail(name, ": byteorder is '", order, "', expected little or big");

  const auto* pickle = archive.find(folder + "data.pkl");
  std::string inflated;
  std::span<const std::byte> bytes;
  if (pickle->deflated) {
    if (pickle->size > kCompressedPickle) fail(name, ": data.pkl is compressed and claims ", pickle->size, " bytes");
    inflated.resize(pickle->size);
    archive.extract(*pickle, reinterpret_cast<std::byte*>(inflated.data()));
    bytes = std::as_bytes(std::span(inflated));
  } else {
    bytes = archive.stored(*pickle);
  }
  const std::string where = name + ": data.pkl";
  out.root = unpickle_weights(bytes, out.arena, where, options.unknown).root;

  rebuild(
      out.arena, where,
      [&](const StorageRequest& request) {
        const uint64_t length = bytes_of(request, name);
        if (request.location == "meta") {
          return placed(at::empty({static_cast<int64_t>(length)}, at::TensorOptions(at::kByte).device(at::kMeta)),
                        "cpu", name, {});
        }
        const auto* entry = archive.find(folder + "data/" + request.key);
        if (!entry) fail(name, ": storage '", request.key.substr(0, 40), "' is missing");
        if (entry->size != length) {
          fail(name, ": storage '", request.key, "' must have ", length, " bytes (", request.count,
               " elements), it has ", entry->size);
        }
        const bool swap = order == "big" && (c10::elementSize(request.type) > 1 || !request.typed);
        if (!entry->deflated && !swap) return storage_in_file(*file, entry->offset, length, request.location, options);
        at::Tensor content = at::empty({static_cast<int64_t>(length)}, at::kByte);
        archive.extract(*entry, static_cast<std::byte*>(content.mutable_data_ptr()));
        if (swap) swap_elements(content, request, name);
        return placed(std::move(content), request.location, name, options);
      },
      file->size());
}

}  // namespace moonlab::weights
