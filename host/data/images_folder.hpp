// Pictures in folders: ROOT/CLASS/anything.jpg.
#pragma once

#include <ATen/core/Tensor.h>

#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/image/image.hpp"

namespace moonlab::data {

/// The name of a class as joins compare it: ASCII letters in lower case, every run of other ASCII characters than
/// letters and digits one "_", none at the ends: "Colts' Foot" and "colts-foot" are "colts_foot". "" where nothing is
/// left.
std::string class_name(std::string_view folder);

struct ClassFolder {
  std::string name;
  std::vector<std::filesystem::path> files;  // sorted
};

/// The classes of a folder in the order of their names: a folder each, with its pictures (.jpg, .jpeg, .png, .webp,
/// .bmp in any case) at any depth; hidden files and folders do not count. Errors: no such folder, no class in it, a
/// class without pictures, two folders whose names are one class.
std::vector<ClassFolder> list_classes(const std::filesystem::path& folder);

/// The same for a split whose classes are known from another: in the order of `names`; a name without a folder has no
/// files. Errors besides: a folder that is none of the names, with the nearest.
std::vector<ClassFolder> list_classes(const std::filesystem::path& folder, const std::vector<std::string>& names);

/// Where the pictures of a set are while it is used.
enum class Memory {
  kRam,     // decoded, in memory
  kMapped,  // decoded, in a file of the cache that is read as memory
  kFiles,   // in their files, decoded for each batch
};

struct FolderOptions {
  image::Decoding how;          // with a size: all pictures of a set have one
  bool skip_damaged = false;    // leave out what cannot be decoded; otherwise it is an error
  std::filesystem::path cache;  // a folder for decoded sets and what is known of files; empty: none
  Memory memory = Memory::kRam;
};

struct FolderImages {
  at::Tensor images;                         // uint8 [N, 3, height, width]; undefined where they stay in their files
  std::vector<std::filesystem::path> files;  // of each picture
  at::Tensor labels;                         // long [N]
  std::vector<std::string> damaged;          // "FILE: reason" of each picture that was left out
  std::string content;                       // SHA-256 over the content of all files
};

/// Reads all pictures, on LibTorch's threads, in the order of the classes and files. A set that was decoded before is
/// read from the cache; its key is the content of all files, in this order, and the options. Files whose size and time
/// of change are known are not read again. Pictures that stay in their files are only decoded here where damaged ones
/// are to be left out; otherwise those that cannot be decoded are an error of the batch that needs them. Errors: the
/// first picture that cannot be decoded; a class of which no picture is left; memory-mapped without a cache, or no room
/// on its disk. Stops where the user interrupts.
FolderImages read_classes(const std::vector<ClassFolder>& classes, const FolderOptions& options);

}  // namespace moonlab::data
