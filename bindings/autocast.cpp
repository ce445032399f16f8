// Autocast for Lua: a region around a function call, and the settings themselves. Devices are their types' names.
#include "host/tensor/autocast.hpp"

#include "bindings/all.hpp"
#include "bindings/lua.hpp"

namespace moonlab::lua {

namespace {

c10::DeviceType device(lua_State* L, int index) { return autocast_device(optional_string(L, index, "cuda")); }

/// region(device, enabled, dtype | nil, cache_enabled | nil, f, ...) -> what f returns
int region(lua_State* L) {
  if (!lua_isfunction(L, 5)) argument_error(L, 5, "a function");
  std::optional<std::string> dtype;
  std::optional<bool> cache;
  if (!lua_isnil(L, 3)) dtype = check_string(L, 3);
  if (!lua_isnil(L, 4)) cache = check_boolean(L, 4);
  AutocastRegion guard(device(L, 1), check_boolean(L, 2), std::move(dtype), cache);
  lua_call(L, lua_gettop(L) - 5, LUA_MULTRET);
  return lua_gettop(L) - 4;
}

int available(lua_State* L) {
  lua_pushboolean(L, autocast_available(check_string(L, 1)));
  return 1;
}

int is_enabled(lua_State* L) {
  lua_pushboolean(L, autocast_enabled(device(L, 1)));
  return 1;
}

/// set_enabled(device, on)
int set_enabled(lua_State* L) {
  set_autocast_enabled(device(L, 1), check_boolean(L, 2));
  return 0;
}

int dtype(lua_State* L) {
  push(L, autocast_dtype(device(L, 1)));
  return 1;
}

/// set_dtype(device, name)
int set_dtype(lua_State* L) {
  set_autocast_dtype(device(L, 1), check_string(L, 2));
  return 0;
}

int is_cache_enabled(lua_State* L) {
  lua_pushboolean(L, autocast_cache_enabled());
  return 1;
}

int set_cache_enabled(lua_State* L) {
  set_autocast_cache_enabled(check_boolean(L, 1));
  return 0;
}

int clear_cache(lua_State*) {
  clear_autocast_cache();
  return 0;
}

int increment_nesting(lua_State* L) {
  lua_pushinteger(L, increment_autocast_nesting());
  return 1;
}

int decrement_nesting(lua_State* L) {
  lua_pushinteger(L, decrement_autocast_nesting());
  return 1;
}

const luaL_Reg kFunctions[] = {{"region", region},
                               {"available", available},
                               {"is_enabled", is_enabled},
                               {"set_enabled", set_enabled},
                               {"dtype", dtype},
                               {"set_dtype", set_dtype},
                               {"is_cache_enabled", is_cache_enabled},
                               {"set_cache_enabled", set_cache_enabled},
                               {"clear_cache", clear_cache},
                               {"increment_nesting", increment_nesting},
                               {"decrement_nesting", decrement_nesting},
                               {nullptr, nullptr}};

}  // namespace

int open_autocast(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
