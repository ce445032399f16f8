#include "host/weights/torch_reading.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstring>

#include "host/device.hpp"
#include "host/error.hpp"

namespace moonlab::weights {

namespace {

/// A module saved whole carries its class and the dicts that every nn.Module has.
bool holds_module(std::span<const std::byte> bytes, const std::string& global) {
  if (global.starts_with("torch.nn.modules.")) return true;
  std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  return text.find("_parameters") != text.npos && text.find("_modules") != text.npos;
}

at::Tensor on_device(const at::Tensor& bytes, const std::string& location, const std::string& file) {
  if (location == "cpu") return bytes;
  if (location == "meta") return at::empty(bytes.sizes(), bytes.options().device(at::kMeta));
  if (location.starts_with("cuda") && gpu_count() > 0) return bytes.to(open_device(location));
  fail(file, ": was written on '", location,
       "', which this machine does not have; {map_location = \"cpu\"} loads it into memory");
}

}  // namespace

Unpickled unpickle_weights(std::span<const std::byte> bytes, Arena& arena, const std::string& where, bool unknown) {
  return unpickle(bytes, arena, where, [&](const std::string& global) {
    if (!unknown && !is_known_global(global)) refuse_global(where, global, holds_module(bytes, global));
  });
}

uint64_t bytes_of(const StorageRequest& request, const std::string& file) {
  int64_t bytes;
  if (__builtin_mul_overflow(request.count, static_cast<int64_t>(c10::elementSize(request.type)), &bytes)) {
    fail(file, ": storage '", request.key.substr(0, 40), "' claims ", request.count, " elements");
  }
  return static_cast<uint64_t>(bytes);
}

c10::Storage placed(at::Tensor bytes, const std::string& location, const std::string& file,
                    const ReadOptions& options) {
  at::Tensor moved = options.place ? options.place(bytes, location) : at::Tensor();
  if (!moved.defined()) moved = on_device(bytes, location, file);
  if (moved.storage_offset() != 0 || moved.storage().nbytes() < bytes.storage().nbytes()) {
    fail(file, ": map_location gave ", moved.storage().nbytes(), " bytes for a storage of ", bytes.storage().nbytes());
  }
  return moved.storage();
}

c10::Storage storage_in_file(const MappedFile& file, uint64_t offset, uint64_t length, const std::string& location,
                             const ReadOptions& options) {
  // elements of 16 bytes (complex128) are read in halves: 8 are alignment enough
  const bool aligned = reinterpret_cast<uintptr_t>(file.bytes().data() + offset) % 8 == 0;
  at::Tensor bytes;
  if (options.mapped && aligned) {
    bytes = at::empty({0}, at::kByte).set_(file.storage(offset, length), 0, {static_cast<int64_t>(length)}, {1});
  } else {
    bytes = at::empty({static_cast<int64_t>(length)}, at::kByte);
    if (length) std::memcpy(bytes.mutable_data_ptr(), file.bytes().data() + offset, length);
  }
  return placed(std::move(bytes), location, file.path(), options);
}

void swap_elements(at::Tensor& bytes, const StorageRequest& request, const std::string& file) {
  if (!request.typed)
    fail(file, ": was written on a big-endian machine, and storage '", request.key,
         "' does not say what its bytes are");
  const int64_t width =
      static_cast<int64_t>(c10::elementSize(request.type)) / (c10::isComplexType(request.type) ? 2 : 1);
  auto* data = bytes.mutable_data_ptr<uint8_t>();
  for (int64_t i = 0; i + width <= bytes.numel(); i += width) std::reverse(data + i, data + i + width);
}

}  // namespace moonlab::weights
