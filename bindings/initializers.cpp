// Initialisers for Lua.
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/nn/init.hpp"

namespace moonlab::lua {

namespace init = nn::init;

namespace {

at::Tensor target(lua_State* L) { return check_tensor(L, 1); }

int uniform(lua_State* L) {
  auto t = target(L);
  init::uniform(t, optional_number(L, 2, 0), optional_number(L, 3, 1));
  return 0;
}
int normal(lua_State* L) {
  auto t = target(L);
  init::normal(t, optional_number(L, 2, 0), optional_number(L, 3, 1));
  return 0;
}
int trunc_normal(lua_State* L) {
  auto t = target(L);
  init::trunc_normal(t, optional_number(L, 2, 0), optional_number(L, 3, 1), optional_number(L, 4, -2), optional_number(L, 5, 2));
  return 0;
}
int constant(lua_State* L) {
  auto t = target(L);
  init::constant(t, check_number(L, 2));
  return 0;
}
int zeros(lua_State* L) {
  auto t = target(L);
  init::constant(t, 0);
  return 0;
}
int ones(lua_State* L) {
  auto t = target(L);
  init::constant(t, 1);
  return 0;
}

/// (tensor, a = 0, mode = "fan_in", nonlinearity = "leaky_relu")
bool outgoing(lua_State* L) {
  std::string mode = optional_string(L, 3, "fan_in");
  if (mode != "fan_in" && mode != "fan_out") fail("mode must be 'fan_in' or 'fan_out', got '", mode, "'");
  return mode == "fan_out";
}
int kaiming_uniform(lua_State* L) {
  auto t = target(L);
  init::kaiming_uniform(t, optional_number(L, 2, 0), optional_string(L, 4, "leaky_relu"), outgoing(L));
  return 0;
}
int kaiming_normal(lua_State* L) {
  auto t = target(L);
  init::kaiming_normal(t, optional_number(L, 2, 0), optional_string(L, 4, "leaky_relu"), outgoing(L));
  return 0;
}
int xavier_uniform(lua_State* L) {
  auto t = target(L);
  init::xavier_uniform(t, optional_number(L, 2, 1));
  return 0;
}
int xavier_normal(lua_State* L) {
  auto t = target(L);
  init::xavier_normal(t, optional_number(L, 2, 1));
  return 0;
}
int orthogonal(lua_State* L) {
  auto t = target(L);
  init::orthogonal(t, optional_number(L, 2, 1));
  return 0;
}

/// gain(nonlinearity, slope) -> number
int gain(lua_State* L) {
  lua_pushnumber(L, init::gain(check_string(L, 1), optional_number(L, 2, 0)));
  return 1;
}

const luaL_Reg kFunctions[] = {{"uniform", uniform}, {"normal", normal}, {"trunc_normal", trunc_normal}, {"constant", constant},
                               {"zeros", zeros}, {"ones", ones}, {"kaiming_uniform", kaiming_uniform}, {"kaiming_normal", kaiming_normal},
                               {"xavier_uniform", xavier_uniform}, {"xavier_normal", xavier_normal}, {"orthogonal", orthogonal}, {"gain", gain},
                               {nullptr, nullptr}};

}  // namespace

int open_initializers(lua_State* L) { return push_library(L, kFunctions); }

}  // namespace moonlab::lua
