// The autograd engine with what a script adds to it: hooks on the tensors that a graph keeps, and the place in the
// script where a node was made, for anomaly mode.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>

namespace moonlab {

/// Makes it LibTorch's engine; called once before the first graph. Backward passes call back on the calling thread,
/// also for CUDA, so that hooks may enter a script's state.
void install_engine();

/// What pack makes of a saved tensor stays opaque here; unpack gives a tensor back from it.
struct SavedHooks {
  std::function<std::shared_ptr<void>(const at::Tensor&)> pack;
  std::function<at::Tensor(const std::shared_ptr<void>&)> unpack;
};

/// On this thread, for its lifetime: graphs keep what pack returns. The innermost applies.
class SavedHooksGuard {
 public:
  explicit SavedHooksGuard(SavedHooks hooks);
  ~SavedHooksGuard();
};

/// On this thread, for its lifetime: a graph that would keep a tensor through hooks is refused with this message.
class NoSavedHooksGuard {
 public:
  explicit NoSavedHooksGuard(std::string message);
  ~NoSavedHooksGuard();

 private:
  std::string before_;
};

/// Anomaly mode: every node remembers `where` it was made, backward stops at the first nan, and what fails in a
/// backward pass says which call of the forward it belongs to.
bool anomaly_enabled();
bool anomaly_checks_nan();
void set_anomaly(bool enabled, bool check_nan);
/// Gives the place in the script that runs on this thread; set by the owner of the script.
void set_traceback(std::function<std::string()> where);

/// The place that belongs to the last failure of a backward pass on this thread, and forgets it: "" where there is
/// none.
std::string take_anomaly();

}  // namespace moonlab
