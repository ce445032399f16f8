#include "host/tensor/functorch.hpp"

#include <ATen/core/grad_mode.h>
#include <ATen/functorch/BatchedTensorImpl.h>
#include <ATen/functorch/DynamicLayer.h>
#include <ATen/functorch/TensorWrapper.h>
#include <c10/core/AutogradState.h>
#include <torch/csrc/autograd/forward_grad.h>

#include "host/error.hpp"

namespace moonlab {

namespace ft = at::functorch;

namespace {

ft::RandomnessType randomness_of(std::string_view word) {
  if (word == "error") return ft::RandomnessType::Error;
  if (word == "same") return ft::RandomnessType::Same;
  if (word == "different") return ft::RandomnessType::Different;
  fail("vmap: randomness must be 'error', 'different' or 'same', got '", word, "'",
       did_you_mean(word, {"error", "different", "same"}));
}

int64_t wrapped_dim(int64_t dim, int64_t dims, const char* what) {
  if (dim < -dims || dim >= dims) fail("vmap: ", what, " must lie in [", -dims, ", ", dims - 1, "], got ", dim);
  return dim < 0 ? dim + dims : dim;
}

}  // namespace

VmapLayer::VmapLayer(int64_t batch_size, std::string_view randomness)
    : level_(ft::initAndPushDynamicLayer(ft::TransformType::Vmap, c10::SymInt(batch_size), randomness_of(randomness))) {
}

VmapLayer::~VmapLayer() { ft::popDynamicLayerAndDeleteMetadata(); }

at::Tensor hide_batch_dim(const at::Tensor& x, int64_t dim, int64_t level) {
  return ft::addBatchDim(x, wrapped_dim(dim, x.dim(), "in_dims"), level);
}

at::Tensor show_batch_dim(const at::Tensor& x, int64_t dim, int64_t level, int64_t batch_size) {
  auto* batched = ft::maybeGetBatchedImpl(x);
  if (batched && batched->level() > level) fail("vmap: a tensor of an inner vmap has escaped from it");
  dim = wrapped_dim(dim, x.dim() + 1, "out_dims");
  if (batched && batched->level() == level) return batched->value().movedim(batched->bdim(), dim);
  std::vector<int64_t> sizes = x.sizes().vec();
  sizes.insert(sizes.begin() + dim, batch_size);
  return x.unsqueeze(dim).expand(sizes);
}

GradLayer::GradLayer()
    : level_(ft::initAndPushDynamicLayer(ft::TransformType::Grad, std::nullopt, std::nullopt,
                                         at::GradMode::is_enabled())) {}

GradLayer::~GradLayer() { ft::popDynamicLayerAndDeleteMetadata(); }

at::Tensor wrap_for_grad(const at::Tensor& x, int64_t level, bool differentiate) {
  at::Tensor wrapped = ft::makeTensorWrapper(x, level);
  if (!differentiate) return wrapped;
  ft::setInplaceRequiresGradAllowed(true);  // functorch refuses requires_grad_ to scripts, not to its transforms
  struct Refuse {
    ~Refuse() { ft::setInplaceRequiresGradAllowed(false); }
  } refuse;
  return wrapped.requires_grad_(true);
}

at::Tensor unwrap_for_grad(const at::Tensor& x, int64_t level) {
  auto* wrapper = ft::maybeGetTensorWrapper(x);
  return wrapper && wrapper->level() == level ? wrapper->value() : x;
}

DualLevel::DualLevel() : level_(torch::autograd::ForwardADLevel::get_next_idx()) {}
DualLevel::~DualLevel() { torch::autograd::ForwardADLevel::release_idx(level_); }

namespace {
thread_local int jvp_layers = 0;
}

JvpLayer::JvpLayer()
    : level_(ft::initAndPushDynamicLayer(ft::TransformType::Jvp, std::nullopt, std::nullopt, std::nullopt,
                                         c10::AutogradState::get_tls_state().get_fw_grad_mode())),
      forward_before_(c10::AutogradState::get_tls_state().get_fw_grad_mode()) {
  c10::AutogradState::get_tls_state().set_fw_grad_mode(true);
  if (jvp_layers++ == 0) outermost_ = std::make_unique<DualLevel>();
}

JvpLayer::~JvpLayer() {
  --jvp_layers;
  outermost_.reset();
  c10::AutogradState::get_tls_state().set_fw_grad_mode(forward_before_);
  ft::popDynamicLayerAndDeleteMetadata();
}

}  // namespace moonlab
