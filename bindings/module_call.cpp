// Calling modules from Lua: forward, hooks around it, the place of errors.
#include <typeinfo>

#include "bindings/module_parts.hpp"
#include "bindings/torch_script.hpp"
#include "host/weights/torch_script.hpp"

namespace moonlab::lua {

namespace {

using nn::Module;
using nn::Running;

constexpr const char* kHookRunner = "moonlab.module.hook_runner";  // f(module, ...) of stdlib: hooks and forward

/// (module, inputs...) -> outputs: the forward alone.
int run(lua_State* L) {
  auto module = module_self(L);
  const int n = lua_gettop(L);
  if (is_scripted(*module)) {
    push_forward(L, 1, *module);
    lua_insert(L, 1);
    lua_call(L, n, LUA_MULTRET);
    return lua_gettop(L);
  }
  if (typeid(*module) == typeid(weights::TorchScript))
    return call_script(L, static_cast<weights::TorchScript&>(*module));
  std::vector<at::Tensor> inputs;
  int wrong = 0;
  if (read_tensors(L, 2, n, inputs, wrong)) return push_tensors(L, module->run(inputs));
  // a class may take other things (a packed sequence, keywords) through a function of stdlib
  lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
  lua_getfield(L, -1, module->kind().c_str());
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, "adapt");
    if (lua_isfunction(L, -1)) {
      lua_insert(L, 1);
      lua_settop(L, n + 1);
      lua_call(L, n, LUA_MULTRET);
      return lua_gettop(L);
    }
  }
  lua_settop(L, n);
  fail(module->kind(), ": input ", wrong - 1, " must be a tensor, got ", describe(L, wrong), "\n  ", Running::place());
}

/// m(inputs...) inside other modules.
int call_inside(lua_State* L) {
  if (auto module = module_self(L); module->hooked()) {
    lua_getfield(L, LUA_REGISTRYINDEX, kHookRunner);
    lua_insert(L, 1);
    lua_call(L, lua_gettop(L) - 1, LUA_MULTRET);
    return lua_gettop(L);
  }
  return run(L);
}

/// Runs call_inside with the module noted as running; the results, or -1 with an error on the stack.
int call_noted(lua_State* L) {
  auto module = module_self(L);
  Running running(*module);
  Active here(L);
  if (is_guarded() || (!module->hooked() && !is_scripted(*module))) return call_inside(L);
  lua_pushcfunction(L, call_inside);
  lua_insert(L, 1);
  return call_guarded(L, lua_gettop(L) - 1) == 0 ? lua_gettop(L) : -1;
}

/// set_hooks(module, table | nil): the table is what hook_runner finds with hooks(module)
int set_hooks(lua_State* L) {
  auto module = module_self(L);
  lua_settop(L, 2);
  const bool none = lua_isnil(L, 2);
  set_field(L, 1, kHooks);
  if (none) {
    module->set_around(nullptr);
    return 0;
  }
  Module* raw = module.get();
  module->set_around([raw](const std::vector<at::Tensor>& inputs) {
    lua_State* l = state_for(*raw);
    lua_getfield(l, LUA_REGISTRYINDEX, kHookRunner);
    push_module(l, raw->shared_from_this());
    push_inputs(l, inputs);
    return call_for_host(l, *raw, static_cast<int>(inputs.size()) + 1);
  });
  return 0;
}

int hooks(lua_State* L) {
  module_self(L);
  push_field(L, 1, kHooks);
  return 1;
}

int set_hook_runner(lua_State* L) {
  lua_settop(L, 1);
  lua_setfield(L, LUA_REGISTRYINDEX, kHookRunner);
  return 0;
}

}  // namespace

int call_module(lua_State* L) {
  const int results = call_noted(L);
  return results < 0 ? lua_error(L) : results;
}

const luaL_Reg kModuleCallFunctions[] = {{"run", run}, {"set_hooks", set_hooks}, {"hooks", hooks},
                                         {"set_hook_runner", set_hook_runner}, {nullptr, nullptr}};

}  // namespace moonlab::lua
