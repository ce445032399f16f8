// Transforms of functions: vmap, gradients that nest inside it, forward-mode derivatives. One layer of functorch, or
// one level of dual numbers, for the lifetime of an object; layers are a stack of the thread and end in reverse order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

namespace moonlab {

/// Inside, operators run once for all of a batch whose dim is hidden (torch.func.vmap).
class VmapLayer {
 public:
  /// `randomness`: "error" (random operators are refused), "different" for each sample, or "same".
  VmapLayer(int64_t batch_size, std::string_view randomness);
  ~VmapLayer();
  VmapLayer(const VmapLayer&) = delete;

  int64_t level() const { return level_; }

 private:
  int64_t level_;
};

/// x as seen inside the layer: dim `dim` (from 0, or from the end if negative), of the batch's size, is hidden.
at::Tensor hide_batch_dim(const at::Tensor& x, int64_t dim, int64_t level);

/// A result as seen outside: the hidden dim becomes `dim`; a result that does not depend on the batch is expanded.
at::Tensor show_batch_dim(const at::Tensor& x, int64_t dim, int64_t level, int64_t batch_size);

/// Inside, a gradient can be taken of what a layer further out has wrapped (torch.func.grad within vmap).
class GradLayer {
 public:
  GradLayer();
  ~GradLayer();
  GradLayer(const GradLayer&) = delete;

  int64_t level() const { return level_; }

 private:
  int64_t level_;
};

/// x inside the layer; `differentiate`: as a leaf that requires a gradient.
at::Tensor wrap_for_grad(const at::Tensor& x, int64_t level, bool differentiate);

/// A result outside the layer.
at::Tensor unwrap_for_grad(const at::Tensor& x, int64_t level);

/// Inside, tensors may carry a tangent (forward mode). LibTorch knows one level at a time: a second raises.
class DualLevel {
 public:
  DualLevel();
  ~DualLevel();
  DualLevel(const DualLevel&) = delete;

  uint64_t level() const { return level_; }

 private:
  uint64_t level_;
};

/// The layer of a forward-mode transform; the outermost one opens the level of dual tensors that all of them share.
/// Tensors enter with wrap_for_grad and leave with unwrap_for_grad.
class JvpLayer {
 public:
  JvpLayer();
  ~JvpLayer();
  JvpLayer(const JvpLayer&) = delete;
  int64_t level() const { return level_; }

 private:
  int64_t level_;
  bool forward_before_;
  std::unique_ptr<DualLevel> outermost_;
};

}  // namespace moonlab
