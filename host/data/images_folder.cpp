#include "host/data/images_folder.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <map>

#include "host/error.hpp"

namespace moonlab::data {

namespace fs = std::filesystem;

namespace {

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
      fail(folder.string(), ": class '", found.name, "' is none of the training set's",
           did_you_mean(found.name, names));
    classes[at - names.begin()].files = std::move(found.files);
  }
  return classes;
}

}  // namespace moonlab::data
