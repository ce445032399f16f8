#include "host/cuda_graph.hpp"

#include <dlfcn.h>

#include <cstddef>

#include "host/cuda.hpp"
#include "host/device.hpp"
#include "host/error.hpp"

namespace moonlab::cuda {

namespace {

/// A function or variable of LibTorch's CUDA library by its C++ symbol; the same in 2.11 and 2.13.
template <class Pointer>
Pointer symbol(const char* name) {
  open_device("cuda");
  void* found = dlsym(RTLD_DEFAULT, name);
  if (!found) fail("this LibTorch's CUDA library has no ", name);
  return reinterpret_cast<Pointer>(found);
}

int* debug_mode() { return symbol<int*>("_ZZN3c104cuda13warning_stateEvE14warning_state_"); }

}  // namespace

Pool graph_pool() { return symbol<Pool (*)()>("_ZN2at4cuda17graph_pool_handleEv")(); }

// at::cuda::CUDAGraph in a place of its own, with more room than it has needed so far (under 500 bytes).
struct Graph::Impl {
  alignas(std::max_align_t) std::byte room[4096];
  bool capturing = false, captured = false;

  Impl() { symbol<void (*)(void*, bool)>("_ZN2at4cuda9CUDAGraphC1Eb")(room, false); }
  ~Impl() { symbol<void (*)(void*)>("_ZN2at4cuda9CUDAGraphD1Ev")(room); }
};

Graph::Graph() : impl_(new Impl) {}
Graph::~Graph() = default;

void Graph::capture_begin(Pool pool, const std::string& mode) {
  const int code = mode == "global" ? 0 : mode == "thread_local" ? 1 : mode == "relaxed" ? 2 : -1;
  if (code < 0) fail("capture_begin: unknown mode '", mode, "'", did_you_mean(mode, {"global", "thread_local", "relaxed"}), " (global, thread_local, relaxed)");
  if (impl_->capturing) fail("capture_begin: this graph is being captured already");
  if (impl_->captured) fail("capture_begin: this graph holds a capture; reset() it first");
  symbol<void (*)(void*, Pool, int)>("_ZN2at4cuda9CUDAGraph13capture_beginESt4pairIyyE21cudaStreamCaptureMode")(impl_->room, pool, code);
  impl_->capturing = true;
}

void Graph::capture_end() {
  if (!impl_->capturing) fail("capture_end: this graph is not being captured");
  impl_->capturing = false;
  symbol<void (*)(void*)>("_ZN2at4cuda9CUDAGraph11capture_endEv")(impl_->room);
  impl_->captured = true;
}

void Graph::replay() {
  if (!impl_->captured) fail("replay: nothing was captured");
  symbol<void (*)(void*)>("_ZN2at4cuda9CUDAGraph6replayEv")(impl_->room);
}

void Graph::reset() {
  symbol<void (*)(void*)>("_ZN2at4cuda9CUDAGraph5resetEv")(impl_->room);
  impl_->capturing = impl_->captured = false;
}

Pool Graph::pool() const {
  if (!impl_->capturing && !impl_->captured) fail("pool: a graph has one from capture_begin() on");
  return symbol<Pool (*)(void*)>("_ZN2at4cuda9CUDAGraph4poolEv")(impl_->room);
}

void set_sync_debug_mode(int mode) {
  if (mode < 0 || mode > 2) fail("set_sync_debug_mode: 0 (default), 1 (warn) or 2 (error), got ", mode);
  *debug_mode() = mode;
}

int sync_debug_mode() { return *debug_mode(); }

}  // namespace moonlab::cuda
