// The parts of a module and the walks over them.
#include "host/nn/module.hpp"

#include <ATen/ATen.h>

#include <unordered_set>

#include "host/error.hpp"

namespace moonlab::nn {

namespace {

void check_name(const Module& module, const std::string& name) {
  if (name.empty() || name.find('.') != name.npos)
    fail(module.kind(), ": '", name, "' cannot name a part of a module (empty, or with a dot)");
}

}  // namespace

at::Tensor& Module::register_parameter(const std::string& name, at::Tensor value, bool requires_grad) {
  check_name(*this, name);
  if (find(name) || child(name)) fail(kind_, ": '", name, "' is registered already");
  if (value.defined()) value = value.detach().set_requires_grad(requires_grad);
  entries_.push_back({name, std::move(value), false, true});
  return entries_.back().value;
}

at::Tensor& Module::register_buffer(const std::string& name, at::Tensor value, bool persistent) {
  check_name(*this, name);
  if (find(name) || child(name)) fail(kind_, ": '", name, "' is registered already");
  entries_.push_back({name, std::move(value), true, persistent});
  return entries_.back().value;
}

void Module::set_child(const std::string& name, std::shared_ptr<Module> child) {
  check_name(*this, name);
  if (find(name)) fail(kind_, ": '", name, "' is a parameter or buffer already");
  for (const auto& [path, below] : child->named_modules())
    if (below == this) fail(kind_, ": '", name, "' would make the module a part of itself");
  for (auto& [known, held] : children_)
    if (known == name) {
      held = std::move(child);
      return;
    }
  children_.emplace_back(name, std::move(child));
}

bool Module::remove_child(const std::string& name) {
  return children_.remove_if([&](const auto& child) { return child.first == name; }) > 0;
}

Module::Entry* Module::find(const std::string& name) {
  for (auto& e : entries_)
    if (e.name == name) return &e;
  return nullptr;
}

std::shared_ptr<Module> Module::child(const std::string& name) const {
  for (const auto& [known, held] : children_)
    if (known == name) return held;
  return nullptr;
}

const std::shared_ptr<Module>& Module::part(const std::string& name) const {
  for (const auto& [known, held] : children_)
    if (known == name) return held;
  fail(kind_, " has no part '", name, "'");
}

void Module::each(const Walk& walk, const Visit& visit) const {
  std::unordered_set<const Module*> seen;
  std::function<void(const Module&, const std::string&)> enter = [&](const Module& module, const std::string& path) {
    if (walk.unique && !seen.insert(&module).second) return;
    const std::string prefix = path.empty() ? "" : path + ".";
    visit(prefix, module);
    if (!walk.recurse) return;
    for (const auto& [name, held] : module.children_) enter(*held, prefix + name);
  };
  enter(*this, walk.prefix);
}

Module::Named Module::members(const Walk& walk, bool buffers) const {
  Named all;
  std::unordered_set<const at::TensorImpl*> seen;
  each(walk, [&](const std::string& prefix, const Module& module) {
    for (const auto& e : module.entries_) {
      if (e.buffer != buffers || e.derived || !e.value.defined()) continue;
      if (walk.unique && !seen.insert(e.value.unsafeGetTensorImpl()).second) continue;
      all.emplace_back(prefix + e.name, e.value);
    }
  });
  return all;
}

Module::Named Module::named_parameters(const Walk& walk) const { return members(walk, false); }
Module::Named Module::named_buffers(const Walk& walk) const { return members(walk, true); }

std::vector<std::pair<std::string, Module*>> Module::named_modules(bool unique) {
  std::vector<std::pair<std::string, Module*>> all;
  each({"", true, unique}, [&](const std::string& prefix, const Module& module) {
    all.emplace_back(prefix.substr(0, prefix.empty() ? 0 : prefix.size() - 1), const_cast<Module*>(&module));
  });
  return all;
}

void Module::train(bool on) {
  training_ = on;
  for (auto& [name, held] : children_) held->train(on);
}

void Module::requires_grad(bool on) {
  for (auto& [name, p] : named_parameters()) p.set_requires_grad(on);
}

void Module::zero_grad(bool set_to_none) {
  at::NoGradGuard guard;
  for (auto& [name, p] : named_parameters()) {
    if (!p.grad().defined()) continue;
    if (set_to_none) {
      p.mutable_grad().reset();
      continue;
    }
    // a gradient with a history (create_graph) is cut from it
    if (p.grad().grad_fn()) p.mutable_grad().detach_();
    else p.mutable_grad().requires_grad_(false);
    p.mutable_grad().zero_();
  }
}

int64_t Module::count(bool trainable_only) const {
  int64_t n = 0;
  for (const auto& [name, p] : named_parameters())
    if (!trainable_only || p.requires_grad()) n += p.numel();
  return n;
}

}  // namespace moonlab::nn
