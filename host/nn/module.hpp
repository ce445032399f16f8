// Modules: parameters, buffers and children under PyTorch's dotted names, in order of registration.
//
// Our own rather than torch::nn::Module, whose headers cost more to compile than all of this folder. A parameter is
// owned by its module; at::Tensor handles to it elsewhere (an optimizer, a script) stay valid through to() and
// load_state_dict(), which change it in place.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/MemoryFormat.h>

#include <deque>
#include <functional>
#include <list>
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

  /// Computes the outputs. What it takes and gives is the subclass's contract. Parents do not call it: they call
  /// call(), which runs the hooks of a child and names it in errors.
  virtual Tensors forward(const Tensors& inputs);
  /// forward() with hooks; an error in it says where in the outermost module it happened and what was given.
  Tensors call(const Tensors& inputs);
  /// The common case of one tensor in and out.
  at::Tensor operator()(const at::Tensor& input) { return std::move(call({input})[0]); }
  /// call() without the hooks: what the hooks themselves go round.
  Tensors run(const Tensors& inputs);
  /// What call() does in place of run(): how hooks get between. Empty: run() alone.
  void set_around(std::function<Tensors(const Tensors&)> around) { around_ = std::move(around); }
  bool hooked() const { return static_cast<bool>(around_); }

  /// The class name, and what stands in its brackets when printed: "in_features=784, out_features=10, bias=True".
  const std::string& kind() const { return kind_; }
  virtual std::string describe() const { return ""; }
  /// The width of its output where a head may be put on it (a backbone), else 0.
  virtual int64_t features() const { return 0; }
  /// The options that build() made it from; null where it was made otherwise.
  const Options& made_with() const { return made_with_; }

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
  /// Takes a child out. False: there was none.
  bool remove_child(const std::string& name);

  struct Entry {
    std::string name;
    at::Tensor value;  // undefined: registered as absent (bias = false)
    bool buffer = false;
    bool persistent = true;
    bool derived = false;  // neither parameter nor state: computed from others before each forward
  };
  Entry* find(const std::string& name);
  const std::deque<Entry>& entries() const { return entries_; }
  using Children = std::list<std::pair<std::string, std::shared_ptr<Module>>>;
  const Children& children() const { return children_; }
  std::shared_ptr<Module> child(const std::string& name) const;
  /// The child of that name now, or an error.
  const std::shared_ptr<Module>& part(const std::string& name) const;

  struct Walk {
    std::string prefix;   // put before every name
    bool recurse = true;  // children as well
    bool unique = true;   // what is met again under another name is left out
  };
  using Named = std::vector<std::pair<std::string, at::Tensor>>;
  Named named_parameters(const Walk& walk) const;  // those of a module before those of its children
  Named named_buffers(const Walk& walk) const;
  Named named_parameters() const { return named_parameters(Walk{}); }
  Named named_buffers() const { return named_buffers(Walk{}); }
  /// Parameters and persistent buffers, in PyTorch's order; shared ones under each of their names. Detached unless
  /// keep_vars. Without recurse this module's own alone.
  Named state_dict(const std::string& prefix = "", bool keep_vars = false, bool recurse = true) const;
  std::vector<std::pair<std::string, Module*>> named_modules(bool unique = true);

  /// What load_state_dict could not match.
  struct Report {
    std::vector<std::string> missing, unexpected, misshapen;
    bool clean() const { return missing.empty() && unexpected.empty() && misshapen.empty(); }
    /// One line a kind of trouble, with the nearest name of the other side and a prefix that would make all fit.
    std::string text() const;
  };
  /// Copies values of equal names and shapes into place, casting dtype and device. With `strict`, anything unmatched
  /// raises before a value is changed. With `assign` the given tensors themselves take the places, as they are.
  Report load_state_dict(const Named& state, bool strict = true, bool assign = false);

  virtual void train(bool on);
  bool training() const { return training_; }
  /// Moves everything; the dtype applies to floating values alone, the memory format to those of 4 (5) dims.
  void to(std::optional<at::Device> device, std::optional<at::ScalarType> dtype,
          std::optional<at::MemoryFormat> format = std::nullopt, bool non_blocking = false);
  /// New, unfilled tensors on a device: the way off the meta device.
  void to_empty(at::Device device);
  void requires_grad(bool on);
  void zero_grad(bool set_to_none = true);
  int64_t count(bool trainable_only = false) const;

  /// As PyTorch prints it, with shapes and numbers of parameters after each line.
  std::string tree() const;

 protected:
  bool training_ = true;

 private:
  friend std::shared_ptr<Module> build(const std::string& name, const Options& options);
  using Visit = std::function<void(const std::string& prefix, const Module&)>;
  void each(const Walk& walk, const Visit& visit) const;
  Named members(const Walk& walk, bool buffers) const;

  std::string kind_;
  std::deque<Entry> entries_;
  Children children_;
  Options made_with_;
  std::function<Tensors(const Tensors&)> around_;
};

/// A child as its parent's code holds it: by name, so that a replacement (net.fc = another) is what runs.
struct Part {
  Module* owner;
  std::string name;
  Part(Module* parent, const std::string& part_name, std::shared_ptr<Module> child) : owner(parent), name(part_name) {
    parent->set_child(name, std::move(child));
  }
  at::Tensor operator()(const at::Tensor& x) const { return (*owner->part(name))(x); }
  Module* operator->() const { return owner->part(name).get(); }
};

/// The modules that are running on this thread, outermost last: what errors get their path from.
class Running {
 public:
  explicit Running(Module& module) : module_(module), outer_(top_) { top_ = this; }
  ~Running() { top_ = outer_; }
  Running(const Running&) = delete;

  static bool any() { return top_; }
  /// "in model.layer1.0.conv1 (Conv2d)"; "in Linear(in_features=3, ...)" where nothing is around it; "" where none
  /// runs.
  static std::string place();

 private:
  static thread_local Running* top_;
  Module& module_;
  Running* outer_;
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
