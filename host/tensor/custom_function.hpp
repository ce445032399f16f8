// Functions with a gradient of their own, wired into LibTorch's graph as its Python layer wires them.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace moonlab {

using Tensors = std::vector<at::Tensor>;

/// What a forward gave, and what it said about its inputs and outputs.
struct ForwardResult {
  Tensors outputs;             // undefined ones stay undefined
  Tensors saved;               // for backward: what SavedTensors gives back
  Tensors dirty;               // inputs changed in place; they must be outputs as well
  Tensors non_differentiable;  // outputs without a gradient
  bool materialize = true;     // missing gradients arrive as zeros
  bool late = false;           // saved by a set-up that saw the outputs, after a forward without a context
};

/// The tensors that a custom function saved: kept as LibTorch keeps its own, so that a change in place after the call
/// is noticed, outputs make no cycle, and hooks on saved tensors apply. Freed by backward unless the graph is retained.
class SavedTensors {
 public:
  SavedTensors();
  ~SavedTensors();
  /// Throws where the graph was freed, or a tensor changed since. Within jvp and outside any graph: as they were.
  Tensors unpack() const;
  /// Which inputs want a gradient, in the backward that runs now or else at the call.
  std::vector<bool> needs_input_grad() const;

  struct Impl;
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
};

/// What the script gives. `backward` maps gradients of the outputs to one (or none) for each input; `jvp`, which may be
/// empty, tangents of the inputs (undefined where there is none) to tangents of the outputs.
struct CustomFunction {
  std::string name;
  std::function<ForwardResult()> forward;
  std::function<Tensors(const Tensors&)> backward;
  std::function<Tensors(const Tensors&)> jvp;
};

/// Runs forward without recording and wires its outputs. `inputs` holds an undefined tensor for every argument that is
/// none. Outputs that are inputs become tensors of their own unless they are dirty.
Tensors call_custom(const Tensors& inputs, const CustomFunction& function, const std::shared_ptr<SavedTensors>& saved);

/// The tensors, passed through a node that raises this message when gradients flow through it: for backwards that
/// cannot be differentiated again.
Tensors delayed_error(const Tensors& tensors, const std::string& message);

}  // namespace moonlab
