// The tensors of modules for Lua: listing, states, movement, training mode.
#include "bindings/module_parts.hpp"
#include "host/device.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab::lua {

namespace {

using nn::Module;

int self_back(lua_State* L) {
  lua_settop(L, 1);
  return 1;
}

Module::Walk walk(lua_State* L) {
  return {optional_string(L, 2, ""), optional_boolean(L, 3, true), optional_boolean(L, 4, true)};
}

/// (module, prefix, recurse, unique) -> list of {name, tensor}
int parameters(lua_State* L) {
  lua_settop(L, 4);
  push_named(L, module_self(L)->named_parameters(walk(L)), true);
  return 1;
}

int buffers(lua_State* L) {
  lua_settop(L, 4);
  push_named(L, module_self(L)->named_buffers(walk(L)), true);
  return 1;
}

/// state(module, prefix, keep_vars, recurse) -> list of {name, tensor}
int state(lua_State* L) {
  lua_settop(L, 4);
  const bool keep = optional_boolean(L, 3, false);
  push_named(L, module_self(L)->state_dict(optional_string(L, 2, ""), keep, optional_boolean(L, 4, true)), keep);
  return 1;
}

/// load(module, list of {name, tensor}, strict, assign) -> { missing_keys, unexpected_keys, mismatched_keys, text }
int load(lua_State* L) {
  auto module = module_self(L);
  lua_settop(L, 4);
  Module::Named named;
  for (int i = 1, n = static_cast<int>(lua_objlen(L, 2)); i <= n; ++i) {
    lua_rawgeti(L, 2, i);
    lua_rawgeti(L, -1, 1);
    lua_rawgeti(L, -2, 2);
    named.emplace_back(check_string(L, -2), check_tensor(L, -1));
    lua_pop(L, 3);
  }
  auto report = module->load_state_dict(named, optional_boolean(L, 3, true), optional_boolean(L, 4, false));
  lua_createtable(L, 0, 4);
  push(L, report.missing), lua_setfield(L, -2, "missing_keys");
  push(L, report.unexpected), lua_setfield(L, -2, "unexpected_keys");
  push(L, report.misshapen), lua_setfield(L, -2, "mismatched_keys");
  push(L, report.text()), lua_setfield(L, -2, "text");
  return 1;
}

int train(lua_State* L) {
  module_self(L)->train(optional_boolean(L, 2, true));
  return self_back(L);
}

int eval(lua_State* L) {
  module_self(L)->train(false);
  return self_back(L);
}

at::MemoryFormat memory_format(const std::string& word) {
  if (word == "channels_last") return at::MemoryFormat::ChannelsLast;
  if (word == "channels_last_3d") return at::MemoryFormat::ChannelsLast3d;
  if (word == "contiguous_format") return at::MemoryFormat::Contiguous;
  fail("unknown memory format '", word, "'",
      did_you_mean(word, {"channels_last", "channels_last_3d", "contiguous_format"}));
}

/// to(device), to(dtype), to(device, dtype), to(tensor), each with {device=, dtype=, memory_format=, non_blocking=}
int to(lua_State* L) {
  auto module = module_self(L);
  std::optional<at::Device> device;
  std::optional<at::ScalarType> dtype;
  std::optional<at::MemoryFormat> format;
  bool non_blocking = false;
  auto word = [&](const std::string& text) {
    if (auto parsed = parse_dtype(text)) dtype = parsed;
    else device = open_device(text);
  };
  for (int i = 2, n = lua_gettop(L); i <= n; ++i) {
    if (lua_isnil(L, i)) continue;
    if (const at::Tensor* t = test_tensor(L, i)) {
      device = t->device(), dtype = t->scalar_type();
    } else if (lua_isboolean(L, i)) {
      non_blocking = lua_toboolean(L, i);
    } else if (lua_istable(L, i)) {
      for (lua_pushnil(L); lua_next(L, i); lua_pop(L, 1)) {
        const std::string key = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "";
        if (key == "device" || key == "dtype") word(check_string(L, -1));
        else if (key == "memory_format") format = memory_format(check_string(L, -1));
        else if (key == "non_blocking") non_blocking = check_boolean(L, -1);
        else fail("to: unknown option '", key, "'",
            did_you_mean(key, {"device", "dtype", "memory_format", "non_blocking"}));
      }
    } else {
      word(check_string(L, i));
    }
  }
  if (dtype && !at::isFloatingType(*dtype) && !at::isComplexType(*dtype))
    fail("to: a module takes floating point and complex dtypes alone, got ", dtype_name(*dtype));
  module->to(device, dtype, format, non_blocking);
  return self_back(L);
}

int to_empty(lua_State* L) {
  auto module = module_self(L);
  if (lua_istable(L, 2)) {
    lua_getfield(L, 2, "device");
    lua_replace(L, 2);
  }
  module->to_empty(open_device(check_string(L, 2)));
  return self_back(L);
}

int requires_grad(lua_State* L) {
  module_self(L)->requires_grad(optional_boolean(L, 2, true));
  return self_back(L);
}

/// zero_grad(set_to_none), zero_grad { set_to_none = false }
int zero_grad(lua_State* L) {
  if (lua_istable(L, 2)) {
    lua_getfield(L, 2, "set_to_none");
    lua_replace(L, 2);
  }
  module_self(L)->zero_grad(optional_boolean(L, 2, true));
  return 0;
}

int num_parameters(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(module_self(L)->count(optional_boolean(L, 2, false))));
  return 1;
}

}  // namespace

const luaL_Reg kModuleStateFunctions[] = {{"parameters", parameters}, {"buffers", buffers}, {"state", state},
                                          {"load", load}, {nullptr, nullptr}};

const luaL_Reg kModuleStateMethods[] = {{"train", train}, {"eval", eval}, {"to", to}, {"to_empty", to_empty},
                                        {"requires_grad_", requires_grad}, {"zero_grad", zero_grad},
                                        {"num_parameters", num_parameters}, {nullptr, nullptr}};

}  // namespace moonlab::lua
