#include "host/tensor/operator.hpp"

#include <algorithm>
#include <map>
#include <mutex>

namespace moonlab {

namespace {

using K = Kind;

constexpr uint32_t kTexts = bit(K::dtype) | bit(K::device) | bit(K::layout) | bit(K::memory_format) | bit(K::text);
constexpr uint32_t kNumbers = bit(K::integer) | bit(K::real);

Want want_of(const c10::TypePtr& type) {
  switch (type->kind()) {
    case c10::TypeKind::TensorType: return Want::tensor;
    case c10::TypeKind::NumberType: return Want::scalar;
    case c10::TypeKind::IntType:
    case c10::TypeKind::SymIntType: return Want::integer;
    case c10::TypeKind::FloatType:
    case c10::TypeKind::SymFloatType: return Want::real;
    case c10::TypeKind::BoolType:
    case c10::TypeKind::SymBoolType: return Want::boolean;
    case c10::TypeKind::StringType: return Want::text;
    case c10::TypeKind::ScalarTypeType: return Want::dtype;
    case c10::TypeKind::LayoutType: return Want::layout;
    case c10::TypeKind::MemoryFormatType: return Want::memory_format;
    case c10::TypeKind::DeviceObjType: return Want::device;
    case c10::TypeKind::GeneratorType: return Want::generator;
    case c10::TypeKind::StorageType:
    case c10::TypeKind::ClassType:
    case c10::TypeKind::AnyType:
    case c10::TypeKind::StreamObjType: return Want::object;
    case c10::TypeKind::ListType: break;
    default: return Want::unsupported;
  }
  auto element = type->castRaw<c10::ListType>()->getElementType();
  if (auto* optional = element->castRaw<c10::OptionalType>()) {
    Want inner = want_of(optional->getElementType());
    return inner == Want::tensor ? Want::optional_tensor_list : inner == Want::scalar ? Want::optional_scalar_list : Want::unsupported;
  }
  switch (want_of(element)) {
    case Want::tensor: return Want::tensor_list;
    case Want::scalar: return Want::scalar_list;
    case Want::integer: return Want::integer_list;
    case Want::real: return Want::real_list;
    case Want::boolean: return Want::boolean_list;
    case Want::text: return Want::text_list;
    case Want::tensor_list: return Want::tensor_list_list;
    case Want::text_list: return Want::text_list_list;
    case Want::object: return Want::object;
    default: return Want::unsupported;
  }
}

uint32_t accepted(Want want) {
  switch (want) {
    case Want::tensor: return bit(K::tensor);
    case Want::scalar: return kNumbers | bit(K::complex);
    case Want::integer: return bit(K::integer);
    case Want::real: return kNumbers;
    case Want::boolean: return bit(K::boolean);
    case Want::text: return kTexts;
    case Want::dtype: return bit(K::dtype);
    case Want::layout: return bit(K::layout);
    case Want::memory_format: return bit(K::memory_format);
    case Want::device: return bit(K::device);
    case Want::generator: return bit(K::generator);
    case Want::object: return bit(K::object);
    case Want::integer_list: return bit(K::integer_list) | bit(K::empty_list);
    case Want::real_list: return bit(K::real_list) | bit(K::integer_list) | bit(K::empty_list);
    case Want::boolean_list: return bit(K::bool_list) | bit(K::empty_list);
    case Want::scalar_list: return bit(K::integer_list) | bit(K::real_list) | bit(K::complex_list) | bit(K::empty_list);
    case Want::optional_scalar_list: return bit(K::integer_list) | bit(K::real_list) | bit(K::optional_number_list) | bit(K::empty_list);
    case Want::text_list: return bit(K::text_list) | bit(K::empty_list);
    case Want::tensor_list: return bit(K::tensor_list) | bit(K::empty_list);
    case Want::optional_tensor_list: return bit(K::tensor_list) | bit(K::optional_tensor_list) | bit(K::empty_list);
    case Want::tensor_list_list:
    case Want::text_list_list: return bit(K::nested_list) | bit(K::empty_list);
    case Want::unsupported: return 0;
  }
  return 0;
}

/// Arithmetic that takes a number where the schema says Tensor, as PyTorch does; elsewhere a number is a mistake.
bool takes_numbers(std::string_view name) {
  name.remove_prefix(name.find("::") + 2);
  if (!name.empty() && name.back() == '_') name.remove_suffix(1);
  for (std::string_view known : {"add", "sub", "subtract", "mul", "multiply", "div", "divide", "true_divide", "floor_divide", "remainder", "where"})
    if (name == known) return true;
  return false;
}

uint32_t coerced(const Argument& a, bool reduction, bool numbers) {
  switch (a.want) {
    case Want::tensor: return numbers && a.name != "self" && a.name != "condition" && !a.is_out ? kNumbers | bit(K::complex) | bit(K::boolean) : 0;
    // a tensor of one element stands for a number, as in PyTorch; a boolean is a legal Scalar
    case Want::scalar: return bit(K::boolean) | bit(K::tensor);
    case Want::integer: return bit(K::tensor) | (reduction ? bit(K::text) : 0);
    case Want::real: return bit(K::tensor);
    case Want::integer_list: return (a.length ? bit(K::integer) : 0) | bit(K::tensor_list);
    case Want::real_list: return a.length ? kNumbers : 0;
    case Want::boolean_list: return a.length ? bit(K::boolean) : 0;
    case Want::device: return bit(K::integer);
    default: return 0;
  }
}

}  // namespace

Overload::Overload(c10::OperatorHandle op) : handle(std::move(op)) {
  const auto& schema = handle.schema();
  const bool numbers = takes_numbers(schema.name());
  int lists = -1;
  size_t plain = 0;  // positional arguments other than self
  for (const auto& from : schema.arguments()) {
    Argument a;
    a.name = from.name();
    auto type = from.real_type();
    if (auto* optional = type->castRaw<c10::OptionalType>()) {
      a.optional = true;
      type = optional->getElementType();
    }
    a.want = want_of(type);
    a.keyword_only = from.kwarg_only();
    a.is_out = from.is_out();
    a.written = from.alias_info() && from.alias_info()->isWrite();
    a.length = from.N();
    if (a.want == Want::integer_list && a.name == "dim" && !a.length) a.length = 1;  // sum(x, 0) for int[]? dim
    a.fallback = from.default_value();
    a.accepts = accepted(a.want) | (a.optional ? bit(K::none) : 0);
    a.coerces = coerced(a, a.name == "reduction", numbers);
    if (!a.keyword_only) {
      if (a.name == "self" && a.want == Want::tensor && self < 0) self = static_cast<int>(arguments.size());
      else if (++plain == 1 && a.want == Want::integer_list) lists = static_cast<int>(arguments.size());
      ++positional;
    }
    writes |= a.written;
    arguments.push_back(std::move(a));
  }
  if (lists >= 0 && plain == 1) {
    gathers = lists;
    arguments[lists].coerces |= bit(K::integer);
  }
  if (self < 0 && !arguments.empty()) self = 0;
  for (const auto& r : schema.returns()) {
    if (r.alias_info() && r.alias_info()->isWrite()) returns_written = true;
    if (r.real_type()->kind() == c10::TypeKind::ScalarTypeType) returns_dtype = true;
  }
}

std::string Overload::signature() const {
  std::ostringstream text;
  text << handle.schema();
  std::string s = text.str();
  if (s.rfind("aten::", 0) == 0) s.erase(0, 6);
  return s;
}

std::string Overload::signature_lines() const {
  constexpr size_t kColumns = 80;
  const std::string indent = "\n  ", deeper = "\n          ";
  std::string lines = indent, rest = signature();
  size_t room = kColumns - 2;
  while (rest.size() > room) {
    size_t cut = rest.rfind(", ", room - 1);
    const auto in_list = [&] {  // "[1, 1]" stays in one piece
      return cut != rest.npos && rest.rfind('[', cut) != rest.npos &&
             (rest.rfind(']', cut) == rest.npos || rest.rfind(']', cut) < rest.rfind('[', cut));
    };
    while (in_list() && cut > 0) cut = rest.rfind(", ", cut - 1);
    if (const size_t arrow = rest.rfind(" -> ", room); arrow != rest.npos && (cut == rest.npos || arrow > cut)) cut = arrow - 1;
    if (cut == rest.npos || cut == 0) break;  // one long word
    lines += rest.substr(0, cut + 1) + deeper;
    rest.erase(0, cut + 2);
    room = kColumns - 10;
  }
  return lines + rest;
}

namespace {

struct Registry {
  std::mutex mutex;  // worker threads have states of their own and share this
  std::map<std::string, std::vector<std::string>, std::less<>> names;                // by namespace
  std::map<std::string, std::vector<c10::OperatorName>, std::less<>> overload_names;  // by "aten::add"
  std::map<std::string, std::unique_ptr<Operator>, std::less<>> operators;

  Registry() {
    for (auto& name : c10::Dispatcher::singleton().getAllOpNames()) {
      size_t colon = name.name.find("::");
      auto& list = overload_names[name.name];
      if (list.empty()) names[name.name.substr(0, colon)].push_back(name.name.substr(colon + 2));
      list.push_back(name);
    }
    for (auto& [space, list] : names) std::sort(list.begin(), list.end());
  }
};

Registry& registry() {
  static auto* r = new Registry;  // never destroyed: states may outlive static destruction
  return *r;
}

}  // namespace

const Operator* find_operator(std::string_view space, std::string_view name) {
  auto& r = registry();
  std::lock_guard lock(r.mutex);
  std::string full = std::string(space) + "::" + std::string(name);
  if (auto known = r.operators.find(full); known != r.operators.end()) return known->second.get();
  // "add.Tensor" is one overload alone; no operator's own name holds a dot
  const size_t dot = full.find('.', full.find("::"));
  auto listed = r.overload_names.find(full.substr(0, dot));
  if (listed == r.overload_names.end()) return nullptr;
  auto op = std::make_unique<Operator>();
  op->name = full;
  op->spelling = space == "aten" ? std::string(name) : std::string(space) + "." + std::string(name);
  for (const auto& overload : listed->second) {
    if (dot != full.npos && overload.overload_name != (full.substr(dot + 1) == "default" ? "" : full.substr(dot + 1))) continue;
    if (auto handle = c10::Dispatcher::singleton().findSchema(overload)) op->overloads.emplace_back(*handle);
  }
  // the order in which ties are broken: the overload without a name first, then by name
  std::sort(op->overloads.begin(), op->overloads.end(), [](const Overload& a, const Overload& b) { return a.name() < b.name(); });
  if (op->overloads.empty()) return nullptr;
  return (r.operators[full] = std::move(op)).get();
}

const std::vector<std::string>& operator_names(std::string_view space) {
  static const std::vector<std::string> nothing;
  auto& r = registry();
  auto found = r.names.find(space);
  return found == r.names.end() ? nothing : found->second;
}

std::vector<std::string> operator_namespaces() {
  std::vector<std::string> spaces;
  for (const auto& [space, list] : registry().names) spaces.push_back(space);
  return spaces;
}

}  // namespace moonlab
