#include "host/weights/numpy_value.hpp"

#include <ATen/Functions.h>

#include <algorithm>
#include <cstring>

namespace moonlab::weights {

namespace {

using enum at::ScalarType;

struct ArrayType {
  at::ScalarType type;
  bool swapped;
};

/// numpy.dtype("f4", ...) with the state (version, byte order, ...).
ArrayType array_type(Value& value) {
  auto* call = value.as<Call>();
  const auto* global = call ? call->function->as<Global>() : nullptr;
  if (!global || global->name != "numpy.dtype")
    throw std::invalid_argument("expected a numpy.dtype, got " + describe(value));
  const std::string code = CallArguments(call->arguments->as<Sequence>()->items).text(0);
  static constexpr std::pair<const char*, at::ScalarType> kCodes[] = {
      {"f2", Half},   {"f4", Float},  {"f8", Double},       {"i1", Char},          {"i2", Short},
      {"i4", Int},    {"i8", Long},   {"b1", Bool},         {"u1", Byte},          {"u2", UInt16},
      {"u4", UInt32}, {"u8", UInt64}, {"c8", ComplexFloat}, {"c16", ComplexDouble}};
  for (auto [name, type] : kCodes) {
    if (code != name) continue;
    bool swapped = false;
    if (call->more && call->more->state) {
      const auto* state = call->more->state->as<Sequence>();
      if (state && state->items.size() > 1) swapped = CallArguments(state->items).text(1) == ">";
    }
    return {type, swapped};
  }
  throw std::invalid_argument("numpy.dtype '" + code.substr(0, 40) + "' has no tensor type");
}

void swap_bytes(std::string& data, at::ScalarType type) {
  const size_t width = c10::elementSize(type) / (c10::isComplexType(type) ? 2 : 1);
  for (size_t i = 0; i + width <= data.size(); i += width) std::reverse(data.begin() + i, data.begin() + i + width);
}

std::string take_bytes(const CallArguments& a, size_t i, ArrayType type) {
  std::string data = a.text(i);
  // an array's bytes in an old pickle: a text whose characters are the bytes
  if (type.swapped) swap_bytes(data, type.type);
  return data;
}

at::Tensor tensor_of(const std::string& data, at::ScalarType type, at::IntArrayRef shape, bool fortran) {
  uint64_t bytes = c10::elementSize(type);
  for (int64_t size : shape) {
    if (size < 0 || __builtin_mul_overflow(bytes, static_cast<uint64_t>(size), &bytes))
      throw std::invalid_argument("an array of an impossible shape");
  }
  if (bytes != data.size()) {
    throw std::invalid_argument("an array of " + std::to_string(bytes) + " bytes with " + std::to_string(data.size()));
  }
  std::vector<int64_t> sizes(shape.begin(), shape.end());
  if (fortran) std::reverse(sizes.begin(), sizes.end());
  auto out = at::empty(sizes, type);
  if (!data.empty()) std::memcpy(out.mutable_data_ptr(), data.data(), data.size());
  if (!fortran) return out;
  std::vector<int64_t> order(sizes.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = static_cast<int64_t>(order.size() - 1 - i);
  return out.permute(order);
}

}  // namespace

at::Tensor numpy_array(const Value* state, CopyBudget& budget) {
  const auto* parts = state ? state->as<Sequence>() : nullptr;
  if (!parts || parts->items.size() != 5) throw std::invalid_argument("an array without its five parts");
  CallArguments a(parts->items);
  const ArrayType type = array_type(a[2]);
  if (a.sequence(1).items.size() > kMostDims) throw std::invalid_argument("an array of too many dims");
  if (const auto* data = a[4].as<Bytes>()) budget.charge(data->data.size());
  else if (const auto* text = a[4].as<std::string>()) budget.charge(text->size());
  return tensor_of(take_bytes(a, 4, type), type.type, a.integers(1), a.boolean(3));
}

Value numpy_scalar(const CallArguments& a) {
  const ArrayType type = array_type(a[0]);
  auto one = tensor_of(take_bytes(a, 1, type), type.type, {}, false);
  if (type.type == Bool) return Value{one.item().toBool()};
  if (c10::isComplexType(type.type)) {
    auto c = one.item().toComplexDouble();
    return Value{std::make_unique<std::complex<double>>(c.real(), c.imag())};
  }
  if (c10::isFloatingType(type.type)) return Value{one.item().toDouble()};
  return Value{one.to(Long).item().toLong()};
}

}  // namespace moonlab::weights
