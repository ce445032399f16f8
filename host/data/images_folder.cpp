#include "host/data/images_folder.hpp"

#include <ATen/ATen.h>
#include <ATen/Parallel.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <map>

#include "host/error.hpp"
#include "host/file.hpp"
#include "host/hash.hpp"
#include "host/interrupt.hpp"

namespace moonlab::data {

namespace fs = std::filesystem;

namespace {

constexpr int64_t kPiece = 256;  // pictures between two looks at interrupts
constexpr std::string_view kMagic = "moonlab images 1\n";

bool is_picture(const fs::path& file) {
  std::string ending = file.extension().string();
  for (char& c : ending) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  constexpr std::array<std::string_view, 5> known{".jpg", ".jpeg", ".png", ".webp", ".bmp"};
  return std::find(known.begin(), known.end(), ending) != known.end();
}

bool is_hidden(const fs::path& path) { return path.filename().string().starts_with("."); }

std::vector<fs::path> pictures_in(const fs::path& folder) {
  std::vector<fs::path> files;
  for (fs::recursive_directory_iterator entry(folder), end; entry != end; ++entry) {
    if (is_hidden(entry->path())) {
      entry.disable_recursion_pending();
      continue;
    }
    if (entry->is_regular_file() && is_picture(entry->path())) files.push_back(entry->path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

struct Picture {
  const fs::path* file;
  int64_t label;
  std::string reason;  // why it cannot be decoded
};

/// Calls f(i) for 0 .. n-1 on several threads, in pieces between which an interrupt is heard.
template <class F>
void each(int64_t n, const F& f) {
  for (int64_t from = 0; from < n; from += kPiece) {
    poll_interrupt();
    at::parallel_for(from, std::min(n, from + kPiece), 4, [&](int64_t begin, int64_t end) {
      for (int64_t i = begin; i < end; ++i) f(i);
    });
  }
}

// ---- the cache: MAGIC, then the bytes of the images -----------------------------------------------------------------

std::string key_of(const std::vector<Picture>& pictures, const image::Decoding& how) {
  std::vector<std::string> hashes(pictures.size());
  each(static_cast<int64_t>(pictures.size()), [&](int64_t i) { hashes[i] = sha256_file(*pictures[i].file); });
  Sha256 key;
  key.update(kMagic);
  const int64_t options[] = {how.height, how.width, static_cast<int64_t>(how.fit), how.max_pixels};
  key.update(options, sizeof options);
  for (size_t i = 0; i < pictures.size(); ++i) key.update(hashes[i]);
  return key.hex();
}

bool load(const fs::path& file, at::Tensor& images) {
  std::error_code none;
  const auto expected = static_cast<uintmax_t>(images.numel()) + kMagic.size();
  if (fs::file_size(file, none) != expected || none) return false;
  const std::string bytes = image::read_bytes(file);
  if (!bytes.starts_with(kMagic) || bytes.size() != expected) return false;
  std::memcpy(images.mutable_data_ptr<uint8_t>(), bytes.data() + kMagic.size(), bytes.size() - kMagic.size());
  return true;
}

/// A full disk costs the next run its time, not this one its result.
void store(const fs::path& file, const at::Tensor& images) {
  std::error_code none;
  fs::create_directories(file.parent_path(), none);
  std::string bytes(kMagic);
  bytes.append(reinterpret_cast<const char*>(images.const_data_ptr<uint8_t>()), static_cast<size_t>(images.numel()));
  (void)write_atomic(file.string(), bytes);
}

}  // namespace

std::string class_name(std::string_view folder) {
  std::string name;
  for (char c : folder) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte >= 0x80 || std::isalnum(byte)) name += byte < 0x80 ? static_cast<char>(std::tolower(byte)) : c;
    else if (!name.empty() && name.back() != '_' && c != '\'') name += '_';
  }
  while (name.ends_with('_')) name.pop_back();
  return name;
}

std::vector<ClassFolder> list_classes(const fs::path& folder) {
  std::error_code reason;
  std::map<std::string, fs::path> folders;
  fs::directory_iterator entry(folder, reason);
  if (reason) fail(folder.string(), ": cannot be read: ", reason.message());
  for (const auto& found : entry) {
    if (!found.is_directory() || is_hidden(found.path())) continue;
    const std::string name = class_name(found.path().filename().string());
    if (name.empty()) fail(found.path().string(), ": its name has neither letters nor digits to name a class by");
    const auto [other, fresh] = folders.emplace(name, found.path());
    if (!fresh) fail(folder.string(), ": '", other->second.filename().string(), "' and '",
                     found.path().filename().string(), "' are one class, '", name, "'");
  }
  if (folders.empty()) fail(folder.string(), ": holds no folder of pictures; expected one for each class");
  std::vector<ClassFolder> classes;
  for (const auto& [name, path] : folders) {
    classes.push_back({name, pictures_in(path)});
    if (classes.back().files.empty())
      fail(path.string(), ": class '", name, "' has no pictures (.jpg, .jpeg, .png, .webp, .bmp)");
  }
  return classes;
}

std::vector<ClassFolder> list_classes(const fs::path& folder, const std::vector<std::string>& names) {
  std::vector<ClassFolder> classes;
  for (const auto& name : names) classes.push_back({name, {}});
  for (auto& found : list_classes(folder)) {
    const auto at = std::find(names.begin(), names.end(), found.name);
    if (at == names.end())
      fail(folder.string(), ": class '", found.name, "' is none of the training set's", did_you_mean(found.name, names));
    classes[at - names.begin()].files = std::move(found.files);
  }
  return classes;
}

FolderImages read_classes(const std::vector<ClassFolder>& classes, const FolderOptions& options) {
  std::vector<Picture> pictures;
  for (size_t c = 0; c < classes.size(); ++c)
    for (const auto& file : classes[c].files) pictures.push_back({&file, static_cast<int64_t>(c), {}});
  const auto n = static_cast<int64_t>(pictures.size());
  const int64_t height = options.how.height, width = options.how.width, bytes = 3 * height * width;
  FolderImages result{at::empty({n, 3, height, width}, at::kByte), at::empty({n}, at::kLong), {}};
  auto* labels = result.labels.mutable_data_ptr<int64_t>();
  for (int64_t i = 0; i < n; ++i) labels[i] = pictures[i].label;

  fs::path cached;
  if (!options.cache.empty()) cached = options.cache / (key_of(pictures, options.how) + ".images");
  if (!cached.empty() && load(cached, result.images)) return result;

  auto* to = result.images.mutable_data_ptr<uint8_t>();
  each(n, [&](int64_t i) {
    const std::string name = pictures[i].file->string();
    try {
      image::decode_into(image::read_bytes(name), name, options.how, to + i * bytes);
    } catch (const Error& e) {
      pictures[i].reason = e.what();
    }
  });
  std::vector<int64_t> whole, left(classes.size());
  for (int64_t i = 0; i < n; ++i) {
    if (pictures[i].reason.empty()) {
      whole.push_back(i);
      ++left[pictures[i].label];
    } else if (options.skip_damaged) {
      result.damaged.push_back(pictures[i].reason);
    } else {
      fail(pictures[i].reason);
    }
  }
  for (size_t c = 0; c < classes.size(); ++c)
    if (left[c] == 0 && !classes[c].files.empty()) fail("class '", classes[c].name, "': none of its ", classes[c].files.size(),
                           " pictures can be decoded; the last: ", result.damaged.back());
  if (!result.damaged.empty()) {
    const at::Tensor kept = at::tensor(whole);
    result.images = result.images.index_select(0, kept);
    result.labels = result.labels.index_select(0, kept);
  } else if (!cached.empty()) {
    store(cached, result.images);
  }
  return result;
}

}  // namespace moonlab::data
