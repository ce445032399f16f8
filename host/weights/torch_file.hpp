// Files of torch.save, both ways: the zip format (since PyTorch 1.6) and the older one of pickles in a row.
//
// Reading executes nothing: host/weights/unpickler.hpp. Whatever a file declares is held against the file's own size
// before memory is asked for.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "host/weights/mapped_file.hpp"
#include "host/weights/pickle_value.hpp"

namespace moonlab::weights {

/// Where a storage goes: given its bytes on the CPU (a uint8 tensor) and the place that the file names ("cpu",
/// "cuda:0"), returns the bytes where they shall be; undefined: as the file says.
using Placement = std::function<at::Tensor(const at::Tensor& bytes, const std::string& location)>;

struct ReadOptions {
  /// Tensors lie in the mapped file where the format lets them; else they are copies.
  bool mapped = false;
  /// Objects of unknown classes are kept as Call values rather than refused.
  bool unknown = false;
  /// Empty: as the file says, "cpu" and "meta" and, where there is a GPU, "cuda".
  Placement place;
};

/// What a file holds. Tensors in it outlive it.
struct TorchFile {
  Arena arena;
  Ref root = nullptr;
};

/// Reads a file of torch.save in either format; which one is seen from its content. Throws Error that names the file
/// and the offence.
TorchFile read_torch_file(std::shared_ptr<const MappedFile> file, const ReadOptions& options = {});
/// The same from memory; `name` stands for the path in messages.
TorchFile read_torch_file(std::span<const std::byte> bytes, const std::string& name);

/// What kind of weights file this is, by its first bytes: "zip", "legacy", "tar", "safetensors", or "" for none of
/// them.
std::string weights_format(std::span<const std::byte> bytes);

/// Writes a value in the zip format, or the legacy one, to `path`: the old file or the whole new one, never a part.
/// Tensors that share a storage share it in the file; strides are kept. Values are what a TorchFile may hold, tensors
/// as at::Tensor. Throws Error with the path and the reason.
void write_torch_file(const std::string& path, Ref root, Arena& arena, bool legacy = false);

}  // namespace moonlab::weights
