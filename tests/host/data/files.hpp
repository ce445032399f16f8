// Files that a test writes, cuts and damages.
#pragma once

#include <zlib.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <sstream>
#include <string>

/// A folder of this process that is removed at the end of the test.
struct Folder {
  std::filesystem::path path;
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "moonlab-data-XXXXXX").string();
    path = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path); }
  std::filesystem::path write(const std::string& name, const std::string& bytes) const {
    std::ofstream(path / name, std::ios::binary) << bytes;
    return path / name;
  }
  std::filesystem::path write_gz(const std::string& name, const std::string& bytes) const {
    gzFile f = gzopen((path / name).c_str(), "wb");
    gzwrite(f, bytes.data(), static_cast<unsigned>(bytes.size()));
    gzclose(f);
    return path / name;
  }
};

inline std::string content(const std::filesystem::path& file) {
  std::stringstream text;
  text << std::ifstream(file, std::ios::binary).rdbuf();
  return text.str();
}

/// The first of $MOONLAB_DATA's folders that has `name`, or "" (after saying that the test is skipped).
inline std::filesystem::path data_folder(const std::string& name) {
  const char* data = std::getenv("MOONLAB_DATA");
  std::istringstream folders(data ? data : "");
  for (std::string folder; std::getline(folders, folder, ':');)
    if (std::filesystem::exists(std::filesystem::path(folder) / name)) return std::filesystem::path(folder) / name;
  std::cout << "SKIPPED: no " << name << " in $MOONLAB_DATA ('" << (data ? data : "") << "')\n";
  return {};
}
