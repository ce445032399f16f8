// Reading the format before PyTorch 1.6: five pickles in a row (a magic number, a version, the machine, the value, the
// keys of its storages), then each storage as its number of elements and its bytes.
#include <ATen/Functions.h>

#include <cstring>
#include <unordered_map>

#include "host/error.hpp"
#include "host/weights/torch_reading.hpp"

namespace moonlab::weights {

namespace {

constexpr const char* kMagic = "0x1950a86a20f9469cfc6c";
constexpr int64_t kVersion = 1001;

/// Where the bytes of each key stand, found before the first is asked for.
struct Place {
  uint64_t offset;
  int64_t count;
};

/// Sizes of elements by key, which the file does not repeat beside the bytes: from the storages that the pickle names.
std::unordered_map<std::string, at::ScalarType> types_of(Arena& arena) {
  std::unordered_map<std::string, at::ScalarType> types;
  for (Value& value : arena.values()) {
    const auto* persistent = value.as<Persistent>();
    const auto* id = persistent ? persistent->id->as<Sequence>() : nullptr;
    if (!id || id->items.size() < 5) continue;
    const auto* global = id->items[1]->as<Global>();
    const auto* key = id->items[2]->as<std::string>();
    if (!global || !key) continue;
    if (auto type = storage_type(global->name)) types.emplace(*key, type->type);
  }
  return types;
}

}  // namespace

void read_legacy_format(TorchFile& out, std::shared_ptr<const MappedFile> file, const ReadOptions& options) {
  const std::string& name = file->path();
  const auto bytes = file->bytes();
  uint64_t at = 0;
  auto next = [&](const char* what, bool unknown) {
    const std::string where = name + ": " + what;
    auto read = unpickle_weights(bytes.subspan(at), out.arena, where, unknown);
    at += read.length;
    return read.root;
  };
  const Ref magic = next("magic number", false);
  if (!magic->as<BigInteger>() || magic->as<BigInteger>()->hex != kMagic)
    fail(name, ": is a pickle, but not of torch.save");
  const Ref version = next("version", false);
  if (!version->as<int64_t>() || *version->as<int64_t>() != kVersion)
    fail(name, ": is of an unknown version, ", describe(*version));
  const Ref machine = next("machine", false);
  if (const auto* facts = machine->as<Mapping>()) {
    for (auto [key, value] : facts->items) {
      const auto* fact = key->as<std::string>();
      if (fact && *fact == "little_endian" && value->as<bool>() && !*value->as<bool>()) {
        fail(name, ": was written on a big-endian machine in the old format; write it again with torch.save there");
      }
    }
  }
  out.root = next("value", options.unknown);
  const Ref keys = next("list of storages", false);
  const auto* list = keys->as<Sequence>();
  if (!list) fail(name, ": the list of storages is ", describe(*keys));

  const auto types = types_of(out.arena);
  std::unordered_map<std::string, Place> places;
  for (Ref item : list->items) {
    const auto* key = item->as<std::string>();
    auto type = key ? types.find(*key) : types.end();
    if (type == types.end()) fail(name, ": lists a storage that no tensor has, ", describe(*item));
    const uint64_t left = bytes.size() - at;
    int64_t count = 0;
    if (left < sizeof count) fail(name, ": is cut short before storage '", *key, "'");
    std::memcpy(&count, bytes.data() + at, sizeof count);
    at += sizeof count;
    const uint64_t length = bytes_of({*key, type->second, true, count, ""}, name);
    if (count < 0 || length > left - sizeof count) {
      fail(name, ": storage '", *key, "' claims ", count, " elements; ", left - sizeof count, " bytes are left");
    }
    if (!places.emplace(*key, Place{at, count}).second) fail(name, ": lists storage '", *key, "' twice");
    at += length;
  }

  rebuild(
      out.arena, name,
      [&](const StorageRequest& request) {
        auto place = places.find(request.key);
        if (place == places.end()) fail(name, ": storage '", request.key.substr(0, 40), "' is missing");
        if (place->second.count != request.count) {
          fail(name, ": storage '", request.key, "' must have ", request.count, " elements, it has ",
               place->second.count);
        }
        return storage_in_file(*file, place->second.offset, bytes_of(request, name), request.location, options);
      },
      file->size());
}

}  // namespace moonlab::weights
