// TorchScript modules for Lua: their arguments and results as plain Lua values. require "host.torch_script", for
// stdlib/torch/jit.lua.
#include "host/weights/torch_script.hpp"

#include <ATen/core/jit_type.h>

#include "bindings/all.hpp"
#include "bindings/module.hpp"
#include "bindings/tensor.hpp"
#include "bindings/torch_script.hpp"
#include "host/device.hpp"

namespace moonlab::lua {

namespace {

using c10::IValue;
using c10::TypeKind;
using weights::TorchScript;

constexpr int kDeepest = 100;

bool is_none(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return true;
  lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
  const bool same = lua_rawequal(L, -1, index) != 0;
  lua_pop(L, 1);
  return same;
}

IValue read(lua_State* L, int index, const c10::TypePtr& type, const std::string& place, int depth);

[[noreturn]] void refuse(lua_State* L, int index, const c10::TypePtr& type, const std::string& place) {
  fail(place, " must be ", type->str(), ", got ", describe(L, index));
}

IValue read_list(lua_State* L, int index, const c10::TypePtr& item, const std::string& place, int depth) {
  c10::impl::GenericList list(item);
  for (int i = 1, n = static_cast<int>(lua_objlen(L, index)); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    list.push_back(read(L, lua_gettop(L), item, place + "[" + std::to_string(i) + "]", depth));
    lua_pop(L, 1);
  }
  return list;
}

IValue read_dict(lua_State* L, int index, const c10::DictType& type, const std::string& place, int depth) {
  c10::impl::GenericDict dict(type.getKeyType(), type.getValueType());
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const int value = lua_gettop(L);
    lua_pushvalue(L, value - 1);  // the key itself must stay as it is for lua_next
    std::string name = place + "[" + (lua_type(L, -1) == LUA_TSTRING ? "'" + check_string(L, -1) + "'" : "key") + "]";
    IValue key = read(L, value + 1, type.getKeyType(), "a key of " + place, depth);
    lua_pop(L, 1);
    dict.insert(std::move(key), read(L, value, type.getValueType(), name, depth));
  }
  return dict;
}

IValue read_tuple(lua_State* L, int index, const c10::TypePtr& type, const std::string& place, int depth) {
  const auto items = type->containedTypes();
  const size_t n = lua_objlen(L, index);
  if (n > items.size()) fail(place, " must be ", type->str(), ", got ", n, " values");
  std::vector<IValue> values;
  for (size_t i = 0; i < items.size(); ++i) {
    lua_rawgeti(L, index, static_cast<int>(i) + 1);
    values.push_back(read(L, lua_gettop(L), items[i], place + "[" + std::to_string(i + 1) + "]", depth));
    lua_pop(L, 1);
  }
  return c10::ivalue::Tuple::create(std::move(values));
}

// Where TorchScript takes anything: what the Lua value is by itself.
IValue read_any(lua_State* L, int index, const std::string& place, int depth) {
  if (is_none(L, index)) return {};
  if (const at::Tensor* tensor = test_tensor(L, index)) return *tensor;
  switch (lua_type(L, index)) {
    case LUA_TBOOLEAN:
      return lua_toboolean(L, index) != 0;
    case LUA_TSTRING:
      return check_string(L, index);
    case LUA_TNUMBER:
      return read(L, index, c10::NumberType::get(), place, depth);
    case LUA_TTABLE:
      return read_list(L, index, c10::AnyType::get(), place, depth);
    default:
      refuse(L, index, c10::AnyType::get(), place);
  }
}

IValue read(lua_State* L, int index, const c10::TypePtr& type, const std::string& place, int depth) {
  if (++depth > kDeepest) fail(place, " is nested too deeply");
  luaL_checkstack(L, 8, "arguments nested too deeply");
  const int kind = lua_type(L, index);
  switch (type->kind()) {
    case TypeKind::OptionalType:
      if (is_none(L, index)) return {};
      return read(L, index, type->castRaw<c10::OptionalType>()->getElementType(), place, depth);
    case TypeKind::NoneType:
      if (is_none(L, index)) return {};
      break;
    case TypeKind::TensorType:
      if (const at::Tensor* tensor = test_tensor(L, index)) return *tensor;
      break;
    case TypeKind::BoolType:
      if (kind == LUA_TBOOLEAN) return lua_toboolean(L, index) != 0;
      break;
    case TypeKind::IntType:
      if (kind == LUA_TNUMBER && lua_tonumber(L, index) == static_cast<double>(lua_tointeger(L, index)))
        return check_integer(L, index);
      break;
    case TypeKind::FloatType:
      if (kind == LUA_TNUMBER) return check_number(L, index);
      break;
    case TypeKind::NumberType:
      if (kind != LUA_TNUMBER) break;
      if (lua_tonumber(L, index) == static_cast<double>(lua_tointeger(L, index))) return check_integer(L, index);
      return check_number(L, index);
    case TypeKind::StringType:
      if (kind == LUA_TSTRING) return check_string(L, index);
      break;
    case TypeKind::DeviceObjType:
      if (kind == LUA_TSTRING) return open_device(check_string(L, index));
      break;
    case TypeKind::ListType:
      if (kind == LUA_TTABLE)
        return read_list(L, index, type->castRaw<c10::ListType>()->getElementType(), place, depth);
      break;
    case TypeKind::DictType:
      if (kind == LUA_TTABLE) return read_dict(L, index, *type->castRaw<c10::DictType>(), place, depth);
      break;
    case TypeKind::TupleType:
      if (kind == LUA_TTABLE) return read_tuple(L, index, type, place, depth);
      break;
    default:
      return read_any(L, index, place, depth);
  }
  refuse(L, index, type, place);
}

// nil at the top, torch.None inside lists, where nil would be a hole.
void push_value(lua_State* L, const IValue& value, bool inside) {
  luaL_checkstack(L, 6, "results nested too deeply");
  if (value.isTensor()) return push(L, value.toTensor());
  if (value.isNone()) {
    if (inside) lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
    else lua_pushnil(L);
  } else if (value.isBool()) {
    lua_pushboolean(L, value.toBool());
  } else if (value.isInt()) {
    lua_pushnumber(L, static_cast<double>(value.toInt()));
  } else if (value.isDouble()) {
    lua_pushnumber(L, value.toDouble());
  } else if (value.isString()) {
    push(L, value.toStringRef());
  } else if (value.isDevice()) {
    push(L, value.toDevice().str());
  } else if (value.isList() || value.isTuple()) {
    const auto items = value.isTuple() ? value.toTupleRef().elements().vec() : value.toListRef().vec();
    lua_createtable(L, static_cast<int>(items.size()), 0);
    for (size_t i = 0; i < items.size(); ++i) {
      push_value(L, items[i], true);
      lua_rawseti(L, -2, static_cast<int>(i) + 1);
    }
  } else if (value.isGenericDict()) {
    lua_newtable(L);
    for (const auto& item : value.toGenericDict()) {
      push_value(L, item.key(), true);
      push_value(L, item.value(), false);
      lua_rawset(L, -3);
    }
  } else {
    push_ivalue(L, value);
  }
}

// Whether the last value is a table of keywords: every key is the name of an argument.
bool is_keywords(lua_State* L, int index, const c10::FunctionSchema& schema) {
  if (!lua_istable(L, index) || lua_objlen(L, index) > 0) return false;
  int count = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1), ++count) {
    if (lua_type(L, -2) != LUA_TSTRING || !schema.argumentIndexWithName(lua_tostring(L, -2))) {
      lua_pop(L, 2);
      return false;
    }
  }
  return count > 0;
}

// method(values from `first` on): a tuple comes back as several results, as torch's functions give them.
int invoke(lua_State* L, TorchScript& script, const std::string& method, int first) {
  const auto& schema = script.schema(method);
  const auto& arguments = schema.arguments();  // the first is the module itself
  int last = lua_gettop(L);
  std::unordered_map<std::string, IValue> keywords;
  if (last >= first && is_keywords(L, last, schema)) {
    for (lua_pushnil(L); lua_next(L, last); lua_pop(L, 1)) {
      const std::string name = check_string(L, -2);
      const auto& type = arguments[*schema.argumentIndexWithName(name)].type();
      keywords.emplace(name, read(L, lua_gettop(L), type, method + ": '" + name + "'", 0));
    }
    --last;
  }
  const int given = last - first + 1;
  if (given > static_cast<int>(arguments.size()) - 1) {
    fail(method, ": takes ", arguments.size() - 1, " arguments, got ", given, "\n  ", c10::toString(schema));
  }
  std::vector<IValue> inputs;
  for (int i = 0; i < given; ++i) {
    const auto& argument = arguments[i + 1];
    inputs.push_back(read(L, first + i, argument.type(),
                          method + ": argument " + std::to_string(i + 1) + " ('" + argument.name() + "')", 0));
  }
  const IValue result = script.invoke(method, std::move(inputs), keywords);
  if (!result.isTuple()) {
    push_value(L, result, false);
    return 1;
  }
  const auto& items = result.toTupleRef().elements();
  luaL_checkstack(L, static_cast<int>(items.size()) + 8, "too many results");
  for (const auto& item : items) push_value(L, item, false);
  return static_cast<int>(items.size());
}

std::shared_ptr<TorchScript> self(lua_State* L) { return check_module<TorchScript>(L, 1); }

/// m:forward(...), m(...)
int forward(lua_State* L) { return call_script(L, *self(L)); }

/// m:invoke(method, ...): another method of the script.
int invoke_method(lua_State* L) { return invoke(L, *self(L), check_string(L, 2), 3); }

int methods(lua_State* L) {
  push(L, self(L)->methods());
  return 1;
}

/// m:schema(method): what it takes and gives, as text.
int schema(lua_State* L) {
  push(L, c10::toString(self(L)->schema(optional_string(L, 2, "forward"))));
  return 1;
}

/// load(path, device or nil)
int load(lua_State* L) {
  const std::string path = check_string(L, 1), device = optional_string(L, 2, "");
  push_module(L, TorchScript::load(path, device.empty() ? std::nullopt : std::optional(open_device(device))));
  return 1;
}

}  // namespace

int call_script(lua_State* L, TorchScript& script) { return invoke(L, script, "forward", 2); }

int open_torch_script(lua_State* L) {
  lua_getglobal(L, "require");  // where methods of modules are kept
  lua_pushliteral(L, "host.module");
  lua_call(L, 1, 0);
  const luaL_Reg script_methods[] = {
      {"forward", forward}, {"invoke", invoke_method}, {"methods", methods}, {"schema", schema}, {nullptr, nullptr}};
  add_module_methods(L, "ScriptModule", script_methods);
  const luaL_Reg functions[] = {{"load", load}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
