// Autograd for Lua: backward, gradients, modes, hooks, custom functions.
#include "host/tensor/autograd.hpp"

#include "bindings/all.hpp"
#include "bindings/autograd_parts.hpp"
#include "host/tensor/engine.hpp"

namespace moonlab::lua {

namespace {

Tensors tensors_or_one(lua_State* L, int index) {
  if (const at::Tensor* t = test_tensor(L, index)) return {*t};
  return check_tensors(L, index);
}

Tensors optional_tensors(lua_State* L, int index) {
  return lua_isnoneornil(L, index) ? Tensors{} : tensors_or_one(L, index);
}

std::optional<bool> optional_flag(lua_State* L, int index) {
  if (lua_isnoneornil(L, index)) return std::nullopt;
  return check_boolean(L, index);
}

/// backward(outputs, gradients | nil, retain_graph | nil, create_graph | nil, inputs | nil)
int run_backward(lua_State* L) {
  lua_settop(L, 5);
  backward(tensors_or_one(L, 1), optional_tensors(L, 2), optional_flag(L, 3), optional_boolean(L, 4, false),
           optional_tensors(L, 5));
  return 0;
}

/// grad(outputs, inputs, grad_outputs | nil, retain_graph | nil, create_graph | nil, allow_unused | nil) -> several
/// values
int run_grad(lua_State* L) {
  lua_settop(L, 6);
  Tensors grads = gradients(tensors_or_one(L, 1), tensors_or_one(L, 2), optional_tensors(L, 3), optional_flag(L, 4),
                            optional_boolean(L, 5, false), optional_boolean(L, 6, false));
  lua_createtable(L, static_cast<int>(grads.size()), 0);
  for (size_t i = 0; i < grads.size(); ++i) {
    if (grads[i].defined()) push(L, std::move(grads[i]));
    else lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
  return 1;
}

int with_mode(lua_State* L, Mode mode) {
  if (!lua_isfunction(L, 1)) argument_error(L, 1, "a function");
  ModeGuard guard(mode);
  lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
  return lua_gettop(L);
}

int no_grad(lua_State* L) { return with_mode(L, Mode::no_grad); }
int enable_grad(lua_State* L) { return with_mode(L, Mode::enable_grad); }
int inference_mode(lua_State* L) { return with_mode(L, Mode::inference); }
int no_inference_mode(lua_State* L) { return with_mode(L, Mode::no_inference); }

/// set_grad_enabled(flag): for what follows on this thread.
int set_grad_mode(lua_State* L) {
  set_grad_enabled(check_boolean(L, 1));
  return 0;
}

int is_inference_mode_enabled(lua_State* L) {
  lua_pushboolean(L, inference_enabled());
  return 1;
}

int bump_version(lua_State* L) {
  increment_version(check_tensor(L, 1));
  return 0;
}

/// anomaly() -> enabled, checks nan; anomaly(enabled, check_nan) sets them.
int anomaly(lua_State* L) {
  if (!lua_isnoneornil(L, 1)) set_anomaly(check_boolean(L, 1), optional_boolean(L, 2, true));
  lua_pushboolean(L, anomaly_enabled());
  lua_pushboolean(L, anomaly_checks_nan());
  return 2;
}

int is_grad_enabled(lua_State* L) {
  lua_pushboolean(L, grad_enabled());
  return 1;
}

/// register_hook(x, f) -> number; f(grad) may return another gradient.
int add_hook(lua_State* L) {
  const at::Tensor& x = check_tensor(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  auto callback = std::make_shared<Callback>(L, 2);
  unsigned number = register_hook(x, [callback](const at::Tensor& grad) -> at::Tensor {
    lua_State* l = callback->enter();
    push(l, grad);
    call_from_host(l, 1, 1);
    at::Tensor result;
    if (const at::Tensor* t = test_tensor(l, -1)) result = *t;
    else if (!lua_isnil(l, -1)) {
      std::string got = describe(l, -1);
      lua_pop(l, 1);
      fail("a hook must return a tensor or nothing, got ", got);
    }
    lua_pop(l, 1);
    return result;
  });
  remember(L, 1);
  lua_pushinteger(L, number);
  return 1;
}

int drop_hook(lua_State* L) {
  remove_hook(check_tensor(L, 1), static_cast<unsigned>(check_integer(L, 2)));
  return 0;
}

const luaL_Reg kFunctions[] = {{"backward", run_backward},
                               {"grad", run_grad},
                               {"no_grad", no_grad},
                               {"enable_grad", enable_grad},
                               {"inference_mode", inference_mode},
                               {"no_inference_mode", no_inference_mode},
                               {"is_grad_enabled", is_grad_enabled},
                               {"set_grad_enabled", set_grad_mode},
                               {"is_inference_mode_enabled", is_inference_mode_enabled},
                               {"increment_version", bump_version},
                               {"anomaly", anomaly},
                               {"register_hook", add_hook},
                               {"remove_hook", drop_hook},
                               {nullptr, nullptr}};

/// The calls of the script that run now, innermost first.
std::string calls() {
  State* state = State::running();
  if (!state) return "";
  lua_State* L = state->main;
  luaL_traceback(L, L, nullptr, 0);
  std::string text = lua_tostring(L, -1);
  lua_pop(L, 1);
  const size_t first = text.find('\n');  // after the title
  return first == text.npos ? "" : text.substr(first + 1);
}

}  // namespace

Tensors pop_results(lua_State* l, int base, const char* who) {
  Tensors results;
  for (int i = base + 1; i <= lua_gettop(l); ++i) {
    const at::Tensor* t = test_tensor(l, i);
    if (!t && !lua_isnil(l, i) && lua_touserdata(l, i) != State::of(l).none) {
      std::string got = describe(l, i);
      lua_settop(l, base);
      fail(who, " must return tensors, got ", got);
    }
    results.push_back(t ? *t : at::Tensor());
  }
  lua_settop(l, base);
  return results;
}

int open_autograd(lua_State* L) {
  install_engine();
  set_traceback(calls);
  find_places(L);
  register_node_types(L);
  register_custom_types(L);
  push_library(L, kFunctions);
  luaL_register(L, nullptr, kCustomFunctions);
  luaL_register(L, nullptr, kNodeFunctions);
  return 1;
}

}  // namespace moonlab::lua
