// CUDA graphs: a stretch of work on the GPU, captured once and given to it as a whole ever after.
//
// LibTorch's class for them needs CUDA's headers, so its functions are found in libtorch_cuda.so by name. What a graph
// reads and writes stays where it was: new inputs are copied into the captured ones.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>

namespace moonlab::cuda {

/// Names a memory pool that several graphs share; {0, 0} is one of its own.
using Pool = std::pair<unsigned long long, unsigned long long>;
Pool graph_pool();

class Graph {
 public:
  Graph();
  ~Graph();
  Graph(const Graph&) = delete;

  /// Captures what this thread gives the current stream, which must not be the default one, until capture_end().
  /// `mode` is "global", "thread_local" or "relaxed": which threads' unsafe calls end the capture.
  void capture_begin(Pool pool, const std::string& mode);
  void capture_end();
  /// Gives the whole to the current stream. Raises where nothing was captured.
  void replay();
  void reset();
  Pool pool() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// What happens where the CPU waits for the GPU unasked: 0 nothing, 1 a warning, 2 an error.
void set_sync_debug_mode(int mode);
int sync_debug_mode();

}  // namespace moonlab::cuda
