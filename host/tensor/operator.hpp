// Every operator that LibTorch's dispatcher holds, with what its schemas want, worked out once.
#pragma once

#include <ATen/core/dispatch/Dispatcher.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "host/tensor/value.hpp"

namespace moonlab {

/// What a schema's argument must become.
enum class Want : uint8_t {
  tensor, scalar, integer, real, boolean, text, dtype, layout, memory_format, device, generator, object,
  integer_list, real_list, boolean_list, scalar_list, optional_scalar_list, text_list, tensor_list,
  optional_tensor_list, tensor_list_list, text_list_list, unsupported
};

struct Argument {
  std::string name;
  Want want;
  bool optional = false;  // None is a value
  bool keyword_only = false;
  bool is_out = false;
  bool written = false;           // the operator writes into it
  std::optional<int32_t> length;  // int[2]: one int stands for all
  std::optional<c10::IValue> fallback;
  uint32_t accepts = 0;  // kinds that convert without a second thought
  uint32_t coerces = 0;  // kinds that convert where no other overload fits better
};

struct Overload {
  explicit Overload(c10::OperatorHandle handle);

  c10::OperatorHandle handle;
  std::vector<Argument> arguments;
  size_t positional = 0;  // arguments that may be given by position
  int self = -1;          // position of the argument "self", or 0 where none is called so; -1 without arguments
  int gathers = -1;       // the list that takes all trailing integers: x:view(2, -1), torch.ones(2, 2)
  bool writes = false;           // into one of the arguments
  bool returns_written = false;  // a result is one of the arguments
  bool returns_dtype = false;

  /// "add.Tensor(Tensor self, Tensor other, *, Scalar alpha=1) -> Tensor"
  std::string signature() const;
  /// The same on a line of its own in a message: indented by two, broken between arguments within 80 columns.
  std::string signature_lines() const;
  const std::string& name() const { return handle.schema().operator_name().overload_name; }
};

/// All overloads of one name. Shared by all threads and never changed once found.
struct Operator {
  std::string name;       // "aten::add"
  std::string spelling;   // "add", or "quantized.add" outside aten
  std::vector<Overload> overloads;
};

/// The operator of this name in a namespace of the dispatcher ("aten"), or nullptr. Found once, kept for good.
const Operator* find_operator(std::string_view space, std::string_view name);

/// All names of a namespace, sorted; for nearest names, help and completion.
const std::vector<std::string>& operator_names(std::string_view space);

/// All namespaces that hold an operator.
std::vector<std::string> operator_namespaces();

}  // namespace moonlab
