// CUDA for a script, in code that builds without CUDA: through LibTorch's device-independent interfaces and, for what the
// GPUs are, the driver. Everything here except properties() opens CUDA first and raises where there is none.
#pragma once

#include <c10/core/Event.h>
#include <c10/core/Stream.h>

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::cuda {

/// The GPU of this number, counted from 0; -1 is the current one.
at::Device device(int index = -1);
int current_device();
void set_device(int index);

/// What the driver says of a GPU, by PyTorch's names: "multi_processor_count", "total_memory", "major", "minor"...
struct Properties {
  std::string name, uuid;
  std::vector<std::pair<std::string, int64_t>> numbers;
};
Properties properties(int index);

/// Bytes in tensors on all GPUs; 0 where CUDA was never opened.
int64_t bytes_allocated();

/// Gives unused memory back to the driver. No effect where CUDA was never opened.
void empty_cache();

/// The caching allocator's counts by PyTorch's names: "allocated_bytes.all.current", "num_ooms"...
std::vector<std::pair<std::string, int64_t>> memory_stats(int index);
void reset_peak_memory_stats(int index);
void reset_accumulated_memory_stats(int index);
/// Free and total bytes of the GPU.
std::pair<int64_t, int64_t> mem_get_info(int index);

/// Streams. A new one comes from LibTorch's pool; a lower priority number runs first (-1 high, 0 normal).
c10::Stream new_stream(int index, int priority);
c10::Stream current_stream(int index);
c10::Stream default_stream(int index);
/// From now on this thread's work on the stream's device goes there, and that device is the current one.
void set_stream(const c10::Stream& stream);
bool query(const c10::Stream& stream);
void synchronize(const c10::Stream& stream);
/// cudaStream_t, for others' libraries.
uint64_t native_handle(const c10::Stream& stream);

std::shared_ptr<c10::Event> new_event(bool timing);

/// The tensor's memory is not given to others before what the stream has been given is done.
void record_stream(const at::Tensor& tensor, const c10::Stream& stream);

}  // namespace moonlab::cuda
