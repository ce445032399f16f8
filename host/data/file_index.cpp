#include "host/data/file_index.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

#include "host/data/in_pieces.hpp"
#include "host/error.hpp"
#include "host/file.hpp"
#include "host/hash.hpp"
#include "host/image/image.hpp"

namespace moonlab::data {

namespace fs = std::filesystem;

namespace {

constexpr int kVersion = 1;

}  // namespace

FileIndex::FileIndex(const fs::path& cache, const std::string& purpose) {
  if (cache.empty()) return;
  file_ = cache / (sha256(purpose) + ".index");
  std::error_code none;
  if (!fs::exists(file_, none)) return;
  // what cannot be read is worked out again
  const auto json = nlohmann::json::parse(image::read_bytes(file_), nullptr, /*allow_exceptions=*/false);
  if (!json.is_object() || json.value("version", 0) != kVersion) return;
  try {
    for (const auto& [path, row] : json.at("files").items()) {
      Entry entry{row.at(0), row.at(1), row.at(2), std::nullopt};
      if (row.size() > 3) entry.damage = row.at(3).get<std::string>();
      entries_.emplace(path, std::move(entry));
    }
  } catch (const nlohmann::json::exception&) {
    entries_.clear();
  }
}

std::vector<FileIndex::Entry*> FileIndex::look(const std::vector<fs::path>& files) {
  std::vector<Entry*> found;
  for (const auto& file : files) found.push_back(&entries_[file.string()]);
  in_pieces(static_cast<int64_t>(files.size()), [&](int64_t i) {
    Entry& entry = *found[i];
    struct stat now {};
    if (::stat(files[i].c_str(), &now) != 0) {
      entry = {0, 0, "", files[i].string() + ": cannot be read: " + std::strerror(errno)};
      return;
    }
    const int64_t changed = now.st_mtim.tv_sec * 1'000'000'000 + now.st_mtim.tv_nsec;
    if (entry.size == now.st_size && entry.changed == changed && !entry.sha256.empty()) return;
    try {
      entry = {now.st_size, changed, sha256(image::read_bytes(files[i])), std::nullopt};
    } catch (const Error& e) {
      entry = {now.st_size, changed, "", e.what()};
    }
  });
  return found;
}

void FileIndex::keep() {
  if (file_.empty()) return;
  nlohmann::json rows = nlohmann::json::object();
  for (const auto& [path, entry] : entries_) {
    if (entry.sha256.empty()) continue;
    rows[path] = {entry.size, entry.changed, entry.sha256};
    if (entry.damage) rows[path].push_back(*entry.damage);
  }
  std::error_code none;
  fs::create_directories(file_.parent_path(), none);
  const nlohmann::json all{{"version", kVersion}, {"files", rows}};
  (void)write_atomic(file_.string(), all.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

}  // namespace moonlab::data
