// Backward passes, gradients, hooks on tensors and modes, without Lua.
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
void backward(const Tensors& outputs, const Tensors& gradients, std::optional<bool> retain_graph, bool create_graph,
              const Tensors& inputs);

/// d outputs / d inputs, undefined where an input is not used and allow_unused says so.
Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& grad_outputs,
                  std::optional<bool> retain_graph, bool create_graph, bool allow_unused);

/// Runs f on every gradient that arrives at this tensor; what it returns, if defined, replaces it. The number removes
/// it.
unsigned register_hook(const at::Tensor& tensor, std::function<at::Tensor(const at::Tensor&)> f);
void remove_hook(const at::Tensor& tensor, unsigned number);

bool grad_enabled();
void set_grad_enabled(bool enabled);
bool inference_enabled();

/// Counts a change in place that LibTorch did not see.
void increment_version(const at::Tensor& x);

enum class Mode { no_grad, enable_grad, inference, no_inference };

/// Sets a mode for its lifetime.
class ModeGuard {
 public:
  explicit ModeGuard(Mode mode);
  ~ModeGuard();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace moonlab
