// What a pickle says, as plain data: a graph of values in which shared parts stay shared and cycles stay cycles.
//
// Nothing here is executed and no tensor is made while a pickle is read: a call that the pickle asks for is kept as a
// Call and carried out later, or not, by whoever knows the few calls that are allowed.
#pragma once

#include <ATen/core/Tensor.h>

#include <complex>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace moonlab::weights {

struct Value;
using Ref = Value*;  // owned by an Arena
using Pairs = std::vector<std::pair<Ref, Ref>>;

struct None {};

struct Bytes {
  std::string data;
};

/// A Python int beyond 64 bits, in hexadecimal with its sign: "-0x1f...".
struct BigInteger {
  std::string hex;
};

struct Sequence {
  enum Kind : uint8_t { list, tuple, set, size } kind = list;  // size: torch.Size
  std::vector<Ref> items;
};

struct Mapping {
  enum Kind : uint8_t { dict, ordered, counter } kind = dict;
  Pairs items;               // in the file's order; a key given twice stands twice, the last one counts
  Ref attributes = nullptr;  // of the object beside its items, such as _metadata of a state dict
};

/// A name from outside, "torch._utils._rebuild_tensor_v2".
struct Global {
  std::string name;
};

/// What stands outside the pickle: a storage by its key.
struct Persistent {
  Ref id;
};

/// Bytes that tensors lie in.
struct StorageValue {
  c10::Storage storage;
  at::ScalarType type;
  bool typed;          // else PyTorch's UntypedStorage, where `type` is uint8
  int64_t offset = 0;  // in elements: an old view of a storage
};

/// The result of calling `function` with the tuple `arguments`, then given `state` and items. Also an object of a
/// class.
struct Call {
  Ref function;
  Ref arguments;
  struct More {
    Ref state = nullptr;
    std::vector<Ref> list;
    Pairs pairs;
  };
  std::unique_ptr<More> more;
  More& extra() {
    if (!more) more = std::make_unique<More>();
    return *more;
  }
};

struct Value {
  std::variant<None, bool, int64_t, double, std::string, std::unique_ptr<std::complex<double>>, Bytes, BigInteger,
               Sequence, Mapping, Global, Persistent, std::unique_ptr<StorageValue>, Call, at::Tensor>
      data;

  template <class T>
  T* as() {
    return std::get_if<T>(&data);
  }
  template <class T>
  const T* as() const {
    return std::get_if<T>(&data);
  }
  bool is_none() const { return std::holds_alternative<None>(data); }
};

/// Owner of the values of one file. Their addresses hold for its life.
class Arena {
 public:
  template <class T>
  Ref make(T&& content) {
    values_.push_back(Value{std::forward<T>(content)});
    return &values_.back();
  }
  Ref text(std::string s) { return make(std::move(s)); }
  Ref integer(int64_t i) { return make(i); }
  Ref tuple(std::vector<Ref> items) { return make(Sequence{Sequence::tuple, std::move(items)}); }
  /// In order of making.
  std::deque<Value>& values() { return values_; }

 private:
  std::deque<Value> values_;
};

/// "a dict", "a tensor", "the global 'os.system'", for messages.
std::string describe(const Value& value);

}  // namespace moonlab::weights
