// The arguments of a call in a PyTorch file, checked as they are taken.
#pragma once

#include <stdexcept>
#include <string>
#include <vector>

#include "host/tensor/dtype.hpp"
#include "host/weights/pickle_value.hpp"
#include "host/weights/torch_globals.hpp"

namespace moonlab::weights {

/// How many bytes the calls of one file may copy or walk over: a file of a few bytes can call for the same large array
/// a million times, or for a view that repeats one element without end.
class CopyBudget {
 public:
  explicit CopyBudget(uint64_t bytes) : left_(bytes) {}
  /// Throws std::invalid_argument once more is asked for than is left.
  void charge(uint64_t bytes) {
    if (bytes > left_) throw std::invalid_argument("more copies are asked for than a file of this size can need");
    left_ -= bytes;
  }
  void charge(const at::Tensor& t) {
    uint64_t bytes;
    if (__builtin_mul_overflow(static_cast<uint64_t>(t.numel()), uint64_t{16}, &bytes)) bytes = UINT64_MAX;
    charge(bytes);
  }

 private:
  uint64_t left_;
};

constexpr size_t kMostDims = 64;  // what LibTorch's own loops take

/// All of these throw std::invalid_argument with the position and what was expected.
class CallArguments {
 public:
  explicit CallArguments(const std::vector<Ref>& list) : list_(list) {}

  size_t count() const { return list_.size(); }
  Value& operator[](size_t i) const {
    if (i >= list_.size()) throw std::invalid_argument("argument " + std::to_string(i + 1) + " is missing");
    return *list_[i];
  }
  [[noreturn]] void wrong(size_t i, const std::string& expected) const {
    throw std::invalid_argument("argument " + std::to_string(i + 1) + " must be " + expected + ", got " +
                                describe((*this)[i]));
  }

  const at::Tensor& tensor(size_t i) const {
    const auto* t = (*this)[i].as<at::Tensor>();
    if (!t) wrong(i, "a tensor");
    return *t;
  }
  const StorageValue& storage(size_t i) const {
    const auto* s = (*this)[i].as<std::unique_ptr<StorageValue>>();
    if (!s) wrong(i, "a storage");
    return **s;
  }
  int64_t integer(size_t i) const {
    const auto* n = (*this)[i].as<int64_t>();
    if (!n) wrong(i, "an integer");
    return *n;
  }
  double number(size_t i) const {
    if (const auto* n = (*this)[i].as<int64_t>()) return static_cast<double>(*n);
    const auto* d = (*this)[i].as<double>();
    if (!d) wrong(i, "a number");
    return *d;
  }
  bool boolean(size_t i) const {
    const Value& value = (*this)[i];
    if (value.is_none()) return false;
    if (const auto* n = value.as<int64_t>()) return *n != 0;
    const auto* b = value.as<bool>();
    if (!b) wrong(i, "a boolean");
    return *b;
  }
  std::string text(size_t i) const {
    if (const auto* s = (*this)[i].as<std::string>()) return *s;
    if (const auto* b = (*this)[i].as<Bytes>()) return b->data;  // Python 2's str
    wrong(i, "a text");
  }
  const Sequence& sequence(size_t i) const {
    const auto* s = (*this)[i].as<Sequence>();
    if (!s) wrong(i, "a tuple");
    return *s;
  }
  std::vector<int64_t> integers(size_t i) const {
    std::vector<int64_t> out;
    for (const Ref& item : sequence(i).items) {
      const auto* n = item->as<int64_t>();
      if (!n) wrong(i, "a tuple of integers");
      out.push_back(*n);
    }
    return out;
  }
  /// A word of torch: a dtype, a layout, a quantization scheme.
  std::string word(size_t i) const {
    if (const auto* global = (*this)[i].as<Global>()) {
      if (auto word = torch_word(global->name)) return *word;
    }
    return text(i);
  }
  at::ScalarType dtype(size_t i) const {
    std::string name = word(i);
    auto type = parse_dtype(name.starts_with("torch.") ? name.substr(6) : name);
    if (!type) wrong(i, "a dtype");
    return *type;
  }

 private:
  const std::vector<Ref>& list_;
};

}  // namespace moonlab::weights
