#include "host/weights/safetensors.hpp"

#include <algorithm>
#include <filesystem>
#include <nlohmann/json.hpp>

#include "host/error.hpp"

namespace moonlab::weights {

namespace {

constexpr uint64_t kPrefix = 8;                   // the header's length, little-endian
constexpr uint64_t kLongestHeader = 100'000'000;  // as the reference library

std::string_view text_of(const MappedFile& file, uint64_t offset, uint64_t length) {
  return {reinterpret_cast<const char*>(file.bytes().data()) + offset, length};
}

}  // namespace

Safetensors::Safetensors(std::shared_ptr<const MappedFile> file) : file_(std::move(file)) {
  const uint64_t size = file_->size();
  if (size < kPrefix) fail(path(), ": no safetensors file, or cut short: ", size, " bytes");
  uint64_t length = 0;
  for (uint64_t i = kPrefix; i-- > 0;) length = length << 8 | static_cast<uint64_t>(file_->bytes()[i]);
  if (length > kLongestHeader) fail(path(), ": no safetensors file: its header would have ", length, " bytes");
  if (length > size - kPrefix) {
    fail(path(), ": cut short: the header has ", length, " bytes, the file ", size - kPrefix, " after its length");
  }
  const auto text = text_of(*file_, kPrefix, length);
  // the format says so, and it tells other files apart early
  if (text.empty() || text[0] != '{') fail(path(), ": no safetensors file: the header does not begin with '{'");
  auto header = detail::parse_safetensors_header(text, path());
  entries_ = std::move(header.entries), metadata_ = std::move(header.metadata);

  std::stable_sort(entries_.begin(), entries_.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.offset, a.length) < std::pair(b.offset, b.length);
  });
  uint64_t end = 0;
  for (const auto& entry : entries_) {
    if (entry.offset != end) {
      fail(path(), ": tensor ", detail::shown(entry.name), " begins at byte ", entry.offset, " of the data, ",
           entry.offset < end ? "inside the one before, which ends at " : "after a gap that begins at ", end);
    }
    end += entry.length;  // no overflow: the reader had offset + length in 64 bits, and offset is end
  }
  const uint64_t data = size - kPrefix - length;
  if (end > data) fail(path(), ": cut short: the tensors have ", end, " bytes, the file ", data);
  if (end < data) fail(path(), ": ", data - end, " bytes follow the last tensor");
  for (size_t i = 0; i < entries_.size(); ++i) {
    entries_[i].offset += kPrefix + length;
    places_.emplace(entries_[i].name, i);
  }
}

const Safetensors::Entry& Safetensors::entry(std::string_view name) const {
  if (auto found = places_.find(name); found != places_.end()) return entries_[found->second];
  std::vector<std::string> names;
  for (const auto& entry : entries_) names.push_back(entry.name);
  fail(path(), ": no tensor ", detail::shown(name), did_you_mean(name, names));
}

Metadata read_safetensors_index(const std::string& path) {
  using Json = nlohmann::json;
  const auto file = MappedFile::open(path);
  if (file->size() > kLongestHeader) fail(path, ": too large for an index: ", file->size(), " bytes");
  const auto text = text_of(*file, 0, file->size());
  if (const auto zero = text.find('\0'); zero != text.npos) fail(path, ": no valid JSON at byte ", zero + 1);
  const auto shallow = [&](int depth, Json::parse_event_t, Json&) {
    if (depth > 8) fail(path, ": nested deeper than an index is");
    return true;
  };
  Json index;
  try {
    index = Json::parse(text.begin(), text.end(), shallow);
  } catch (const Json::parse_error& e) {
    fail(path, ": no valid JSON at byte ", e.byte);
  }
  const auto map = index.is_object() ? index.find("weight_map") : index.end();
  if (map == index.end() || !map->is_object()) fail(path, ": no safetensors index: it has no object 'weight_map'");
  const auto folder = std::filesystem::path(path).parent_path();
  Metadata files;
  for (const auto& [name, part] : map->items()) {
    if (!part.is_string()) fail(path, ": the file of tensor ", detail::shown(name), " is no string");
    const auto& base = part.get_ref<const std::string&>();
    if (base.empty() || base == "." || base == ".." || base.find('/') != base.npos || base.find('\0') != base.npos) {
      fail(path, ": the file of tensor ", detail::shown(name), " is ", detail::shown(base),
           ", expected the name of a file beside the index");
    }
    files[name] = (folder / base).string();
  }
  return files;
}

}  // namespace moonlab::weights
