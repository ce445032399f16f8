// The Lua state of a worker's thread.
#pragma once

#include <functional>

#include "bindings/program_state.hpp"
#include "bindings/state.hpp"

namespace moonlab::lua {

/// Made and destroyed on the worker's own thread. Lua code in it stops where the worker is asked to stop.
class WorkerState {
 public:
  /// Throws Error where stdlib does not load.
  WorkerState(const ProgramOptions& options, uint64_t seed);
  ~WorkerState();
  WorkerState(const WorkerState&) = delete;

  lua_State* state() const { return L; }

  /// Runs `work` inside Lua's protection: the error that it throws or that Lua raises in it as text, or "". The stack
  /// is as before.
  std::string protect(const std::function<void()>& work);

 private:
  lua_State* L;
};

/// Restarts the random numbers of the calling worker: LibTorch's default generator and math.random.
void restart_random(lua_State* L, uint64_t seed);

}  // namespace moonlab::lua
