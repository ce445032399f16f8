// Modules as Lua values: one userdata type for layers, backbones, decoders in C++ and classes written in Lua.
#pragma once

#include "bindings/lua.hpp"
#include "host/nn/module.hpp"

namespace moonlab::lua {

template <>
struct TypeName<nn::Module> {
  static constexpr const char* value = "module";
};

/// The same C++ module is the same Lua value for as long as Lua holds it.
void push_module(lua_State* L, std::shared_ptr<nn::Module> module);

/// The module at a position as class M, or an error that says what was expected.
template <class M = nn::Module>
std::shared_ptr<M> check_module(lua_State* L, int index) {
  auto module = test_object<nn::Module>(L, index);
  auto wanted = std::dynamic_pointer_cast<M>(module);
  if (!wanted) argument_error(L, index, "a module of the right class");
  return wanted;
}

/// Methods that modules of one class have beside those of all; {nullptr, nullptr} ends the list.
void add_module_methods(lua_State* L, const char* kind, const luaL_Reg* methods);

/// A module's named tensors as a list of {name, tensor} pairs, the tensors by identity.
void push_named(lua_State* L, const nn::Module::Named& named, bool known);

}  // namespace moonlab::lua
