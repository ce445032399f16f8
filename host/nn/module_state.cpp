// A module's tensors as a state: giving it, taking it, moving it.
#include <ATen/ATen.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

namespace {

std::string shape_text(const at::Tensor& t) {
  std::ostringstream s;
  s << t.sizes();
  return s.str();
}

/// Files from before a batch norm counted its batches lack the count, and mean zero (as PyTorch reads them).
bool optional_in_files(const std::string& name) {
  const std::string end = "num_batches_tracked";
  return name.size() >= end.size() && name.compare(name.size() - end.size(), end.size(), end) == 0;
}

/// What all names of `longer` have before a name of `shorter`: "module." or "". At least two thirds must agree.
std::string common_prefix(const std::vector<std::string>& longer, const std::vector<std::string>& shorter) {
  if (shorter.empty()) return "";
  for (const auto& name : longer) {
    if (name.size() <= shorter[0].size()) continue;
    const size_t n = name.size() - shorter[0].size();
    if (name.compare(n, name.npos, shorter[0]) != 0 || name[n - 1] != '.') continue;
    const std::string prefix = name.substr(0, n);
    size_t fitting = 0;
    for (const auto& s : shorter) fitting += std::find(longer.begin(), longer.end(), prefix + s) != longer.end();
    if (3 * fitting >= 2 * shorter.size()) return prefix;
  }
  return "";
}

}  // namespace

Module::Named Module::state_dict(const std::string& prefix, bool keep_vars, bool recurse) const {
  Named all;
  for (bool buffers : {false, true})
    for (const auto& e : entries_)
      if (e.buffer == buffers && e.persistent && !e.derived && e.value.defined())
        all.emplace_back(prefix + e.name, keep_vars ? e.value : e.value.detach());
  if (!recurse) return all;
  for (const auto& [name, held] : children_)
    for (auto& item : held->state_dict(prefix + name + ".", keep_vars)) all.push_back(std::move(item));
  return all;
}

std::string Module::Report::text() const {
  std::string s;
  auto list = [&](const char* what, const std::vector<std::string>& names, const std::vector<std::string>& others) {
    if (names.empty()) return;
    s += "\n  " + std::string(what) + ": ";
    for (size_t i = 0; i < names.size() && i < 8; ++i) {
      const std::string near = others.size() <= 1000 ? nearest(names[i], others) : "";
      s += (i ? ", " : "") + names[i] + (near.empty() ? "" : " (nearest: " + near + ")");
    }
    if (names.size() > 8) s += ", ... (" + std::to_string(names.size()) + " in all)";
  };
  const std::string stripped = common_prefix(unexpected, missing), added = common_prefix(missing, unexpected);
  const bool hinted = !stripped.empty() || !added.empty();
  list("missing", missing, hinted ? std::vector<std::string>{} : unexpected);
  list("unexpected", unexpected, {});
  list("of another shape", misshapen, {});
  if (!stripped.empty())
    s += "\n  all would fit without '" + stripped + "': load with { prefix = \"" + stripped + "\" }";
  if (!added.empty())
    s += "\n  all would fit with '" + added + "' before them: load with { rename = { [\"\"] = \"" + added + "\" } }";
  return s;
}

Module::Report Module::load_state_dict(const Named& state, bool strict, bool assign) {
  std::map<std::string, at::Tensor> given(state.begin(), state.end());
  std::map<std::string, bool> used;
  std::vector<std::pair<Entry*, at::Tensor>> fitting;
  Report report;
  std::function<void(Module&, const std::string&)> match = [&](Module& module, const std::string& prefix) {
    for (bool buffers : {false, true})
      for (auto& e : module.entries_) {
        if (e.buffer != buffers || !e.persistent || e.derived || !e.value.defined()) continue;
        const std::string name = prefix + e.name;
        auto found = given.find(name);
        if (found == given.end()) {
          if (!optional_in_files(name)) report.missing.push_back(name);
          continue;
        }
        used[name] = true;
        at::Tensor value = found->second;
        if (e.value.dim() == 0 && value.dim() == 1 && value.size(0) == 1) value = value[0];  // PyTorch up to 0.3
        if (value.sizes() == e.value.sizes()) fitting.emplace_back(&e, value);
        else report.misshapen.push_back(name + " " + shape_text(value) + " for " + shape_text(e.value));
      }
    for (auto& [name, held] : module.children_) match(*held, prefix + name + ".");
  };
  match(*this, "");
  for (const auto& [name, tensor] : state)
    if (!used.count(name)) report.unexpected.push_back(name);
  if (strict && !report.clean()) fail("weights do not fit ", kind_, ":", report.text());
  at::NoGradGuard guard;
  for (auto& [entry, from] : fitting) {
    if (!assign) {
      if (entry->value.is_meta() && !from.is_meta())
        fail("weights cannot be copied into ", kind_,
            " on the meta device: call to_empty first, or load with { assign = true }");
      entry->value.copy_(from);
    } else if (entry->buffer || from.is_same(entry->value)) {
      entry->value = from;
    } else {
      entry->value = from.detach().set_requires_grad(entry->value.requires_grad());
    }
  }
  return report;
}

void Module::to(std::optional<at::Device> device, std::optional<at::ScalarType> dtype,
                std::optional<at::MemoryFormat> format, bool non_blocking) {
  at::NoGradGuard guard;
  auto moved = [&](const at::Tensor& t) {
    auto options = t.options();
    if (device) options = options.device(*device);
    if (dtype && (t.is_floating_point() || t.is_complex())) options = options.dtype(*dtype);
    if (t.is_meta() && device && !device->is_meta())
      fail(kind_, ": a tensor on the meta device holds nothing to copy; use to_empty");
    const bool reformat = format && ((*format == at::MemoryFormat::ChannelsLast && t.dim() == 4) ||
                                     (*format == at::MemoryFormat::ChannelsLast3d && t.dim() == 5) ||
                                     *format == at::MemoryFormat::Contiguous);
    return t.to(options, non_blocking, /*copy=*/false, reformat ? format : std::nullopt);
  };
  for (auto& [name, module] : named_modules())
    for (auto& e : module->entries_) {
      if (!e.value.defined()) continue;
      if (e.derived) {
        e.value = moved(e.value);
        continue;
      }
      const at::Tensor now = moved(e.value);
      if (!now.is_same(e.value)) e.value.set_data(now);
      if (e.value.grad().defined()) e.value.mutable_grad() = moved(e.value.grad());
    }
}

void Module::to_empty(at::Device device) {
  at::NoGradGuard guard;
  std::map<const at::TensorImpl*, at::Tensor> made;  // shared tensors stay shared
  for (auto& [name, module] : named_modules())
    for (auto& e : module->entries_) {
      if (!e.value.defined()) continue;
      at::Tensor& fresh = made[e.value.unsafeGetTensorImpl()];
      if (!fresh.defined())
        fresh = at::empty_like(e.value, e.value.options().device(device)).set_requires_grad(e.value.requires_grad());
      made.emplace(fresh.unsafeGetTensorImpl(), fresh);
      e.value = fresh;
    }
}

}  // namespace moonlab::nn
