#include "host/tensor/cpu_memory.hpp"

#include <c10/core/CPUAllocator.h>
#include <malloc.h>

#include <atomic>
#include <cstring>
#include <limits>
#include <mutex>

#include "host/error.hpp"

namespace moonlab {

namespace {

constexpr int64_t kNoLimit = std::numeric_limits<int64_t>::max();

std::atomic<int64_t> level{0}, highest{0}, limit{kNoLimit};
thread_local MemoryObserver observer = nullptr;
c10::Allocator* base = nullptr;
c10::DeleterFnPtr base_release = nullptr;

[[noreturn]] void out_of_memory(size_t bytes, const char* why) {
  std::ostringstream text;
  text << "out of memory: no room for a tensor of " << bytes << " bytes, " << why << " (" << level << " bytes are in tensors)";
  throw c10::OutOfMemoryError({__func__, __FILE__, static_cast<uint32_t>(__LINE__)}, text.str());
}

void count(int64_t requested, int64_t bytes) noexcept {
  const int64_t now = level.fetch_add(bytes, std::memory_order_relaxed) + bytes;
  int64_t top = highest.load(std::memory_order_relaxed);
  while (now > top && !highest.compare_exchange_weak(top, now, std::memory_order_relaxed)) {
  }
  if (observer) observer(requested, bytes);
}

// The block itself knows its size, so that nothing has to be remembered for its release.
void release(void* data) {
  count(0, -static_cast<int64_t>(malloc_usable_size(data)));
  base_release(data);
}

struct CountingAllocator final : c10::Allocator {
  c10::DataPtr allocate(size_t bytes) override {
    if (bytes > static_cast<size_t>(kNoLimit) - static_cast<size_t>(level) || level + static_cast<int64_t>(bytes) > limit)
      out_of_memory(bytes, "above the limit that was set");
    c10::DataPtr block;
    try {
      block = base->allocate(bytes);
    } catch (const c10::Error&) {
      out_of_memory(bytes, "the system gives no more");
    }
    void* data = block.get();
    if (!data || block.get_context() != data || block.get_deleter() != base_release) return block;
    block.release_context();
    count(static_cast<int64_t>(bytes), static_cast<int64_t>(malloc_usable_size(data)));
    return {data, data, &release, c10::Device(c10::DeviceType::CPU)};
  }
  c10::DeleterFnPtr raw_deleter() const override { return &release; }
  void copy_data(void* to, const void* from, size_t bytes) const override { std::memcpy(to, from, bytes); }
};

}  // namespace

void count_cpu_memory() {
  static CountingAllocator allocator;
  static std::once_flag once;  // worker threads have governors of their own
  std::call_once(once, [] {
    base = c10::GetCPUAllocator();
    base_release = base->raw_deleter();
    if (base_release) c10::SetCPUAllocator(&allocator);
  });
}

int64_t cpu_bytes() noexcept { return level.load(std::memory_order_relaxed); }
int64_t cpu_peak() noexcept { return highest.load(std::memory_order_relaxed); }
void reset_cpu_peak() noexcept { highest = level.load(); }

void set_cpu_limit(int64_t bytes) noexcept { limit = bytes > 0 ? bytes : kNoLimit; }
int64_t cpu_limit() noexcept { return limit == kNoLimit ? 0 : limit.load(); }

void observe_cpu_memory(MemoryObserver o) noexcept { observer = o; }

}  // namespace moonlab
