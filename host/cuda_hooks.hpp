// LibTorch asks for CUDA's hooks once, at the first question about CUDA (a backward pass on the CPU is one), and keeps
// what it got. CUDA's libraries are opened later, when a script first names the device: so it gets hooks that answer as
// a LibTorch without CUDA until then, and pass every question on from then on.
#pragma once

namespace moonlab::cuda {

/// After libtorch_cuda.so was opened: the hooks pass on to the real ones. Returns whether these know CUDA.
bool connect_hooks();

}  // namespace moonlab::cuda
