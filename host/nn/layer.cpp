#include "host/nn/layer.hpp"

#include <ATen/ATen.h>

#include <cmath>

#include "host/error.hpp"

namespace moonlab::nn {

namespace {

thread_local at::TensorOptions current_factory;

struct FunctionLayer : Module {
  Stateless::Compute compute;
  std::string text;
  FunctionLayer(const std::string& kind, std::string brackets, Stateless::Compute f)
      : Module(kind), compute(std::move(f)), text(std::move(brackets)) {}
  Tensors forward(const Tensors& inputs) override { return compute(inputs, training_); }
  std::string describe() const override { return text; }
};

}  // namespace

bool none(const Options& value) { return value.is_null() || value == kNone; }

const at::TensorOptions& factory() { return current_factory; }

Factory::Factory(at::TensorOptions options) : outer_(current_factory) { current_factory = options; }
Factory::~Factory() { current_factory = outer_; }

std::string repr(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  return Options(value).dump();
}

std::string repr(const Options& value) {
  if (none(value)) return "None";
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  if (value.is_number_float()) return repr(value.get<double>());
  if (value.is_string()) return "'" + value.get<std::string>() + "'";
  if (!value.is_array()) return value.dump();
  std::string s = "(";
  for (size_t i = 0; i < value.size(); ++i) s += (i ? ", " : "") + repr(value[i]);
  return s + (value.size() == 1 ? ",)" : ")");
}

std::string repr(const std::vector<int64_t>& tuple) { return repr(Options(tuple)); }

std::string described(const Options& options, const std::vector<std::string>& shown) {
  std::string s;
  for (std::string name : shown) {
    const bool bare = name.front() == '=', only_true = name.back() == '?';
    if (bare) name.erase(0, 1);
    if (only_true) name.pop_back();
    const Options& value = options.at(name);
    if (only_true && !value.get<bool>()) continue;
    s += (s.empty() ? "" : ", ") + (bare ? "" : name + "=") + repr(value);
  }
  return s;
}

std::vector<int64_t> integers(const Options& value, size_t n, const std::vector<int64_t>& fallback) {
  return none(value) ? fallback : integers(value, n);
}

std::optional<double> number(const Options& value) {
  if (none(value)) return std::nullopt;
  return value.get<double>();
}

void expect_dims(const std::string& kind, const at::Tensor& input, std::initializer_list<int64_t> allowed) {
  std::string list;
  for (int64_t n : allowed) {
    if (input.dim() == n) return;
    list += (list.empty() ? "" : " or ") + std::to_string(n) + "D";
  }
  fail(kind, ": expected ", list, " input (got ", input.dim(), "D input)");
}

Stateless::Stateless(const std::string& name, Options arguments, std::vector<std::string> shown,
                     std::function<Compute(const Options&)> make)
    : Register(name, std::move(arguments), [name, shown = std::move(shown), make = std::move(make)](const Options& o) {
        return std::make_shared<FunctionLayer>(name, described(o, shown), make(o));
      }) {}

}  // namespace moonlab::nn
