#include "host/tensor/engine.hpp"

#include <c10/core/AutogradState.h>
#include <torch/csrc/autograd/anomaly_mode.h>
#include <torch/csrc/autograd/engine.h>
#include <torch/csrc/autograd/saved_variable_hooks.h>

#include "host/error.hpp"
#include "host/script_place.hpp"

namespace moonlab {

namespace ag = torch::autograd;

namespace {

thread_local std::vector<std::shared_ptr<SavedHooks>> saved_hooks;
thread_local std::string refused_with;  // empty: hooks are allowed
thread_local std::function<std::string()> traceback;
thread_local std::string anomaly;

struct Hooked : ag::SavedVariableHooks {
  explicit Hooked(std::shared_ptr<SavedHooks> given) : hooks(std::move(given)) {}
  void call_pack_hook(const at::Tensor& tensor) override { packed = hooks->pack(tensor); }
  at::Tensor call_unpack_hook() override { return hooks->unpack(packed); }
  std::shared_ptr<SavedHooks> hooks;
  std::shared_ptr<void> packed;
};

struct Origin : ag::AnomalyMetadata {
  void store_stack() override {
    place = script_place();
    if (traceback) calls = traceback();
  }
  void print_stack(const std::string& name) override {
    anomaly = name + " was made by" + (place.empty() ? " no line of the script" : " " + place);
    if (const std::string line = source_line(place); !line.empty()) anomaly += "\n    " + line;
    if (!calls.empty()) anomaly += "\n" + calls;
  }
  std::string place, calls;
};

class ScriptEngine : public ag::Engine {
 public:
  std::unique_ptr<ag::AnomalyMetadata> make_anomaly_metadata() override { return std::make_unique<Origin>(); }
  std::unique_ptr<ag::SavedVariableHooks> get_default_saved_variable_hooks() override {
    if (saved_hooks.empty()) return nullptr;
    return std::make_unique<Hooked>(saved_hooks.back());
  }
};

}  // namespace

void install_engine() {
  ag::set_default_engine_stub([]() -> ag::Engine& {
    static auto* engine = new ScriptEngine;  // never destroyed: graphs may outlive static destruction
    return *engine;
  });
  c10::AutogradState::get_tls_state().set_multithreading_enabled(false);
}

SavedHooksGuard::SavedHooksGuard(SavedHooks hooks) {
  if (!refused_with.empty()) fail(refused_with);
  saved_hooks.push_back(std::make_shared<SavedHooks>(std::move(hooks)));
}
SavedHooksGuard::~SavedHooksGuard() { saved_hooks.pop_back(); }

NoSavedHooksGuard::NoSavedHooksGuard(std::string message) : before_(std::move(refused_with)) {
  if (!saved_hooks.empty()) {
    refused_with = std::move(before_);
    fail(message);
  }
  refused_with = std::move(message);
}
NoSavedHooksGuard::~NoSavedHooksGuard() { refused_with = std::move(before_); }

bool anomaly_enabled() { return ag::AnomalyMode::is_enabled(); }
bool anomaly_checks_nan() { return ag::AnomalyMode::should_check_nan(); }
void set_anomaly(bool enabled, bool check_nan) { ag::AnomalyMode::set_enabled(enabled, check_nan); }
void set_traceback(std::function<std::string()> where) { traceback = std::move(where); }

std::string take_anomaly() { return std::exchange(anomaly, {}); }

}  // namespace moonlab
