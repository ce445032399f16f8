// Transforms of functions for Lua: each runs a Lua function inside one layer, which ends also when the function raises.
#include "host/tensor/functorch.hpp"

#include "bindings/all.hpp"
#include "bindings/tensor.hpp"

namespace moonlab::lua {

namespace {

/// Calls the function at `index` with a level and everything above it; all its results stay on the stack.
int call_with_level(lua_State* L, int index, double level) {
  if (!lua_isfunction(L, index)) argument_error(L, index, "a function");
  lua_pushnumber(L, level);
  lua_insert(L, index + 1);
  lua_call(L, lua_gettop(L) - index, LUA_MULTRET);
  return lua_gettop(L) - index + 1;
}

/// vmap(batch_size, randomness, f, ...) -> f(level, ...)
int vmap(lua_State* L) {
  VmapLayer layer(check_integer(L, 1), check_string(L, 2));
  return call_with_level(L, 3, static_cast<double>(layer.level()));
}

/// hide(x, dim, level) -> x without that dim
int hide(lua_State* L) {
  push(L, hide_batch_dim(check_tensor(L, 1), check_integer(L, 2), check_integer(L, 3)));
  return 1;
}

/// show(x, dim, level, batch_size) -> x with the batch in dim
int show(lua_State* L) {
  push(L, show_batch_dim(check_tensor(L, 1), check_integer(L, 2), check_integer(L, 3), check_integer(L, 4)));
  return 1;
}

/// grad_layer(f, ...) -> f(level, ...)
int grad_layer(lua_State* L) {
  GradLayer layer;
  return call_with_level(L, 1, static_cast<double>(layer.level()));
}

/// wrap(x, level, differentiate) -> x inside the layer
int wrap(lua_State* L) {
  push(L, wrap_for_grad(check_tensor(L, 1), check_integer(L, 2), lua_toboolean(L, 3)));
  return 1;
}

/// unwrap(x, level) -> x outside the layer
int unwrap(lua_State* L) {
  push(L, unwrap_for_grad(check_tensor(L, 1), check_integer(L, 2)));
  return 1;
}

/// dual_level(f, ...) -> f(level, ...)
int dual_level(lua_State* L) {
  DualLevel level;
  return call_with_level(L, 1, static_cast<double>(level.level()));
}

/// jvp_layer(f, ...) -> f(level, ...)
int jvp_layer(lua_State* L) {
  JvpLayer layer;
  return call_with_level(L, 1, static_cast<double>(layer.level()));
}

const luaL_Reg kFunctions[] = {{"vmap", vmap},
                               {"hide", hide},
                               {"show", show},
                               {"grad_layer", grad_layer},
                               {"wrap", wrap},
                               {"unwrap", unwrap},
                               {"dual_level", dual_level},
                               {"jvp_layer", jvp_layer},
                               {nullptr, nullptr}};

}  // namespace

int open_functorch(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
