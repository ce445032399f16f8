// Calling a module: hooks around its forward, and where it was when something failed.
#include <ATen/ATen.h>
#include <c10/util/Exception.h>

#include <array>
#include <sstream>

#include "host/error.hpp"
#include "host/nn/module.hpp"

namespace moonlab::nn {

thread_local Running* Running::top_ = nullptr;

namespace {

/// The name of `part` below `whole`, with a dot before it; "" where it is no part of it.
std::string path_to(const Module& whole, const Module& part) {
  for (const auto& [name, child] : whole.children()) {
    if (child.get() == &part) return "." + name;
    if (std::string below = path_to(*child, part); !below.empty()) return "." + name + below;
  }
  return "";
}

std::string given(const Tensors& inputs) {
  std::ostringstream s;
  for (const auto& x : inputs) {
    s << (&x == inputs.data() ? "" : ", ");
    if (x.defined()) s << x.sizes() << ' ' << x.scalar_type() << ' ' << x.device();
    else s << "nothing";
  }
  return s.str();
}

bool placed(const std::string& text) { return text.find("\n  in ") != text.npos; }

std::string whole(const Module& module) { return module.kind() + "(" + module.describe() + ")"; }

}  // namespace

std::string Running::place() {
  if (!top_) return "";
  std::vector<const Module*> inward;
  for (const Running* r = top_; r; r = r->outer_) inward.insert(inward.begin(), &r->module_);
  std::string path;
  const Module* from = inward.front();
  for (const Module* module : inward) {
    if (module == from) continue;
    std::string step = path_to(*from, *module);
    // called by a module that does not hold it: a path of its own begins
    path = step.empty() ? "" : path + step;
    from = module;
  }
  return path.empty() ? "in " + whole(*from) : "in model" + path + " (" + from->kind() + ")";
}

Tensors Module::forward(const Tensors&) { fail(kind_, " has no forward: call one of its parts, or define one"); }

Tensors Module::call(const Tensors& inputs) {
  Running running(*this);
  return around_ ? around_(inputs) : run(inputs);
}

Tensors Module::run(const Tensors& inputs) {
  auto circumstances = [&] {
    const std::string place = Running::place(), at = place.empty() ? "in " + whole(*this) : place;
    const bool shown = at == "in " + whole(*this) || describe().empty();
    return std::array<std::string, 2>{at, "given " + given(inputs) + (shown ? "" : "; " + whole(*this))};
  };
  auto explained = [&](const std::string& text) {
    auto [where, what] = circumstances();
    return text + "\n  " + where + "\n  " + what;
  };
  try {
    return forward(inputs);
  } catch (c10::Error& e) {
    // the type stays (out of memory is met by freeing), and so does LibTorch's backtrace
    if (!placed(e.what_without_backtrace()))
      for (auto& line : circumstances()) e.add_context(std::move(line));
    throw;
  } catch (const Interrupted&) {
    throw;
  } catch (const Error& e) {
    if (placed(e.what())) throw;
    fail(explained(e.what()));
  } catch (const std::out_of_range&) {
    fail(explained(kind_ + ": too few inputs (" + std::to_string(inputs.size()) + ")"));
  }
}

}  // namespace moonlab::nn
