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

/// Notes the Lua thread that runs modules now, for C++ parents that call children written in Lua.
class Active {
 public:
  explicit Active(lua_State* L);
  ~Active();
  Active(const Active&) = delete;

 private:
  lua_State* outer_;
};
/// The Lua thread for a module that C++ calls: the active one, else the program's.
lua_State* state_for(const nn::Module& module);

/// Whether an error of Lua would meet the handler that adds its place in the outermost module.
bool is_guarded();
/// Calls the function below its `arguments`; 0, or not with an error on the stack that says where it was.
int call_guarded(lua_State* L, int arguments);
/// What is below its `arguments` on the stack is called for C++; its results, tensors, are taken off.
std::vector<at::Tensor> call_for_host(lua_State* L, const nn::Module& module, int arguments);

/// Reads tensors and nils; false where something else stands there, at `wrong`.
bool read_tensors(lua_State* L, int first, int last, std::vector<at::Tensor>& inputs, int& wrong);
int push_tensors(lua_State* L, std::vector<at::Tensor>&& outputs);
void push_inputs(lua_State* L, const std::vector<at::Tensor>& inputs);
/// The forward of the class of the module at `index`, pushed, or an error.
void push_forward(lua_State* L, int index, const nn::Module& module);

extern const luaL_Reg kModuleMeta[];           // module_field.cpp: __index, __newindex, __len, __tostring
extern const luaL_Reg kModuleFieldFunctions[];
extern const luaL_Reg kModuleCallFunctions[];  // module_call.cpp
extern const luaL_Reg kModuleMakeFunctions[];  // module_make.cpp
extern const luaL_Reg kModuleStateFunctions[];  // module_state.cpp
extern const luaL_Reg kModuleStateMethods[];

int call_module(lua_State* L);  // __call

}  // namespace moonlab::lua
