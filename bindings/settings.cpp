// LibTorch's settings for Lua.
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/tensor/settings.hpp"

namespace moonlab::lua {

namespace {

int threads(lua_State* L) {
  lua_pushinteger(L, operator_threads());
  return 1;
}

/// set_threads(count)
int set_threads(lua_State* L) {
  set_operator_threads(static_cast<int>(check_integer(L, 1)));
  return 0;
}

int deterministic(lua_State* L) {
  lua_pushboolean(L, deterministic_algorithms());
  return 1;
}

/// set_deterministic(on, warn_only = false)
int set_deterministic(lua_State* L) {
  set_deterministic_algorithms(check_boolean(L, 1), optional_boolean(L, 2, false));
  return 0;
}

int dtype(lua_State* L) {
  push(L, std::string_view(default_dtype()));
  return 1;
}

/// set_dtype(name)
int set_dtype(lua_State* L) {
  set_default_dtype(check_string(L, 1));
  return 0;
}

/// flush_denormal(on) -> whether the processor can
int flush_denormal(lua_State* L) {
  lua_pushboolean(L, set_flush_denormal(check_boolean(L, 1)));
  return 1;
}

const luaL_Reg kFunctions[] = {{"threads", threads}, {"set_threads", set_threads}, {"deterministic", deterministic},
                               {"set_deterministic", set_deterministic}, {"dtype", dtype}, {"set_dtype", set_dtype},
                               {"flush_denormal", flush_denormal}, {nullptr, nullptr}};

}  // namespace

int open_settings(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
