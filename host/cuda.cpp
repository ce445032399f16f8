#include "host/cuda.hpp"

#include <ATen/core/Tensor.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>

#include "host/device.hpp"
#include "host/error.hpp"

namespace moonlab::cuda {

namespace {

constexpr auto kCuda = c10::DeviceType::CUDA;

c10::impl::VirtualGuardImpl guard() {
  open_device("cuda");
  return c10::impl::VirtualGuardImpl(kCuda);
}

c10::DeviceAllocator& allocator() { return *c10::getDeviceAllocator(kCuda); }

/// A function of the driver's library, which open_device found already.
template <class Function>
Function driver(const char* name) {
  void* library = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
  void* f = library ? dlsym(library, name) : nullptr;
  if (!f) fail("the NVIDIA driver here has no ", name);
  return reinterpret_cast<Function>(f);
}

void check_driver(int code, const char* what) {
  if (code != 0) fail("the NVIDIA driver refuses ", what, " with code ", code);
}

}  // namespace

at::Device device(int index) {
  if (index < -1) fail("device ", index, ": GPUs are counted from 0");
  open_device(index < 0 ? "cuda" : "cuda:" + std::to_string(index));
  return at::Device(kCuda, static_cast<c10::DeviceIndex>(index < 0 ? current_device() : index));
}

int current_device() { return guard().getDevice().index(); }

void set_device(int index) {
  const at::Device d = device(index);
  guard().setDevice(d);
}

Properties properties(int index) {
  if (gpu_count() == 0) open_device("cuda");  // says why
  if (index < 0) index = cuda_is_open() ? current_device() : 0;
  if (index >= gpu_count()) fail("device 'cuda:", index, "': there ", gpu_count() == 1 ? "is 1 GPU" : "are " + std::to_string(gpu_count()) + " GPUs", ", counted from 0");
  int handle = 0;
  check_driver(driver<int (*)(int*, int)>("cuDeviceGet")(&handle, index), "this GPU");
  Properties p;
  char name[256] = {};
  check_driver(driver<int (*)(char*, int, int)>("cuDeviceGetName")(name, sizeof name, handle), "its name");
  p.name = name;
  size_t total = 0;
  check_driver(driver<int (*)(size_t*, int)>("cuDeviceTotalMem_v2")(&total, handle), "its memory");
  p.numbers.emplace_back("total_memory", static_cast<int64_t>(total));
  unsigned char id[16] = {};
  check_driver(driver<int (*)(unsigned char*, int)>("cuDeviceGetUuid")(id, handle), "its UUID");
  for (int i = 0; i < 16; ++i) {
    constexpr char kDigits[] = "0123456789abcdef";
    if (i == 4 || i == 6 || i == 8 || i == 10) p.uuid += '-';
    p.uuid += kDigits[id[i] >> 4];
    p.uuid += kDigits[id[i] & 15];
  }
  // CUdevice_attribute
  constexpr std::pair<const char*, int> kAttributes[] = {
      {"major", 75}, {"minor", 76}, {"multi_processor_count", 16}, {"warp_size", 10}, {"max_threads_per_block", 1},
      {"max_threads_per_multi_processor", 39}, {"regs_per_multiprocessor", 82}, {"shared_memory_per_block", 8},
      {"shared_memory_per_block_optin", 97}, {"shared_memory_per_multiprocessor", 81}, {"L2_cache_size", 38},
      {"clock_rate", 13}, {"memory_clock_rate", 36}, {"memory_bus_width", 37}, {"is_integrated", 18},
      {"is_multi_gpu_board", 84}, {"pci_bus_id", 33}, {"pci_device_id", 34}, {"pci_domain_id", 50}};
  auto attribute = driver<int (*)(int*, int, int)>("cuDeviceGetAttribute");
  for (const auto& [key, number] : kAttributes) {
    int value = 0;
    if (attribute(&value, number, handle) == 0) p.numbers.emplace_back(key, value);  // a driver need not know all
  }
  return p;
}

int64_t bytes_allocated() {
  if (!cuda_is_open()) return 0;
  int64_t sum = 0;
  for (int i = 0; i < gpu_count(); ++i)
    sum += allocator().getDeviceStats(static_cast<c10::DeviceIndex>(i)).allocated_bytes[0].current;
  return sum;
}

void empty_cache() {
  if (cuda_is_open()) allocator().emptyCache();
}

std::vector<std::pair<std::string, int64_t>> memory_stats(int index) {
  const at::Device d = device(index);
  const auto s = allocator().getDeviceStats(d.index());
  std::vector<std::pair<std::string, int64_t>> result;
  auto add = [&](const std::string& name, const auto& stat) {
    result.emplace_back(name + ".current", stat.current);
    result.emplace_back(name + ".peak", stat.peak);
    result.emplace_back(name + ".allocated", stat.allocated);
    result.emplace_back(name + ".freed", stat.freed);
  };
  auto by_pool = [&](const std::string& name, const auto& stats) {
    constexpr const char* kPools[] = {"all", "small_pool", "large_pool"};
    for (size_t i = 0; i < 3; ++i) add(name + "." + kPools[i], stats[i]);
  };
  by_pool("allocation", s.allocation);
  by_pool("segment", s.segment);
  by_pool("active", s.active);
  by_pool("inactive_split", s.inactive_split);
  by_pool("allocated_bytes", s.allocated_bytes);
  by_pool("reserved_bytes", s.reserved_bytes);
  by_pool("active_bytes", s.active_bytes);
  by_pool("inactive_split_bytes", s.inactive_split_bytes);
  by_pool("requested_bytes", s.requested_bytes);
  add("oversize_allocations", s.oversize_allocations);
  add("oversize_segments", s.oversize_segments);
  for (const auto& [name, n] : {std::pair{"num_alloc_retries", s.num_alloc_retries}, {"num_ooms", s.num_ooms},
                                {"num_sync_all_streams", s.num_sync_all_streams}, {"num_device_alloc", s.num_device_alloc},
                                {"num_device_free", s.num_device_free}, {"max_split_size", s.max_split_size}})
    result.emplace_back(name, n);
  return result;
}

void reset_peak_memory_stats(int index) {
  const at::Device d = device(index);
  allocator().resetPeakStats(d.index());
}

void reset_accumulated_memory_stats(int index) {
  const at::Device d = device(index);
  allocator().resetAccumulatedStats(d.index());
}

std::pair<int64_t, int64_t> mem_get_info(int index) {
  const at::Device d = device(index);
  const auto [available, total] = allocator().getMemoryInfo(d.index());
  return {static_cast<int64_t>(available), static_cast<int64_t>(total)};
}

c10::Stream new_stream(int index, int priority) {
  const at::Device d = device(index);
  return guard().getNewStream(d, priority);
}

c10::Stream current_stream(int index) {
  const at::Device d = device(index);
  return guard().getStream(d);
}

c10::Stream default_stream(int index) {
  const at::Device d = device(index);
  return guard().getDefaultStream(d);
}

void set_stream(const c10::Stream& stream) {
  auto g = guard();
  g.setDevice(stream.device());
  g.exchangeStream(stream);
}

bool query(const c10::Stream& stream) { return guard().queryStream(stream); }
void synchronize(const c10::Stream& stream) { guard().synchronizeStream(stream); }
uint64_t native_handle(const c10::Stream& stream) { return reinterpret_cast<uint64_t>(guard().getStreamNativeHandle(stream)); }

std::shared_ptr<c10::Event> new_event(bool timing) {
  open_device("cuda");
  return std::make_shared<c10::Event>(kCuda, timing ? c10::EventFlag::BACKEND_DEFAULT : c10::EventFlag::PYTORCH_DEFAULT);
}

void record_stream(const at::Tensor& tensor, const c10::Stream& stream) {
  guard().recordDataPtrOnStream(tensor.storage().data_ptr(), stream);
}

}  // namespace moonlab::cuda
