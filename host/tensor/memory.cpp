#include "host/tensor/memory.hpp"

#include <algorithm>

#include "host/cuda.hpp"

namespace moonlab {

namespace {

const void* key_of(const at::Tensor& tensor) noexcept {
  if (!tensor.defined() || !tensor.unsafeGetTensorImpl()->has_storage()) return nullptr;
  return tensor.unsafeGetTensorImpl()->unsafe_storage().unsafeGetStorageImpl();
}

}  // namespace

const void* Governor::hold(const at::Tensor& tensor) {
  const void* key = key_of(tensor);
  if (!key) return nullptr;
  Held& h = held_[key];
  if (h.count++ == 0) {
    h.device = !tensor.device().is_cpu();
    h.bytes = static_cast<int64_t>(tensor.unsafeGetTensorImpl()->unsafe_storage().nbytes()) + kOverhead;
    live_[h.device] += h.bytes;
    peak_[h.device] = std::max(peak_[h.device], live_[h.device]);
    if (h.device && device_holds_++ % 32 == 0) device_level_ = cuda::bytes_allocated();
  }
  return key;
}

void Governor::release(const void* key) noexcept {
  if (!key) return;
  auto found = held_.find(key);
  if (found == held_.end()) return;
  Held& h = found->second;
  if (--h.count == 0) {
    live_[h.device] -= h.bytes;
    if (h.bytes >= kOriginFrom) origins_.erase(key);
    held_.erase(found);
  }
}

void Governor::collected(int64_t script_heap_bytes) {
  // 64 bytes of tensors a byte of heap: at 10 GB/s of elementwise work the collections take about a twentieth of the time
  const int64_t step = std::clamp(64 * script_heap_bytes, kSmallestStep, kLargestStep);
  limit_[0] = std::max(live_[0] + step, least_);
  if (live_[1] * 10 > limit_[1] * 8) limit_[1] = std::max<int64_t>(limit_[1] * 14 / 10, live_[1] * 5 / 4);
  device_level_ = cuda::bytes_allocated();
  level_limit_[0] = std::max({kLevelFrom, least_, cpu_bytes() + cpu_bytes() / 2});
  level_limit_[1] = std::max({kLevelFrom, least_, device_level_ + device_level_ / 2});
}

void Governor::note_origin(const at::Tensor& tensor, std::string origin) {
  if (const void* key = key_of(tensor)) origins_.emplace(key, std::move(origin));
}

std::vector<Governor::Holder> Governor::largest(size_t count) const {
  std::vector<std::pair<const void*, Held>> all(held_.begin(), held_.end());
  count = std::min(count, all.size());
  std::partial_sort(all.begin(), all.begin() + count, all.end(), [](const auto& a, const auto& b) { return a.second.bytes > b.second.bytes; });
  std::vector<Holder> result;
  for (size_t i = 0; i < count; ++i) {
    auto origin = origins_.find(all[i].first);
    result.push_back({all[i].second.bytes - kOverhead, all[i].second.device ? "cuda" : "cpu", origin == origins_.end() ? "" : origin->second});
  }
  return result;
}

}  // namespace moonlab
