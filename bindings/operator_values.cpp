// Values between Lua and operators: arguments as the host's neutral values, results as Lua's.
#include "bindings/operator_values.hpp"

#include <cstring>

#include "bindings/tensor_parts.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab::lua {

using Object = c10::IValue;

template <>
struct TypeName<c10::IValue> {
  static constexpr const char* value = "object of LibTorch";
};

namespace {

Value read_list(lua_State* L, int index, Values& values, int depth);

Value read_cdata(lua_State* L, int index) {
  // ("read", cdata) -> kind, number, number: Lua's ffi library knows the type, the C API does not
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).cdata_ref);
  lua_pushliteral(L, "read");
  lua_pushvalue(L, index);
  lua_call(L, 2, 3);
  Value v;
  v.kind = Kind::other;
  const char* kind = lua_tostring(L, -3);
  if (kind && std::strcmp(kind, "complex") == 0) {
    v.kind = Kind::complex;
    v.real = lua_tonumber(L, -2);
    v.imaginary = lua_tonumber(L, -1);
  } else if (kind && std::strcmp(kind, "integer") == 0) {
    v.kind = Kind::integer;
    v.integer = static_cast<int64_t>(lua_tonumber(L, -2)) * 4294967296 + static_cast<int64_t>(lua_tonumber(L, -1));
  }
  lua_pop(L, 3);
  return v;
}

Value read_one(lua_State* L, int index, Values& values, int depth) {
  Value v;
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return v;
    case LUA_TUSERDATA:
      if (const at::Tensor* t = test_tensor(L, index)) {
        v.kind = Kind::tensor;
        v.tensor = t;
      } else if (lua_touserdata(L, index) == State::of(L).none) {
        v.kind = Kind::none;
      } else if (void* object = detail::test_object(L, index, TypeName<Object>::value)) {
        v.object = static_cast<std::shared_ptr<Object>*>(object)->get();
        v.kind = v.object->isGenerator() ? Kind::generator : Kind::object;
      } else {
        v.kind = Kind::other;
      }
      return v;
    case LUA_TNUMBER: {
      const double d = lua_tonumber(L, index);
      const auto i = d > -9.3e18 && d < 9.2e18 ? static_cast<int64_t>(d) : 0;
      if (static_cast<double>(i) == d && !(i == 0 && 1 / d < 0)) {  // -0.0 is no integer
        v.kind = Kind::integer;
        v.integer = i;
      } else {
        v.kind = Kind::real;
        v.real = d;
      }
      return v;
    }
    case LUA_TBOOLEAN:
      v.kind = Kind::boolean;
      v.integer = lua_toboolean(L, index);
      return v;
    case LUA_TSTRING: {
      size_t size;
      const char* text = lua_tolstring(L, index, &size);
      return text_value(text, size);
    }
    case LUA_TTABLE: return read_list(L, index, values, depth);
    case 10: return read_cdata(L, index);  // LUA_TCDATA, which lua.h does not name
    default: v.kind = Kind::other; return v;
  }
}

Kind list_kind(const Values& values, const Value& list) {
  uint32_t kinds = 0;
  for (uint32_t i = 0; i < list.size; ++i) kinds |= bit(values.items[list.first + i].kind);
  auto only = [&](uint32_t allowed) { return (kinds & ~allowed) == 0; };
  constexpr uint32_t reals = bit(Kind::integer) | bit(Kind::real);
  constexpr uint32_t lists = bit(Kind::empty_list) | bit(Kind::bool_list) | bit(Kind::integer_list) | bit(Kind::real_list) |
                             bit(Kind::text_list) | bit(Kind::tensor_list) | bit(Kind::optional_tensor_list) | bit(Kind::nested_list);
  constexpr uint32_t texts = bit(Kind::dtype) | bit(Kind::device) | bit(Kind::layout) | bit(Kind::memory_format) | bit(Kind::text);
  if (only(bit(Kind::integer))) return Kind::integer_list;
  if (only(reals)) return Kind::real_list;
  if (only(bit(Kind::tensor))) return Kind::tensor_list;
  if (only(bit(Kind::tensor) | bit(Kind::none))) return Kind::optional_tensor_list;
  if (only(bit(Kind::boolean))) return Kind::bool_list;
  if (only(texts)) return Kind::text_list;
  if (only(reals | bit(Kind::complex) | bit(Kind::boolean))) return Kind::complex_list;
  if (only(reals | bit(Kind::none))) return Kind::optional_number_list;
  if (only(lists)) return Kind::nested_list;
  return Kind::mixed_list;
}

Value read_list(lua_State* L, int index, Values& values, int depth) {
  Value v;
  v.kind = Kind::other;
  if (depth > 4) return v;
  const int n = static_cast<int>(lua_objlen(L, index));
  if (n == 0) {
    lua_pushnil(L);
    if (lua_next(L, index) == 0) v.kind = Kind::empty_list;
    else lua_pop(L, 2);
    return v;
  }
  v.size = n;
  v.first = static_cast<uint32_t>(values.items.size());
  values.items.resize(values.items.size() + n);
  for (int i = 0; i < n; ++i) {
    lua_rawgeti(L, index, i + 1);
    Value item = read_one(L, lua_gettop(L), values, depth + 1);
    values.items[v.first + i] = item;
    lua_pop(L, 1);  // the table still holds it
  }
  v.kind = list_kind(values, v);
  return v;
}

}  // namespace

bool is_keywords(lua_State* L, int index) {
  if (!lua_istable(L, index) || lua_objlen(L, index) > 0) return false;
  lua_pushnil(L);
  if (lua_next(L, index) == 0) return false;
  bool text = lua_type(L, -2) == LUA_TSTRING;
  lua_pop(L, 2);
  return text;
}

void read_keywords(lua_State* L, int index, Values& values) {
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING) fail("keywords must be names, got ", describe(L, -2));
    size_t size;
    const char* name = lua_tolstring(L, -2, &size);
    Value v = read_one(L, lua_gettop(L), values, 0);
    values.named.emplace_back(std::string_view(name, size), v);
  }
}

void push_result(lua_State* L, c10::IValue&& v, bool dtype) {
  if (v.isTensor()) return push(L, std::move(v).toTensor());
  if (v.isNone()) return lua_pushnil(L);
  if (v.isInt()) {
    if (dtype) push(L, std::string_view(dtype_name(static_cast<at::ScalarType>(v.toInt()))));
    else lua_pushnumber(L, static_cast<double>(v.toInt()));
  } else if (v.isDouble()) {
    lua_pushnumber(L, v.toDouble());
  } else if (v.isBool()) {
    lua_pushboolean(L, v.toBool());
  } else if (v.isString()) {
    push(L, std::string_view(v.toStringRef()));
  } else if (v.isDevice()) {
    push(L, std::string_view(v.toDevice().str()));
  } else if (v.isSymInt()) {
    lua_pushnumber(L, static_cast<double>(v.toSymInt().guard_int(__FILE__, __LINE__)));
  } else if (v.isTuple() || v.isList()) {
    auto items = v.isTuple() ? v.toTupleRef().elements().vec() : v.toListRef().vec();
    v = {};  // each tensor has one owner again
    lua_createtable(L, static_cast<int>(items.size()), 0);
    for (size_t i = 0; i < items.size(); ++i) {
      push_result(L, std::move(items[i]), dtype);
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
  } else if (v.isComplexDouble()) {
    auto c = v.toComplexDouble();
    lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).cdata_ref);
    lua_pushliteral(L, "complex");
    lua_pushnumber(L, c.real());
    lua_pushnumber(L, c.imag());
    lua_call(L, 3, 1);
  } else {
    push_object(L, std::make_shared<Object>(std::move(v)));
  }
}

Value read_value(lua_State* L, int index, Values& values) {
  if (index < 0) index = lua_gettop(L) + index + 1;
  return read_one(L, index, values, 0);
}

void push_ivalue(lua_State* L, c10::IValue value) { push_object(L, std::make_shared<Object>(std::move(value))); }

at::Generator optional_generator(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return {};
  auto object = test_object<Object>(L, index);
  if (!object || !object->isGenerator()) argument_error(L, index, "a generator");
  return object->toGenerator();
}

void register_values(lua_State* L) { register_type<Object>(L, nullptr, kObjectMeta); }

}  // namespace moonlab::lua
