#include "host/nn/module.hpp"

#include <ATen/ATen.h>

#include <map>
#include <sstream>

#include "host/error.hpp"

namespace moonlab::nn {

Tensors Module::forward(const Tensors&) { fail(kind_, " has no forward: call one of its parts, or define one"); }

namespace {

void check_name(const Module& module, const std::string& name) {
  if (name.empty() || name.find('.') != name.npos) fail(module.kind(), ": '", name, "' cannot name a part of a module (empty, or with a dot)");
}

std::string shape_text(const at::Tensor& t) {
  std::ostringstream s;
  s << t.sizes();
  return s.str();
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

void Module::collect(const std::string& prefix, const std::function<void(const std::string&, const Entry&)>& visit) const {
  for (const auto& e : entries_)
    if (e.value.defined()) visit(prefix + e.name, e);
  for (const auto& [name, held] : children_) held->collect(prefix + name + ".", visit);
}

Module::Named Module::named_parameters() const {
  Named all;
  collect("", [&](const std::string& name, const Entry& e) {
    if (e.buffer) return;
    for (const auto& [other, tensor] : all)
      if (tensor.is_same(e.value)) return;  // shared parameters are one
    all.emplace_back(name, e.value);
  });
  return all;
}

Module::Named Module::named_buffers() const {
  Named all;
  collect("", [&](const std::string& name, const Entry& e) {
    if (e.buffer) all.emplace_back(name, e.value);
  });
  return all;
}

Module::Named Module::state_dict() const {
  Named all;
  collect("", [&](const std::string& name, const Entry& e) {
    if (!e.buffer || e.persistent) all.emplace_back(name, e.value.detach());
  });
  return all;
}

std::vector<std::pair<std::string, Module*>> Module::named_modules() {
  std::vector<std::pair<std::string, Module*>> all{{"", this}};
  for (const auto& [name, held] : children_)
    for (auto& [below, module] : held->named_modules()) all.emplace_back(below.empty() ? name : name + "." + below, module);
  return all;
}

std::string Module::Report::text() const {
  std::string s;
  auto list = [&](const char* what, const std::vector<std::string>& names) {
    if (names.empty()) return;
    s += (s.empty() ? "" : "; ") + std::string(what) + ": ";
    for (size_t i = 0; i < names.size() && i < 8; ++i) s += (i ? ", " : "") + names[i];
    if (names.size() > 8) s += ", ... (" + std::to_string(names.size()) + " in all)";
  };
  list("missing", missing), list("unexpected", unexpected), list("of another shape", misshapen);
  return s;
}

Module::Report Module::load_state_dict(const Named& state, bool strict) {
  std::map<std::string, at::Tensor> given(state.begin(), state.end());
  std::vector<std::pair<at::Tensor, at::Tensor>> copies;
  Report report;
  collect("", [&](const std::string& name, const Entry& e) {
    if (e.buffer && !e.persistent) return;
    auto found = given.find(name);
    if (found == given.end()) {
      report.missing.push_back(name);
      return;
    }
    if (found->second.sizes() != e.value.sizes())
      report.misshapen.push_back(name + " " + shape_text(found->second) + " for " + shape_text(e.value));
    else copies.emplace_back(e.value, found->second);
    given.erase(found);
  });
  for (const auto& [name, tensor] : given) report.unexpected.push_back(name);
  if (strict && !report.clean()) fail("weights do not fit ", kind_, ": ", report.text());
  at::NoGradGuard guard;
  for (auto& [to, from] : copies) to.copy_(from);
  return report;
}

void Module::train(bool on) {
  training_ = on;
  for (auto& [name, held] : children_) held->train(on);
}

void Module::to(std::optional<at::Device> device, std::optional<at::ScalarType> dtype) {
  at::NoGradGuard guard;
  for (auto& e : entries_) {
    if (!e.value.defined()) continue;
    auto options = e.value.options();
    if (device) options = options.device(*device);
    if (dtype && (e.value.is_floating_point() || e.value.is_complex())) options = options.dtype(*dtype);
    auto moved = e.value.to(options);
    if (!moved.is_same(e.value)) e.value.set_data(moved);
    if (e.value.grad().defined()) e.value.mutable_grad() = e.value.grad().to(options);
  }
  for (auto& [name, held] : children_) held->to(device, dtype);
}

void Module::requires_grad(bool on) {
  for (auto& [name, p] : named_parameters()) p.set_requires_grad(on);
}

void Module::zero_grad(bool set_to_none) {
  at::NoGradGuard guard;
  for (auto& [name, p] : named_parameters()) {
    if (!p.grad().defined()) continue;
    if (set_to_none) p.mutable_grad().reset();
    else p.mutable_grad().zero_();
  }
}

int64_t Module::count(bool trainable_only) const {
  int64_t n = 0;
  for (const auto& [name, p] : named_parameters())
    if (!trainable_only || p.requires_grad()) n += p.numel();
  return n;
}

void Module::write_tree(std::string& out, const std::string& indent) const {
  out += kind_ + "(" + describe() + ")";
  std::string shapes;
  for (const auto& e : entries_)
    if (e.value.defined() && !e.buffer) shapes += (shapes.empty() ? "" : ", ") + e.name + " " + shape_text(e.value);
  if (!shapes.empty()) out += "  " + shapes;
  if (int64_t n = count()) {
    std::string digits = std::to_string(n);
    for (int i = static_cast<int>(digits.size()) - 3; i > 0; i -= 3) digits.insert(i, ",");
    out += "  " + digits + (n == 1 ? " parameter" : " parameters");
  }
  for (const auto& [name, held] : children_) {
    out += "\n" + indent + "  (" + name + "): ";
    held->write_tree(out, indent + "  ");
  }
}

std::string Module::tree() const {
  std::string out;
  write_tree(out, "");
  return out;
}

// ---- the registry ---------------------------------------------------------------------------------------------------

namespace {

std::map<std::string, Kind>& registry() {
  static std::map<std::string, Kind> map;
  return map;
}

}  // namespace

Register::Register(std::string name, Options arguments, std::function<std::shared_ptr<Module>(const Options&)> build) {
  registry()[name] = {name, std::move(arguments), std::move(build)};
}

std::vector<std::string> kinds() {
  std::vector<std::string> names;
  for (const auto& [name, k] : registry()) names.push_back(name);
  return names;
}

const Kind& kind(const std::string& name) {
  auto found = registry().find(name);
  if (found == registry().end()) fail("unknown module '", name, "'", did_you_mean(name, kinds()));
  return found->second;
}

std::shared_ptr<Module> build(const std::string& name, const Options& options) {
  const Kind& k = kind(name);
  Options all = Options::object();
  std::vector<std::string> names;
  for (const auto& [key, fallback] : k.arguments.items()) {
    names.push_back(key);
    if (options.contains(key)) all[key] = options[key];
    else if (fallback.is_null()) fail("nn.", name, ": '", key, "' must be given");
    else all[key] = fallback;
  }
  for (const auto& [key, value] : options.items())
    if (!k.arguments.contains(key)) fail("nn.", name, ": unknown option '", key, "'", did_you_mean(key, names));
  try {
    return k.build(all);
  } catch (const nlohmann::json::exception& e) {
    fail("nn.", name, ": an option has the wrong type in ", all.dump());
  }
}

std::vector<int64_t> integers(const Options& value, size_t n) {
  if (value.is_number_integer()) return std::vector<int64_t>(n, value.get<int64_t>());
  auto list = value.get<std::vector<int64_t>>();
  if (list.size() != n) fail("expected one integer or ", n, ", got ", value.dump());
  return list;
}

}  // namespace moonlab::nn
