#include "host/cuda_hooks.hpp"

#include <ATen/Context.h>
#include <ATen/detail/CUDAHooksInterface.h>
#include <catch2/catch.hpp>

#include "host/device.hpp"
#include "host/error.hpp"

namespace {

/// What libtorch_cuda.so registers when it is opened, as far as a machine without a GPU can have it.
struct PaperHooks : at::CUDAHooksInterface {
  explicit PaperHooks(const at::CUDAHooksArgs&) {}
  bool hasCUDA() const override { return true; }
  int getNumGPUs() const override { return 3; }
  c10::DeviceIndex deviceCount() const override { return 3; }
  bool isPinnedPtr(const void* p) const override { return p == this; }
};

}  // namespace

TEST_CASE("CUDA's hooks can come after LibTorch has asked for them") {
  if (moonlab::cuda_is_open() || moonlab::gpu_count() > 0) return;  // then the real ones are there
  const at::CUDAHooksInterface& kept = at::detail::getCUDAHooks();
  CHECK_FALSE(at::globalContext().hasCUDA());
  CHECK(kept.getNumGPUs() == 0);
  CHECK_FALSE(moonlab::cuda::connect_hooks());  // nothing was registered yet

  at::CUDAHooksRegistry()->Register(
      "CUDAHooks", [](const at::CUDAHooksArgs& args) -> std::unique_ptr<at::CUDAHooksInterface> { return std::make_unique<PaperHooks>(args); });
  CHECK_FALSE(at::globalContext().hasCUDA());
  CHECK(moonlab::cuda::connect_hooks());
  CHECK(at::globalContext().hasCUDA());
  CHECK(&at::detail::getCUDAHooks() == &kept);
  CHECK(kept.getNumGPUs() == 3);
  CHECK(kept.deviceCount() == 3);
  CHECK_FALSE(kept.isPinnedPtr(nullptr));
}
