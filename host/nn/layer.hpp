// What the files of layers share: options that may be None, text as PyTorch prints it, layers that are one function.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/TensorOptions.h>

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "host/nn/module.hpp"

namespace moonlab::nn {

/// The default of an option that may be left out; a null default means that it must be given.
inline const char* const kNone = "None";
bool none(const Options& value);

/// Where and in which dtype the parameters of new layers are made: the default unless a Factory is alive.
const at::TensorOptions& factory();

/// The device and dtype keywords of a constructor, for as long as it runs.
class Factory {
 public:
  explicit Factory(at::TensorOptions options);
  ~Factory();
  Factory(const Factory&) = delete;
  Factory& operator=(const Factory&) = delete;

 private:
  at::TensorOptions outer_;
};

/// A value as Python writes it: True, None, (3, 2), (3,), 0.1, 1e-05, inf.
std::string repr(const Options& value);
std::string repr(double value);
std::string repr(const std::vector<int64_t>& tuple);

/// "kernel_size=3, inplace=True": each option by name. "=name" writes the value alone, "name?" only what is true.
std::string described(const Options& options, const std::vector<std::string>& shown);

/// One number or a list of n of them; `fallback` where it is None.
std::vector<int64_t> integers(const Options& value, size_t n, const std::vector<int64_t>& fallback);
std::optional<double> number(const Options& value);

/// Refuses inputs of other dims: "expected 2D or 3D input (got 4D input)".
void expect_dims(const std::string& kind, const at::Tensor& input, std::initializer_list<int64_t> allowed);

/// A layer without parameters. `make` reads the options once and returns what is computed from inputs and the mode
/// (true while training).
struct Stateless : Register {
  using Compute = std::function<Tensors(const Tensors& inputs, bool training)>;
  Stateless(const std::string& name, Options arguments, std::vector<std::string> shown,
            std::function<Compute(const Options&)> make);
};

}  // namespace moonlab::nn
