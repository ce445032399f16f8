// From the calls that a PyTorch file asks for to tensors: only a fixed list of calls, each with its arguments checked.
#pragma once

#include <functional>
#include <string>

#include "host/weights/pickle_value.hpp"

namespace moonlab::weights {

/// What a pickle says about a storage.
struct StorageRequest {
  std::string key;
  at::ScalarType type;  // of its elements; Byte for UntypedStorage
  bool typed;
  int64_t count;         // of elements
  std::string location;  // "cpu", "cuda:0"
};

/// Gives the bytes of a storage; called once for each key. Throws where the file has no such bytes.
using StorageLoader = std::function<c10::Storage(const StorageRequest&)>;

/// Carries out every known call in the arena: each Call becomes the tensor, number or word it stands for, in place, so
/// that whoever shares it shares the result. Tensors of one storage share it. Calls of unknown globals stay.
///
/// What the calls copy is bounded by a small multiple of `file_size`.
///
/// Throws Error that begins with `where` at a call whose arguments do not fit: wrong types, sizes and strides that do
/// not lie inside the storage, sparse indices out of range, a quantized axis that is none.
void rebuild(Arena& arena, const std::string& where, const StorageLoader& load, uint64_t file_size);

/// A view of a storage with every bound checked: 0 <= offset, 0 <= size, 0 <= stride, the last element inside.
/// Throws std::invalid_argument.
at::Tensor view_of(const c10::Storage& storage, at::ScalarType type, int64_t offset, at::IntArrayRef sizes,
                   at::IntArrayRef strides);

}  // namespace moonlab::weights
