// Files in the safetensors format: an 8-byte length, a JSON header with dtype, shape and place of every tensor, then
// the bytes (https://github.com/huggingface/safetensors, format section). Files from strangers are expected: whatever
// is wrong with one is an Error that names the file and the offence, and nothing is allocated on a header's word.
#pragma once

#include <ATen/core/Tensor.h>

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "host/weights/mapped_file.hpp"

namespace moonlab::weights {

using NamedTensors = std::vector<std::pair<std::string, at::Tensor>>;
using Metadata = std::map<std::string, std::string>;

/// An open file. Its tensors lie in the mapping: opening reads the header alone, a tensor's pages are read when they
/// are touched, and writing into one never reaches the file (but is seen by whoever takes the same tensor from the same
/// object again).
class Safetensors {
 public:
  /// Checks the header whole: a length up to 100 MB and inside the file; JSON in UTF-8 that begins with '{', of known
  /// depth; every name once; dtype, shape and byte range that agree; ranges that follow each other without gap or
  /// overlap up to the end of the file.
  explicit Safetensors(std::shared_ptr<const MappedFile> file);

  struct Entry {
    std::string name;
    at::ScalarType type;
    std::vector<int64_t> sizes;
    uint64_t offset;  // of its bytes in the file
    uint64_t length;
  };
  /// In the order of their bytes.
  const std::vector<Entry>& entries() const { return entries_; }
  const Metadata& metadata() const { return metadata_; }
  const std::string& path() const { return file_->path(); }

  /// Throws Error with the nearest name where there is none.
  const Entry& entry(std::string_view name) const;
  at::Tensor tensor(const Entry& entry) const { return file_->tensor(entry.offset, entry.sizes, entry.type); }

 private:
  std::shared_ptr<const MappedFile> file_;
  std::vector<Entry> entries_;
  std::map<std::string, size_t, std::less<>> places_;
  Metadata metadata_;
};

/// Writes tensors of any device, contiguous or not, whole or not at all (atomic_file.hpp). The order is that of the
/// reference library, so that the same tensors make the same bytes: wide dtypes first, then by name. Tensors that share
/// memory are written each for itself. Throws Error for a dtype or layout that the format lacks, a name given twice or
/// that is no UTF-8, and with the system's reason.
void write_safetensors(const std::string& path, NamedTensors tensors, const Metadata& metadata = {});
/// The bytes of such a file.
std::string safetensors_bytes(NamedTensors tensors, const Metadata& metadata = {});

/// The files of a model in several parts, tensor name -> path, from its index (a JSON object with a "weight_map" of
/// names of files beside it). Throws Error where it is no such file or names a file in another folder.
Metadata read_safetensors_index(const std::string& path);

namespace detail {

/// A dtype of the format: its name ("BF16"), and its place in the order of writing, lower ones first.
struct SafetensorsType {
  const char* name;
  at::ScalarType type;
  int rank;
};
/// nullptr where the format, or LibTorch, has no such dtype.
const SafetensorsType* safetensors_type(at::ScalarType type);
const SafetensorsType* safetensors_type(std::string_view name);
/// The names of all of them.
std::vector<std::string> safetensors_types();

/// The header's text parsed and checked by itself: entries in the header's order, with offsets that count
/// from the data. Errors begin with `path`.
struct SafetensorsHeader {
  std::vector<Safetensors::Entry> entries;
  Metadata metadata;
};
SafetensorsHeader parse_safetensors_header(std::string_view text, const std::string& path);

/// Any text in quotes, escaped and cut to a length fit for a message.
std::string shown(std::string_view text);

}  // namespace detail

}  // namespace moonlab::weights
