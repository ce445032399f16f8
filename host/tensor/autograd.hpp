// Backward passes, gradients, custom functions and modes, without Lua.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <memory>
#include <optional>
#include <vector>

namespace moonlab {

using Tensors = std::vector<at::Tensor>;

/// outputs.backward(gradients): accumulates into .grad of the leaves, or of `inputs` alone. A missing gradient is one
/// for an output of one element, otherwise an error.
void backward(const Tensors& outputs, const Tensors& gradients, std::optional<bool> retain_graph, bool create_graph, const Tensors& inputs);

/// d outputs / d inputs, undefined where an input is not used and allow_unused says so.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& grad_outputs, std::optional<bool> retain_graph,
                  bool create_graph, bool allow_unused);

/// A function with its own backward. `forward` and `backward` run without recording; the returned tensors are wired so
/// that backward(gradients of the outputs) gives one gradient (or none) for each input.
Tensors custom_function(const Tensors& inputs, const std::function<Tensors(const Tensors&)>& forward,
                        std::function<Tensors(const Tensors&)> backward);

/// Runs f on every gradient that arrives at this tensor; what it returns, if defined, replaces it. The number removes it.
unsigned register_hook(const at::Tensor& tensor, std::function<at::Tensor(const at::Tensor&)> f);
void remove_hook(const at::Tensor& tensor, unsigned number);

bool grad_enabled();

enum class Mode { no_grad, enable_grad, inference };

/// Sets a mode for its lifetime.
class ModeGuard {
 public:
  explicit ModeGuard(Mode mode);
  ~ModeGuard();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

/// Backward passes call back on the calling thread, also for CUDA, so that hooks may enter a script's state.
void run_backward_on_calling_thread();

}  // namespace moonlab
