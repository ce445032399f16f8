// Devices. CUDA's libraries are opened when CUDA is first asked for, so that a start costs nothing of them.
#pragma once

#include <c10/core/Device.h>

#include <string>
#include <string_view>

namespace moonlab {

/// A device by its name ("cpu", "cuda", "cuda:1", "meta"), ready to be used: opens CUDA where it names one. Raises where
/// the name is unknown, this LibTorch has no CUDA, or there is no such GPU.
at::Device open_device(std::string_view name);

/// Number of GPUs that the driver shows, found without opening LibTorch's CUDA libraries; 0 without a driver.
int gpu_count();

/// Whether there is a GPU and this LibTorch has libraries for it, found without opening them.
bool cuda_is_available();

/// Whether LibTorch's CUDA libraries are in use in this process.
bool cuda_is_open();

/// Waits until the GPU has done all work given to it. No effect on a process that never used one.
void synchronize(const at::Device& device);

}  // namespace moonlab
