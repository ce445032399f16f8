// Which names a PyTorch file may speak of, and what they mean.
#pragma once

#include <ATen/core/Tensor.h>

#include <optional>
#include <string>
#include <string_view>

namespace moonlab::weights {

struct StorageType {
  at::ScalarType type;
  bool typed;  // else UntypedStorage: bytes
};

/// "torch.FloatStorage", "torch.cuda.HalfStorage", "torch.storage.UntypedStorage".
std::optional<StorageType> storage_type(std::string_view global);

/// The class name of a typed storage ("FloatStorage"), or "" for dtypes that PyTorch keeps in UntypedStorage.
std::string storage_class(at::ScalarType type);

/// "torch.float32" -> "float32"; also layouts and quantization schemes: names of torch that are plain words.
std::optional<std::string> torch_word(std::string_view global);

/// Whether the reader knows the name: what it makes is plain data or a tensor, and nothing else is done.
bool is_known_global(const std::string& global);

/// Throws Error that names the global and says what to do. `module`: the file seems to hold a model saved whole.
[[noreturn]] void refuse_global(const std::string& where, const std::string& global, bool module);

}  // namespace moonlab::weights
