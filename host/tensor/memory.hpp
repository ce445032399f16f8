// The memory governor: a script's collector does not see the bytes of tensors, so they are accounted for here.
//
// Every tensor that a script holds is charged with its storage, storages that alias once. Above a soft maximum the
// caller runs a full collection at a safe point; where most is still live afterwards, the maximum grows.
//
// What a script holds can be little beside what its garbage keeps alive: the graph behind one loss. So the bytes of all
// tensors count as well, as LibTorch's allocators know them: a collection also runs where they are 1.5 times what they
// were after the last one.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/flat_hash_map.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "host/tensor/cpu_memory.hpp"

namespace moonlab {

class Governor {
 public:
  Governor() { count_cpu_memory(); }

  /// Charges the storage of a tensor that a script takes hold of. The key (nullptr where there is no storage) gives
  /// the charge back, also when the tensor has got another storage since.
  const void* hold(const at::Tensor& tensor);
  /// Safe in a finaliser: never throws.
  void release(const void* key) noexcept;

  /// Whether the script's collector should run now.
  bool over() const { return live_[0] > limit_[0] || live_[1] > limit_[1] || cpu_bytes() > level_limit_[0] || device_level_ > level_limit_[1]; }
  /// After a collection: sets when the next one is due. A collection costs about 0.3 ns a byte of the script's heap, so
  /// a small heap is collected after a few MB of new tensors, which then find their memory still in the cache (add of
  /// 512 x 512: 104 us against 129 us with 160 MB between collections), a large one after kLargestStep.
  void collected(int64_t script_heap_bytes);

  /// Notes where the storage of this tensor was made, for the list of the largest holders.
  void note_origin(const at::Tensor& tensor, std::string origin);

  int64_t live(bool device = false) const { return live_[device]; }
  int64_t peak(bool device = false) const { return peak_[device]; }
  int64_t limit(bool device = false) const { return limit_[device]; }
  /// No collection below so many live bytes (0: as collected() says).
  void set_limit(int64_t bytes) {
    least_ = limit_[0] = limit_[1] = bytes;
    level_limit_[0] = level_limit_[1] = std::max(kLevelFrom, bytes);
  }
  void reset_peak() { peak_[0] = live_[0], peak_[1] = live_[1]; }
  size_t storages() const { return held_.size(); }

  struct Holder {
    int64_t bytes;
    std::string device, origin;
  };
  /// The largest storages that a script holds, largest first.
  std::vector<Holder> largest(size_t count) const;

  static constexpr int64_t kSmallestStep = int64_t{24} << 20, kLargestStep = int64_t{160} << 20;
  static constexpr int64_t kOriginFrom = 1 << 20;  // only storages of a MB and more carry where they were made

 private:
  struct Held {
    uint32_t count = 0;
    bool device = false;
    int64_t bytes = 0;
  };
  // A tensor costs some hundred bytes beside its storage: without them a million scalars would count as nothing.
  static constexpr int64_t kOverhead = 512;

  ska::flat_hash_map<const void*, Held> held_;
  ska::flat_hash_map<const void*, std::string> origins_;
  int64_t live_[2] = {0, 0}, peak_[2] = {0, 0};  // host memory, device memory
  int64_t limit_[2] = {kSmallestStep, kLargestStep}, least_ = 0;
  // of all tensors, a script's or not
  static constexpr int64_t kLevelFrom = int64_t{320} << 20;
  int64_t level_limit_[2] = {kLevelFrom, kLevelFrom};
  int64_t device_level_ = 0;  // asked for now and then: the answer costs microseconds
  uint32_t device_holds_ = 0;
};

}  // namespace moonlab
