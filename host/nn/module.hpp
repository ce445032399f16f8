// Modules: parameters, buffers and children under PyTorch's dotted names, in order of registration.
//
// Our own rather than torch::nn::Module, whose headers cost more to compile than all of this folder. A parameter is
// owned by its module; at::Tensor handles to it elsewhere (an optimizer, a script) stay valid through to() and
// load_state_dict(), which change it in place.
#pragma once

#include <ATen/core/Tensor.h>

#include <deque>
#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace moonlab::nn {

using Options = nlohmann::ordered_json;
using Tensors = std::vector<at::Tensor>;

class Module : public std::enable_shared_from_this<Module> {
 public:
  explicit Module(std::string kind) : kind_(std::move(kind)) {}
  virtual ~Module() = default;
  Module(const Module&) = delete;
  Module& operator=(const Module&) = delete;

  /// Computes the outputs. What it takes and gives is the subclass's contract.
  virtual Tensors forward(const Tensors& inputs);
  /// The common case of one tensor in and out.
  at::Tensor operator()(const at::Tensor& input) { return forward({input})[0]; }

  /// The class name, and what stands in its brackets when printed: "in_features=784, out_features=10, bias=True".
  const std::string& kind() const { return kind_; }
  virtual std::string describe() const { return ""; }
  /// The width of its output where a head may be put on it (a backbone), else 0.
  virtual int64_t features() const { return 0; }

  // References stay valid for the life of the module. A name must be new and hold no dot.
  at::Tensor& register_parameter(const std::string& name, at::Tensor value, bool requires_grad = true);
  at::Tensor& register_buffer(const std::string& name, at::Tensor value, bool persistent = true);
  /// Replaces a child of the same name in its place.
  void set_child(const std::string& name, std::shared_ptr<Module> child);
  template <class M>
  std::shared_ptr<M> add(const std::string& name, std::shared_ptr<M> child) {
    set_child(name, child);
    return child;
  }

  struct Entry {
    std::string name;
    at::Tensor value;  // undefined: registered as absent (bias = false)
    bool buffer = false;
    bool persistent = true;
  };
  Entry* find(const std::string& name);
  const std::deque<Entry>& entries() const { return entries_; }
  const std::vector<std::pair<std::string, std::shared_ptr<Module>>>& children() const { return children_; }
  std::shared_ptr<Module> child(const std::string& name) const;

  using Named = std::vector<std::pair<std::string, at::Tensor>>;
  Named named_parameters() const;  // of this module and all below, parameters before children
  Named named_buffers() const;
  Named state_dict() const;  // parameters and persistent buffers, in PyTorch's order
  std::vector<std::pair<std::string, Module*>> named_modules();

  /// What load_state_dict could not match.
  struct Report {
    std::vector<std::string> missing, unexpected, misshapen;
    bool clean() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
    std::string text() const;
  };
  /// Copies values of equal names and shapes into place, casting dtype and device. With `strict`, anything unmatched
  /// raises before a value is changed.
  Report load_state_dict(const Named& state, bool strict = true);

  virtual void train(bool on);
  bool training() const { return training_; }
  /// Moves everything; the dtype applies to floating values alone.
  void to(std::optional<at::Device> device, std::optional<at::ScalarType> dtype);
  void requires_grad(bool on);
  void zero_grad(bool set_to_none = true);
  int64_t count(bool trainable_only = false) const;

  /// A tree of class names with shapes and numbers of parameters.
  std::string tree() const;

 protected:
  bool training_ = true;

 private:
  void collect(const std::string& prefix, const std::function<void(const std::string&, const Entry&)>& visit) const;
  void write_tree(std::string& out, const std::string& indent) const;

  std::string kind_;
  std::deque<Entry> entries_;
  std::vector<std::pair<std::string, std::shared_ptr<Module>>> children_;
};

/// How a class of modules is made from options: its arguments in PyTorch's order with their defaults (null: must be
/// given), and the builder. Unknown and missing options are refused before the builder runs.
struct Kind {
  std::string name;
  Options arguments;  // ordered object: name -> default
  std::function<std::shared_ptr<Module>(const Options&)> build;
};

/// Registers a class; used through a static in the file that implements it.
struct Register {
  Register(std::string name, Options arguments, std::function<std::shared_ptr<Module>(const Options&)> build);
};

const Kind& kind(const std::string& name);  // raises with the nearest name
std::vector<std::string> kinds();
std::shared_ptr<Module> build(const std::string& name, const Options& options);

/// An option that is one integer or a list of `n` of them.
std::vector<int64_t> integers(const Options& value, size_t n);

}  // namespace moonlab::nn
