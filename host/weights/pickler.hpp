// Writing a value as a pickle of protocol 2 that Python's torch.load(weights_only=True) reads.
#pragma once

#include <functional>
#include <string>
#include <unordered_map>

#include "host/weights/pickle_value.hpp"

namespace moonlab::weights {

class Pickler {
 public:
  /// Called where a tensor is to be written; writes it with the functions below.
  using TensorWriter = std::function<void(Pickler&, const at::Tensor&)>;

  explicit Pickler(TensorWriter tensors = {}) : tensors_(std::move(tensors)) { text_ = "\x80\x02"; }

  /// Values met again are written as what they were: sharing and cycles through lists and dicts are kept. Throws Error
  /// for nesting deeper than 1000 levels and for a tuple or set that contains itself.
  void value(Ref value);
  /// The whole pickle, ended.
  std::string finish();

  // Parts, in order of the pickle: arguments stand before the call that takes them.
  void none() { code('N'); }
  void boolean(bool b) { code(b ? '\x88' : '\x89'); }
  void integer(int64_t i);
  void real(double d);
  void text(const std::string& utf8);
  void global(const std::string& name);  // "torch._utils._rebuild_tensor_v2"
  void mark() { code('('); }
  void tuple() { code('t'); }  // of what stands above the mark
  void tuple(at::IntArrayRef integers);
  void call() { code('R'); }
  void persistent() { code('Q'); }
  /// collections.OrderedDict()
  void empty_ordered_dict();
  void dict_of_true(const std::string& key);  // {key: True}

 private:
  void code(char c) { text_.push_back(c); }
  template <class T>
  void raw(T number) {
    text_.append(reinterpret_cast<const char*>(&number), sizeof number);
  }
  uint32_t remember();
  void recall(uint32_t index);
  void bytes(const std::string& data);
  void big(const std::string& hex);
  void sequence(const Sequence& s, Ref self);
  void mapping(const Mapping& m, Ref self);
  void items(const std::vector<Ref>& list);

  TensorWriter tensors_;
  std::string text_;
  uint32_t next_ = 0;
  int depth_ = 0;
  std::unordered_map<Ref, uint32_t> seen_;
  std::unordered_map<Ref, bool> open_;  // tuples and sets being written
  std::unordered_map<std::string, uint32_t> texts_, globals_;
};

}  // namespace moonlab::weights
