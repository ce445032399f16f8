// An argument of an operator as the caller wrote it, before a schema says what it must become.
//
// Neutral between the script language and LibTorch: a binding fills Values, the host chooses an overload by their
// kinds and converts them. Nothing is owned here: tensors, texts and objects live in the caller's frame.
#pragma once

#include <ATen/core/Tensor.h>
#include <ATen/core/ivalue.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace moonlab {

/// What a script can write. At most 32, so that what an argument accepts is one word of bits.
enum class Kind : uint8_t {
  nil,   // no value: the default where there is one
  none,  // torch.None: an explicit None
  boolean,
  integer,  // a number with an integral value
  real,
  complex,
  dtype,  // strings, judged by their value
  device,
  layout,
  memory_format,
  text,
  tensor,
  generator,
  object,  // an opaque value that an operator returned (a packed parameter, a storage)
  empty_list,
  bool_list,
  integer_list,
  real_list,  // numbers, at least one of them not integral
  complex_list,
  text_list,
  tensor_list,
  optional_tensor_list,  // tensors and torch.None
  optional_number_list,
  nested_list,  // lists of lists
  mixed_list,
  other,  // a function, a table with keys
  count
};

constexpr uint32_t bit(Kind kind) { return uint32_t{1} << static_cast<int>(kind); }

/// In a user's words: "a string", "a list of integers".
const char* words(Kind kind);

struct Value {
  Kind kind = Kind::nil;
  int16_t code = 0;   // of a dtype, layout or memory format: LibTorch's number for it
  uint32_t size = 0;  // of a text or a list
  union {
    int64_t integer = 0;  // also of a boolean
    double real;
    const char* text;         // also of dtype, device, layout and memory format, which are texts to a str argument
    const at::Tensor* tensor;
    const c10::IValue* object;  // object and generator
    uint32_t first;             // of a list: index of its first item in Values::items
  };
  double imaginary = 0;

  std::string_view view() const { return {text, size}; }
};

/// Judges a text: is it the name of a dtype, a device, a layout, a memory format? The pointer must outlive the Value.
Value text_value(const char* text, size_t size);

/// The arguments of one call: positional ones, then those given by name; `items` holds what lists contain.
struct Values {
  std::vector<Value> positional;
  std::vector<std::pair<std::string_view, Value>> named;
  std::vector<Value> items;

  void clear() { positional.clear(), named.clear(), items.clear(); }
  const Value* begin(const Value& list) const { return items.data() + list.first; }
};

/// "float32[2, 3] cpu", "3", "'same'", "[1, 2]", "a function": for messages.
std::string describe(const Value& value, const Values& values);

}  // namespace moonlab
