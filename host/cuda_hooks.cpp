#include "host/cuda_hooks.hpp"

#include <ATen/core/Generator.h>
#include <ATen/detail/CUDAHooksInterface.h>

#include <atomic>
#include <memory>

namespace moonlab::cuda {

namespace {

const at::CUDAHooksInterface kWithout{};

/// Every question of the interface, passed on.
struct ForwardingHooks final : at::CUDAHooksInterface {
  explicit ForwardingHooks(const at::CUDAHooksArgs&) {
    ForwardingHooks* none = nullptr;
    current.compare_exchange_strong(none, this);
  }

  void init() const override { return to().init(); }
  const at::Generator& getDefaultGenerator(c10::DeviceIndex device_index) const override { return to().getDefaultGenerator(device_index); }
  at::Generator getNewGenerator(c10::DeviceIndex device_index) const override { return to().getNewGenerator(device_index); }
  at::Device getDeviceFromPtr(void* data) const override { return to().getDeviceFromPtr(data); }
  bool isPinnedPtr(const void* data) const override { return to().isPinnedPtr(data); }
  bool hasCUDA() const override { return to().hasCUDA(); }
  bool hasCUDART() const override { return to().hasCUDART(); }
  bool hasMAGMA() const override { return to().hasMAGMA(); }
  bool hasCuDNN() const override { return to().hasCuDNN(); }
  bool hasCuSOLVER() const override { return to().hasCuSOLVER(); }
  bool hasCuBLASLt() const override { return to().hasCuBLASLt(); }
  bool hasROCM() const override { return to().hasROCM(); }
  bool hasCKSDPA() const override { return to().hasCKSDPA(); }
  bool hasCKGEMM() const override { return to().hasCKGEMM(); }
  const at::cuda::NVRTC& nvrtc() const override { return to().nvrtc(); }
  bool hasPrimaryContext(c10::DeviceIndex device_index) const override { return to().hasPrimaryContext(device_index); }
  c10::DeviceIndex current_device() const override { return to().current_device(); }
  at::Allocator* getPinnedMemoryAllocator() const override { return to().getPinnedMemoryAllocator(); }
  at::Allocator* getCUDADeviceAllocator() const override { return to().getCUDADeviceAllocator(); }
  bool compiledWithCuDNN() const override { return to().compiledWithCuDNN(); }
  bool compiledWithMIOpen() const override { return to().compiledWithMIOpen(); }
  bool supportsDilatedConvolutionWithCuDNN() const override { return to().supportsDilatedConvolutionWithCuDNN(); }
  bool supportsDepthwiseConvolutionWithCuDNN() const override { return to().supportsDepthwiseConvolutionWithCuDNN(); }
  bool supportsBFloat16ConvolutionWithCuDNNv8() const override { return to().supportsBFloat16ConvolutionWithCuDNNv8(); }
  bool supportsBFloat16RNNWithCuDNN() const override { return to().supportsBFloat16RNNWithCuDNN(); }
  long versionCuDNN() const override { return to().versionCuDNN(); }
  long versionRuntimeCuDNN() const override { return to().versionRuntimeCuDNN(); }
  long versionCuDNNFrontend() const override { return to().versionCuDNNFrontend(); }
  long versionMIOpen() const override { return to().versionMIOpen(); }
  long versionHipBLASLt() const override { return to().versionHipBLASLt(); }
  long versionCUDART() const override { return to().versionCUDART(); }
  std::string showConfig() const override { return to().showConfig(); }
  double batchnormMinEpsilonCuDNN() const override { return to().batchnormMinEpsilonCuDNN(); }
  int64_t cuFFTGetPlanCacheMaxSize(c10::DeviceIndex device_index) const override { return to().cuFFTGetPlanCacheMaxSize(device_index); }
  void cuFFTSetPlanCacheMaxSize(c10::DeviceIndex device_index, int64_t max_size) const override { return to().cuFFTSetPlanCacheMaxSize(device_index, max_size); }
  int64_t cuFFTGetPlanCacheSize(c10::DeviceIndex device_index) const override { return to().cuFFTGetPlanCacheSize(device_index); }
  void cuFFTClearPlanCache(c10::DeviceIndex device_index) const override { return to().cuFFTClearPlanCache(device_index); }
  int getNumGPUs() const override { return to().getNumGPUs(); }
  void deviceSynchronize(c10::DeviceIndex device_index) const override { return to().deviceSynchronize(device_index); }
  bool isBuilt() const override { return to().isBuilt(); }
  bool isAvailable() const override { return to().isAvailable(); }
  c10::DeviceIndex deviceCount() const override { return to().deviceCount(); }
  void setCurrentDevice(c10::DeviceIndex device) const override { return to().setCurrentDevice(device); }
  c10::DeviceIndex getCurrentDevice() const override { return to().getCurrentDevice(); }
  c10::DeviceIndex exchangeDevice(c10::DeviceIndex device) const override { return to().exchangeDevice(device); }
  c10::DeviceIndex maybeExchangeDevice(c10::DeviceIndex device) const override { return to().maybeExchangeDevice(device); }

  const at::CUDAHooksInterface& to() const { return *target.load(std::memory_order_acquire); }

  std::atomic<const at::CUDAHooksInterface*> target{&kWithout};
  static std::atomic<ForwardingHooks*> current;  // the one that LibTorch keeps, once it has asked
};

std::atomic<ForwardingHooks*> ForwardingHooks::current{nullptr};

// With the lowest priority: libtorch_cuda.so registers its own under the same name and takes the place.
const bool registered = [] {
  at::CUDAHooksRegistry()->Register(
      "CUDAHooks", [](const at::CUDAHooksArgs& args) -> std::unique_ptr<at::CUDAHooksInterface> { return std::make_unique<ForwardingHooks>(args); },
      c10::REGISTRY_FALLBACK);
  return true;
}();

}  // namespace

bool connect_hooks() {
  static std::unique_ptr<at::CUDAHooksInterface> real;
  if (ForwardingHooks* kept = ForwardingHooks::current) {
    if (!real) real = at::CUDAHooksRegistry()->Create("CUDAHooks", at::CUDAHooksArgs{});
    if (real && !dynamic_cast<ForwardingHooks*>(real.get())) kept->target = real.get();
    else real.reset();
  }
  return registered && at::detail::getCUDAHooks().hasCUDA();
}

}  // namespace moonlab::cuda
