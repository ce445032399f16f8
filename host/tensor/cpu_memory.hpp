// Counts the bytes that tensors hold in main memory, whoever made them: a script, a layer in C++, a graph that waits for its
// backward. A script's collector sees none of these, and what a script holds is only a part of them.
#pragma once

#include <cstdint>

namespace moonlab {

/// From now on tensors' memory comes from LibTorch's allocator through a counter. Once, at the start.
void count_cpu_memory();

/// Bytes in tensors on the CPU now, and the most since the start or reset_cpu_peak().
int64_t cpu_bytes() noexcept;
int64_t cpu_peak() noexcept;
void reset_cpu_peak() noexcept;

/// An allocation that would bring the bytes above this raises c10::OutOfMemoryError; 0 is no limit.
void set_cpu_limit(int64_t bytes) noexcept;
int64_t cpu_limit() noexcept;

/// Called on this thread for every allocation with the bytes asked for and those taken, which can be more, and for every
/// release with 0 and the bytes given back as a negative number; for the profiler.
using MemoryObserver = void (*)(int64_t requested, int64_t taken);
void observe_cpu_memory(MemoryObserver observer) noexcept;

}  // namespace moonlab
