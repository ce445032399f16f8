// LibTorch's settings for Lua.
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/tensor/memory_format.hpp"
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

int warns_only(lua_State* L) {
  lua_pushboolean(L, deterministic_warns_only());
  return 1;
}

/// fill_uninitialized(on | nil) -> on
int fill_uninitialized(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) set_fill_uninitialized_memory(check_boolean(L, 1));
  lua_pushboolean(L, fills_uninitialized_memory());
  return 1;
}

int interop(lua_State* L) {
  lua_pushinteger(L, interop_threads());
  return 1;
}

int set_interop(lua_State* L) {
  set_interop_threads(static_cast<int>(check_integer(L, 1)));
  return 0;
}

/// flags() -> names; flag(name) -> on; flag(name, on)
int flags(lua_State* L) {
  push(L, backend_flags());
  return 1;
}

int flag(lua_State* L) {
  const std::string name = check_string(L, 1);
  if (!lua_isnoneornil(L, 2)) set_backend_flag(name, check_boolean(L, 2));
  lua_pushboolean(L, backend_flag(name));
  return 1;
}

/// matmul_precision(name | nil) -> name
int matmul_precision(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) set_float32_matmul_precision(check_string(L, 1));
  push(L, float32_matmul_precision());
  return 1;
}

/// is_contiguous(x, format = "contiguous_format")
int contiguous(lua_State* L) {
  lua_pushboolean(L, is_contiguous(check_tensor(L, 1), optional_string(L, 2, "contiguous_format")));
  return 1;
}

const luaL_Reg kFunctions[] = {{"threads", threads}, {"set_threads", set_threads}, {"deterministic", deterministic},
                               {"set_deterministic", set_deterministic}, {"dtype", dtype}, {"set_dtype", set_dtype},
                               {"flush_denormal", flush_denormal}, {"warns_only", warns_only}, {"fill_uninitialized", fill_uninitialized},
                               {"interop_threads", interop}, {"set_interop_threads", set_interop}, {"flags", flags}, {"flag", flag},
                               {"matmul_precision", matmul_precision}, {"is_contiguous", contiguous}, {nullptr, nullptr}};

}  // namespace

int open_settings(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
