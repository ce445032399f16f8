#include "host/device.hpp"

#include <ATen/Context.h>
#include <c10/core/impl/VirtualGuardImpl.h>
#include <dlfcn.h>
#include <link.h>
#include <unistd.h>

#include <atomic>
#include <mutex>

#include "host/cuda_hooks.hpp"
#include "host/error.hpp"
#include "host/rng.hpp"

namespace moonlab {

namespace {

std::atomic<bool> opened{false};

// Opening twice is harmless; failing leaves things as they were, so that a later call says why again.
void open_cuda() {
  static std::mutex mutex;
  std::lock_guard lock(mutex);
  if (opened) return;
  if (gpu_count() == 0) fail("device 'cuda': no NVIDIA GPU or driver here (available: cpu)");
  for (const char* library : {"libc10_cuda.so", "libtorch_cuda.so"})
    if (!dlopen(library, RTLD_NOW | RTLD_GLOBAL))
      fail("device 'cuda': this LibTorch cannot use CUDA: ", dlerror(), "; a CUDA build of LibTorch and its NVIDIA libraries are needed (MOONLAB_TORCH=/path/to/libtorch)");
  if (!cuda::connect_hooks()) fail("device 'cuda': this LibTorch has CUDA's libraries, but they do not answer");
  at::globalContext().lazyInitDevice(c10::DeviceType::CUDA);
  opened = true;
  seed_device(c10::DeviceType::CUDA);
}

}  // namespace

int gpu_count() {
  static const int count = [] {
    void* driver = dlopen("libcuda.so.1", RTLD_LAZY | RTLD_LOCAL);
    if (!driver) return 0;
    auto init = reinterpret_cast<int (*)(unsigned)>(dlsym(driver, "cuInit"));
    auto get = reinterpret_cast<int (*)(int*)>(dlsym(driver, "cuDeviceGetCount"));
    int n = 0;
    return init && get && init(0) == 0 && get(&n) == 0 ? n : 0;
  }();
  return count;
}

bool cuda_is_open() { return opened; }

bool cuda_is_available() {
  static const bool libraries = [] {
    void* cpu = dlopen("libtorch_cpu.so", RTLD_LAZY | RTLD_NOLOAD);
    const link_map* file = nullptr;
    if (!cpu || dlinfo(cpu, RTLD_DI_LINKMAP, &file) != 0) return false;
    const std::string path = file->l_name;
    return access((path.substr(0, path.rfind('/') + 1) + "libtorch_cuda.so").c_str(), R_OK) == 0;
  }();
  return libraries && gpu_count() > 0;
}

at::Device open_device(std::string_view name) {
  const std::string_view type = name.substr(0, name.find(':'));
  bool known = false;
  for (std::string_view t : {"cpu", "cuda", "meta"}) known |= type == t;
  if (!known) fail("unknown device '", name, "'", did_you_mean(type, {"cpu", "cuda", "meta"}), " (cpu, cuda, cuda:1, meta)");
  if (type != name && (name.size() == type.size() + 1 || name.find_first_not_of("0123456789", type.size() + 1) != name.npos))
    fail("device '", name, "': the part after ':' must be a number");
  at::Device device{std::string(name)};
  if (!device.is_cuda()) return device;
  open_cuda();
  if (device.index() >= gpu_count()) fail("device '", name, "': there ", gpu_count() == 1 ? "is 1 GPU" : "are " + std::to_string(gpu_count()) + " GPUs", ", counted from 0");
  return device;
}

void synchronize(const at::Device& device) {
  if (!device.is_cuda() || !opened) return;
  c10::impl::VirtualGuardImpl guard(device.type());
  guard.synchronizeDevice(device.index() < 0 ? guard.getDevice().index() : device.index());
}

}  // namespace moonlab
