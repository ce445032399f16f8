#include "host/tensor/value.hpp"

#include <c10/core/Device.h>
#include <c10/core/Layout.h>
#include <c10/core/MemoryFormat.h>

#include <cstdio>
#include <unordered_map>

#include "host/tensor/dtype.hpp"
#include "host/tensor/print.hpp"

namespace moonlab {

const char* words(Kind kind) {
  switch (kind) {
    case Kind::nil: return "nil";
    case Kind::none: return "torch.None";
    case Kind::boolean: return "a boolean";
    case Kind::integer: return "an integer";
    case Kind::real: return "a number";
    case Kind::complex: return "a complex number";
    case Kind::dtype:
    case Kind::device:
    case Kind::layout:
    case Kind::memory_format:
    case Kind::text: return "a string";
    case Kind::tensor: return "a tensor";
    case Kind::generator: return "a generator";
    case Kind::object: return "an object of LibTorch";
    case Kind::empty_list: return "an empty table";
    case Kind::bool_list: return "a list of booleans";
    case Kind::integer_list: return "a list of integers";
    case Kind::real_list: return "a list of numbers";
    case Kind::complex_list: return "a list of complex numbers";
    case Kind::text_list: return "a list of strings";
    case Kind::tensor_list: return "a list of tensors";
    case Kind::optional_tensor_list: return "a list of tensors and torch.None";
    case Kind::optional_number_list: return "a list of numbers and torch.None";
    case Kind::nested_list: return "a list of lists";
    case Kind::mixed_list: return "a list of different things";
    case Kind::other:
    case Kind::count: break;
  }
  return "a value";
}

namespace {

struct Named {
  Kind kind;
  int16_t code;
};

const std::unordered_map<std::string_view, Named>& fixed_names() {
  static const auto* names = new std::unordered_map<std::string_view, Named>{
      {"strided", {Kind::layout, static_cast<int16_t>(c10::Layout::Strided)}},
      {"sparse_coo", {Kind::layout, static_cast<int16_t>(c10::Layout::Sparse)}},
      {"sparse_csr", {Kind::layout, static_cast<int16_t>(c10::Layout::SparseCsr)}},
      {"sparse_csc", {Kind::layout, static_cast<int16_t>(c10::Layout::SparseCsc)}},
      {"sparse_bsr", {Kind::layout, static_cast<int16_t>(c10::Layout::SparseBsr)}},
      {"sparse_bsc", {Kind::layout, static_cast<int16_t>(c10::Layout::SparseBsc)}},
      {"jagged", {Kind::layout, static_cast<int16_t>(c10::Layout::Jagged)}},
      {"contiguous_format", {Kind::memory_format, static_cast<int16_t>(c10::MemoryFormat::Contiguous)}},
      {"preserve_format", {Kind::memory_format, static_cast<int16_t>(c10::MemoryFormat::Preserve)}},
      {"channels_last", {Kind::memory_format, static_cast<int16_t>(c10::MemoryFormat::ChannelsLast)}},
      {"channels_last_3d", {Kind::memory_format, static_cast<int16_t>(c10::MemoryFormat::ChannelsLast3d)}},
  };
  return *names;
}

bool is_device(std::string_view text) {
  std::string_view type = text.substr(0, text.find(':'));
  for (std::string_view known : {"cpu", "cuda", "meta", "mps", "xpu", "hip", "xla", "mkldnn", "vulkan", "hpu", "mtia", "privateuseone"})
    if (type == known) return type.size() == text.size() || text.find_first_not_of("0123456789", type.size() + 1) == text.npos;
  return false;
}

}  // namespace

Value text_value(const char* text, size_t size) {
  Value v;
  v.kind = Kind::text;
  v.text = text;
  v.size = static_cast<uint32_t>(size);
  std::string_view view(text, size);
  if (auto dtype = parse_dtype(view)) {
    v.kind = Kind::dtype;
    v.code = static_cast<int16_t>(*dtype);
  } else if (is_device(view)) {
    v.kind = Kind::device;
  } else if (auto known = fixed_names().find(view); known != fixed_names().end()) {
    v.kind = known->second.kind;
    v.code = known->second.code;
  }
  return v;
}

std::string describe(const Value& v, const Values& values) {
  switch (v.kind) {
    case Kind::tensor: return v.tensor->defined() ? summary(*v.tensor) : "nil";
    case Kind::integer: return std::to_string(v.integer);
    case Kind::boolean: return v.integer ? "true" : "false";
    case Kind::real: {
      char text[32];
      std::snprintf(text, sizeof text, "%.14g", v.real);
      return text;
    }
    case Kind::dtype:
    case Kind::device:
    case Kind::layout:
    case Kind::memory_format:
    case Kind::text: return "'" + std::string(v.view()) + "'";
    case Kind::empty_list: return "{}";
    case Kind::bool_list:
    case Kind::integer_list:
    case Kind::real_list:
    case Kind::text_list:
    case Kind::tensor_list:
    case Kind::optional_tensor_list:
    case Kind::optional_number_list:
    case Kind::mixed_list: {
      std::string text = "{";
      for (size_t i = 0; i < v.size && i < 6; ++i) text += (i ? ", " : "") + describe(values.begin(v)[i], values);
      return text + (v.size > 6 ? ", ...}" : "}");
    }
    default: return words(v.kind);
  }
}

}  // namespace moonlab
