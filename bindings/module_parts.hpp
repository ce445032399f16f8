// What the files of the module binding share: a module's Lua side, its forward, its parts.
#pragma once

#include "bindings/module.hpp"
#include "bindings/tensor.hpp"

namespace moonlab::lua {

// A module's userdata has an environment table: its plain Lua fields and, under keys that no field can have, its class
// (for classes written in Lua), its hooks, and the userdata of its children, so that a child keeps its Lua side for as
// long as its parent does.
constexpr const char* kClass = " class";
constexpr const char* kHooks = " hooks";
constexpr const char* kChildren = " children";
constexpr const char* kDerive = " derive";  // name of a derived value -> f(module), which computes it
constexpr const char* kMethods = "moonlab.module.methods";        // class name -> methods of that class; "*" for all
constexpr const char* kParameters = "moonlab.module.parameters";  // weak keys: tensors that nn.Parameter made

/// The module in the first place.
std::shared_ptr<nn::Module> module_self(lua_State* L);

/// Field of the environment of the userdata at `index`, pushed; nil where there is none.
void push_field(lua_State* L, int index, const char* key);
/// Sets it to what is on top of the stack, which is popped.
void set_field(lua_State* L, int index, const char* key);

/// The child `name` of the module at `index`, which from now on is held by it, pushed.
void push_child(lua_State* L, int index, const std::string& name, const std::shared_ptr<nn::Module>& child);

/// An empty module of a class written in Lua.
std::shared_ptr<nn::Module> new_scripted(const std::string& name);
bool is_scripted(const nn::Module& module);

extern const luaL_Reg kModuleMeta[];           // module_field.cpp: __index, __newindex, __len, __tostring
extern const luaL_Reg kModuleFieldFunctions[];
extern const luaL_Reg kModuleCallFunctions[];  // module_call.cpp
extern const luaL_Reg kModuleMakeFunctions[];  // module_make.cpp
extern const luaL_Reg kModuleStateFunctions[];  // module_state.cpp
extern const luaL_Reg kModuleStateMethods[];

int call_module(lua_State* L);  // __call

}  // namespace moonlab::lua
