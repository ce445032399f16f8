// Folders of pictures as a set: what is damaged, what was decoded before, where it lies.
#include <ATen/ATen.h>

#include <cstring>
#include <optional>

#include "host/data/file_index.hpp"
#include "host/data/images_folder.hpp"
#include "host/data/in_pieces.hpp"
#include "host/data/mapped_file.hpp"
#include "host/error.hpp"
#include "host/file.hpp"
#include "host/hash.hpp"

namespace moonlab::data {

namespace fs = std::filesystem;

namespace {

// A file of the cache: kMagic, then the bytes of the images.
constexpr std::string_view kMagic = "moonlab images 2\n";
constexpr auto kStart = static_cast<int64_t>(kMagic.size());

struct Picture {
  fs::path file;
  int64_t label;
  FileIndex::Entry* known;

  bool damaged() const { return known->damage && !known->damage->empty(); }
};

class Reader {
 public:
  Reader(const std::vector<ClassFolder>& classes, const FolderOptions& options)
      : classes_(classes),
        options_(options),
        index_(options.cache, purpose(classes, options)),
        bytes_(3 * options.how.height * options.how.width) {
    if (options.memory == Memory::kMapped && options.cache.empty())
      fail("memory-mapped pictures need the cache: they lie in a file of it");
    std::vector<fs::path> files;
    for (const auto& c : classes) files.insert(files.end(), c.files.begin(), c.files.end());
    const auto entries = index_.look(files);
    for (size_t c = 0, i = 0; c < classes.size(); ++c)
      for (size_t k = 0; k < classes[c].files.size(); ++k, ++i)
        all_.push_back({files[i], static_cast<int64_t>(c), entries[i]});
  }

  FolderImages read() {
    sort_out();
    if (options_.memory == Memory::kFiles) {
      if (options_.skip_damaged) look_at_all();
    } else if (!load()) {
      decode();
    }
    index_.keep();
    result_.content = content();
    for (const auto& p : kept_) result_.files.push_back(p.file);
    result_.labels = at::empty({size()}, at::kLong);
    for (int64_t i = 0; i < size(); ++i) result_.labels.mutable_data_ptr<int64_t>()[i] = kept_[i].label;
    return std::move(result_);
  }

 private:
  static std::string purpose(const std::vector<ClassFolder>& classes, const FolderOptions& options) {
    std::string text = "pictures of at most " + std::to_string(options.how.max_pixels) + " pixels";
    for (const auto& c : classes)
      if (!c.files.empty()) text += "\n" + c.files.front().parent_path().string();
    return text;
  }

  int64_t size() const { return static_cast<int64_t>(kept_.size()); }

  // The pictures that are not known to be damaged; of the others the set's options say what becomes.
  void sort_out() {
    kept_.clear();
    result_.damaged.clear();
    std::vector<int64_t> left(classes_.size());
    for (const auto& p : all_) {
      if (!p.damaged()) {
        kept_.push_back(p);
        ++left[p.label];
        continue;
      }
      if (!options_.skip_damaged) {
        index_.keep();
        fail(*p.known->damage);
      }
      result_.damaged.push_back(*p.known->damage);
    }
    for (size_t c = 0; c < classes_.size(); ++c)
      if (left[c] == 0 && !classes_[c].files.empty())
        fail("class '", classes_[c].name, "': none of its ", classes_[c].files.size(),
             " pictures can be decoded; the last: ", result_.damaged.back());
  }

  std::string content() const {
    Sha256 hash;
    for (const auto& p : kept_) hash.update(p.known->sha256);
    return hash.hex();
  }

  fs::path cached() const {
    if (options_.cache.empty()) return {};
    const int64_t how[] = {options_.how.height, options_.how.width, static_cast<int64_t>(options_.how.fit)};
    Sha256 key;
    key.update(kMagic);
    key.update(how, sizeof how);
    key.update(content());
    return options_.cache / (key.hex() + ".images");
  }

  at::Tensor shaped(const at::Tensor& bytes) const {
    return bytes.reshape({size(), 3, options_.how.height, options_.how.width});
  }

  // Whether the set was decoded before.
  bool load() {
    const fs::path file = cached();
    std::error_code none;
    const auto expected = static_cast<uintmax_t>(size() * bytes_ + kStart);
    if (file.empty() || fs::file_size(file, none) != expected || none) return false;
    at::Tensor whole = map_file(file, 0, static_cast<int64_t>(expected));
    if (std::memcmp(whole.const_data_ptr<uint8_t>(), kMagic.data(), kMagic.size()) != 0) return false;
    whole = shaped(whole.narrow(0, kStart, size() * bytes_));
    result_.images = options_.memory == Memory::kMapped ? whole : whole.clone();
    return true;
  }

  void decode_one(const Picture& p, uint8_t* to) const {
    const std::string name = p.file.string();
    try {
      if (to) {
        image::decode_planes(image::read_bytes(p.file), name, options_.how, to);
      } else {
        static thread_local image::Decoded decoded;
        image::decode_into(image::read_bytes(p.file), name, options_.how.max_pixels, decoded);
      }
      p.known->damage = "";
    } catch (const Error& e) {
      p.known->damage = e.what();
    }
  }

  // Decodes those of which nothing is known, and leaves out what is damaged.
  void look_at_all() {
    in_pieces(size(), [&](int64_t i) {
      if (!kept_[i].known->damage) decode_one(kept_[i], nullptr);
    });
    sort_out();
  }

  void decode() {
    const auto before = kept_;
    const auto n = static_cast<int64_t>(before.size());
    std::optional<MappedOutput> output;
    at::Tensor bytes;
    if (options_.memory == Memory::kMapped) output.emplace(options_.cache, n * bytes_ + kStart);
    else bytes = at::empty({n * bytes_}, at::kByte);
    uint8_t* to = output ? output->data() + kStart : bytes.mutable_data_ptr<uint8_t>();
    in_pieces(n, [&](int64_t i) { decode_one(before[i], to + i * bytes_); });
    sort_out();
    int64_t place = 0;
    for (int64_t i = 0; i < n; ++i) {
      if (before[i].damaged()) continue;
      if (place != i) std::memcpy(to + place * bytes_, to + i * bytes_, bytes_);
      ++place;
    }
    const int64_t used = size() * bytes_;
    if (output) {
      std::memcpy(output->data(), kMagic.data(), kMagic.size());
      output->keep(cached(), used + kStart);  // the name of what is left: another where pictures were damaged
      result_.images = shaped(map_file(cached(), kStart, used));
      return;
    }
    result_.images = shaped(bytes.narrow(0, 0, used));
    store();
  }

  // A full disk costs the next run its time, not this one its result.
  void store() const {
    const fs::path file = cached();
    if (file.empty()) return;
    std::error_code none;
    fs::create_directories(file.parent_path(), none);
    std::string all(kMagic);
    all.append(reinterpret_cast<const char*>(result_.images.const_data_ptr<uint8_t>()),
               static_cast<size_t>(result_.images.numel()));
    (void)write_atomic(file.string(), all);
  }

  const std::vector<ClassFolder>& classes_;
  const FolderOptions& options_;
  FileIndex index_;
  int64_t bytes_;  // of a picture
  std::vector<Picture> all_, kept_;
  FolderImages result_;
};

}  // namespace

FolderImages read_classes(const std::vector<ClassFolder>& classes, const FolderOptions& options) {
  return Reader(classes, options).read();
}

}  // namespace moonlab::data
