#include "host/tensor/autograd.hpp"

#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/variable.h>

#include "host/error.hpp"
#include "host/tensor/engine.hpp"
#include "host/tensor/print.hpp"

namespace moonlab {

namespace ag = torch::autograd;

namespace {

void check_outputs(const char* who, const Tensors& outputs, const Tensors& gradients) {
  for (size_t i = 0; i < outputs.size(); ++i) {
    if (!outputs[i].requires_grad())
      fail(who, ": ", summary(outputs[i]), " has no history: nothing that requires a gradient made it");
    const bool given = i < gradients.size() && gradients[i].defined();
    if (!given && outputs[i].numel() != 1)
      fail(who, ": ", summary(outputs[i]), " is no single number; reduce it or give ",
           who[0] == 'b' ? "backward{gradient=}" : "grad_outputs");
  }
}

/// In anomaly mode what fails says where in the forward pass it belongs.
template <class Work>
auto explained(Work&& work) {
  if (!anomaly_enabled()) return work();
  take_anomaly();
  try {
    return work();
  } catch (const Interrupted&) {
    throw;
  } catch (const c10::OutOfMemoryError&) {
    throw;
  } catch (const std::exception& e) {
    const std::string place = take_anomaly();
    if (place.empty()) throw;
    auto* torch = dynamic_cast<const c10::Error*>(&e);
    fail(torch ? torch->what_without_backtrace() : e.what(), "\n  ", place);
  }
}

}  // namespace

void backward(const Tensors& outputs, const Tensors& gradients, std::optional<bool> retain, bool create,
              const Tensors& inputs) {
  check_outputs("backward", outputs, gradients);
  explained(
      [&] { ag::backward(outputs, gradients.empty() ? Tensors(outputs.size()) : gradients, retain, create, inputs); });
}

Tensors gradients(const Tensors& outputs, const Tensors& inputs, const Tensors& grad_outputs,
                  std::optional<bool> retain, bool create, bool unused) {
  check_outputs("grad", outputs, grad_outputs);
  return explained([&] {
    return ag::grad(outputs, inputs, grad_outputs.empty() ? Tensors(outputs.size()) : grad_outputs, retain, create,
                    unused);
  });
}

unsigned register_hook(const at::Tensor& tensor, std::function<at::Tensor(const at::Tensor&)> f) {
  if (!tensor.requires_grad())
    fail("register_hook: ", summary(tensor), " does not require a gradient, its hook would never run");
  return tensor.register_hook([f = std::move(f)](const at::Tensor& grad) -> at::Tensor { return f(grad); });
}

void remove_hook(const at::Tensor& tensor, unsigned number) { tensor.remove_hook(number); }

bool grad_enabled() { return at::GradMode::is_enabled(); }
void set_grad_enabled(bool enabled) { at::GradMode::set_enabled(enabled); }
bool inference_enabled() { return c10::InferenceMode::is_enabled(); }
void increment_version(const at::Tensor& x) { x.unsafeGetTensorImpl()->bump_version(); }

struct ModeGuard::Impl {
  std::optional<at::AutoGradMode> grad;
  std::optional<c10::InferenceMode> inference;
};

ModeGuard::ModeGuard(Mode mode) : impl_(new Impl) {
  if (mode == Mode::inference || mode == Mode::no_inference) impl_->inference.emplace(mode == Mode::inference);
  else impl_->grad.emplace(mode == Mode::enable_grad);
}
ModeGuard::~ModeGuard() = default;

}  // namespace moonlab
