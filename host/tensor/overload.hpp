// Which overload a call means, and its arguments as the dispatcher wants them.
//
// Never by trying and catching: kinds of arguments are compared with what each schema accepts. The first of these
// that tells two fitting overloads apart decides: fewer coerced arguments, fewer defaults used, an empty overload
// name, the alphabet. So a tensor goes to add.Tensor rather than, as its item, to add.Scalar.
#pragma once

#include <ATen/core/stack.h>

#include <string>
#include <utility>
#include <vector>

#include "host/tensor/direct.hpp"
#include "host/tensor/operator.hpp"
#include "host/tensor/value.hpp"

namespace moonlab {

/// Chooses among the overloads of one operator and remembers the choices by the kinds of positional arguments.
/// Not safe for several threads: each script state has its own.
class Chooser {
 public:
  explicit Chooser(const Operator& op) : op_(&op) {}

  /// The overload that fits, and its arguments on `stack` (emptied first). With `method`, the first positional value
  /// is the receiver and stands for the argument "self". Raises one Error that lists every signature with the reason
  /// it was passed over; for a misspelt keyword it names the nearest.
  const Overload& prepare(const Values& values, bool method, std::vector<c10::IValue>& stack);

  /// The result of a call whose kinds were met before and whose overload can be called without boxing; an undefined
  /// tensor where prepare() has to be asked. `used` is the overload, also when it raises.
  at::Tensor direct(const Values& values, bool method, const Overload*& used) const;

  const Operator& op() const { return *op_; }

 private:
  /// A choice made before, ready to be filled in: for each argument the positional value that goes there, kDefault, or
  /// kGathered (all integers from `first` on). Kinds are part of the key, so that nothing is left to check.
  struct Choice {
    uint64_t key;
    const Overload* overload;
    std::vector<int16_t> sources;
    size_t first;
    DirectCall direct;
  };
  static constexpr int16_t kDefault = -1, kGathered = -2;
  static DirectCall direct_call(const Choice& choice, const Values& values);
  void fill(const Choice& choice, const Values& values, std::vector<c10::IValue>& stack) const;

  const Operator* op_;
  std::vector<Choice> choices_;
};

/// The value as an IValue for this argument; its kind was accepted. Raises where the value itself does not fit (a
/// list of three where the schema says two, a tensor of several elements where it says a number).
c10::IValue convert(const Value& value, const Values& values, const Argument& argument);

}  // namespace moonlab
