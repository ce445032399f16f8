// What is known of the files of a folder without reading them again.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace moonlab::data {

/// The content of files by their size and time of change, kept between runs in a file of a cache folder. A file that
/// was changed within the clock's resolution without a change of its size is not noticed.
class FileIndex {
 public:
  struct Entry {
    int64_t size = 0, changed = 0;      // bytes; nanoseconds since 1970
    std::string sha256;                 // of the content; "" where it cannot be read
    std::optional<std::string> damage;  // "" where it was found to be whole, else why not; absent: not looked at yet
  };

  /// `cache`: the folder in which it is kept, "" nowhere; `purpose` parts indexes of the same files.
  FileIndex(const std::filesystem::path& cache, const std::string& purpose);

  /// An entry for each file: those that are new or have changed are read, on several threads. A file that cannot be
  /// read is damaged: "FILE: cannot be read: reason".
  std::vector<Entry*> look(const std::vector<std::filesystem::path>& files);
  /// Writes what was learnt. A disk that is full costs the next run its time, not this one its result.
  void keep();

 private:
  std::filesystem::path file_;
  std::unordered_map<std::string, Entry> entries_;
};

}  // namespace moonlab::data
