// Which storages a file of torch.save is to hold.
#pragma once

#include <ATen/Functions.h>

#include <span>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "host/weights/torch_globals.hpp"

namespace moonlab::weights {

/// The storages of the tensors written, each once, in the order they are met.
class Storages {
 public:
  struct Entry {
    at::Tensor bytes;  // uint8 over the whole storage, on its device
    at::ScalarType type;
    bool typed;
    int64_t count;  // of elements
    std::string key;
  };

  /// Sees every tensor before the first is written: a storage that tensors of several dtypes view is written untyped.
  void meet(const at::Tensor& t) {
    if (t.layout() != at::kStrided) return;  // its parts are met when they are written
    auto [found, fresh] = types_.try_emplace(t.storage().unsafeGetStorageImpl(), t.scalar_type());
    if (!fresh && found->second != t.scalar_type()) mixed_.insert(found->first);
  }

  const Entry& add(const at::Tensor& t) {
    auto* impl = t.storage().unsafeGetStorageImpl();
    auto [found, fresh] = index_.try_emplace(impl, entries_.size());
    if (fresh) {
      const auto length = static_cast<int64_t>(t.storage().nbytes());
      const bool whole = t.storage().nbytes() % c10::elementSize(t.scalar_type()) == 0;
      const bool typed = whole && !storage_class(t.scalar_type()).empty() && !mixed_.contains(impl);
      at::Tensor bytes = at::empty({0}, t.options().dtype(at::kByte)).set_(t.storage(), 0, {length}, {1});
      const int64_t width = typed ? static_cast<int64_t>(c10::elementSize(t.scalar_type())) : 1;
      entries_.push_back(
          {bytes, typed ? t.scalar_type() : at::kByte, typed, length / width, std::to_string(entries_.size())});
    }
    return entries_[found->second];
  }

  /// Entries are copied to the CPU one at a time.
  template <class Write>
  void each(Write write) const {
    for (const Entry& entry : entries_) {
      const at::Tensor here = entry.bytes.cpu();
      write(entry, std::span(static_cast<const std::byte*>(here.const_data_ptr()), static_cast<size_t>(here.numel())));
    }
  }

  const std::vector<Entry>& entries() const { return entries_; }

 private:
  std::unordered_map<c10::StorageImpl*, at::ScalarType> types_;
  std::unordered_set<c10::StorageImpl*> mixed_;
  std::unordered_map<c10::StorageImpl*, size_t> index_;
  std::vector<Entry> entries_;
};

}  // namespace moonlab::weights
