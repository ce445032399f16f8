// Modules as Lua values: one userdata for each module, its environment, the tables of methods.
#include "bindings/module.hpp"

#include "bindings/all.hpp"
#include "bindings/module_parts.hpp"

namespace moonlab::lua {

namespace {

constexpr const char* kIdentity = "moonlab.module.identity";  // weak values: Module* -> userdata

/// methods(class name) -> the table of methods of that class ("*": of every module), for Lua to add to
int methods(lua_State* L) {
  const std::string kind = check_string(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
  lua_getfield(L, -1, kind.c_str());
  if (!lua_isnil(L, -1)) return 1;
  lua_newtable(L);
  lua_pushvalue(L, -1);
  lua_setfield(L, -4, kind.c_str());
  return 1;
}

int is_module(lua_State* L) {
  lua_pushboolean(L, test_object<nn::Module>(L, 1) != nullptr);
  return 1;
}

const luaL_Reg kFunctions[] = {{"methods", methods}, {"is_module", is_module}, {nullptr, nullptr}};

}  // namespace

std::shared_ptr<nn::Module> module_self(lua_State* L) {
  auto m = test_object<nn::Module>(L, 1);
  if (!m) argument_error(L, 1, "a module");
  return m;
}

void push_field(lua_State* L, int index, const char* key) {
  lua_getfenv(L, index);
  lua_pushstring(L, key);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

void set_field(lua_State* L, int index, const char* key) {
  lua_getfenv(L, index);
  lua_pushstring(L, key);
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 2);
}

void push_child(lua_State* L, int index, const std::string& name, const std::shared_ptr<nn::Module>& child) {
  push_module(L, child);
  push_field(L, index, kChildren);
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    lua_newtable(L);
    lua_pushvalue(L, -1);
    set_field(L, index, kChildren);
  }
  lua_pushlstring(L, name.data(), name.size());
  lua_pushvalue(L, -3);
  lua_rawset(L, -3);
  lua_pop(L, 1);
}

void push_named(lua_State* L, const nn::Module::Named& named, bool known) {
  lua_createtable(L, static_cast<int>(named.size()), 0);
  int i = 0;
  for (const auto& [name, tensor] : named) {
    lua_createtable(L, 2, 0);
    push(L, std::string_view(name));
    lua_rawseti(L, -2, 1);
    push(L, tensor);
    if (known) remember(L, lua_gettop(L));
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
}

void push_module(lua_State* L, std::shared_ptr<nn::Module> module) {
  lua_getfield(L, LUA_REGISTRYINDEX, kIdentity);
  lua_pushlightuserdata(L, module.get());
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) {
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  nn::Module* key = module.get();
  push_object<nn::Module>(L, std::move(module));
  lua_newtable(L);
  lua_setfenv(L, -2);
  lua_pushlightuserdata(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  lua_remove(L, -2);
}

void add_module_methods(lua_State* L, const char* kind, const luaL_Reg* list) {
  lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, list);
  lua_setfield(L, -2, kind);
  lua_pop(L, 1);
}

int open_module(lua_State* L) {
  for (auto [name, mode] : {std::pair{kIdentity, "v"}, std::pair{kParameters, "k"}}) {
    lua_newtable(L);
    lua_newtable(L);
    lua_pushstring(L, mode), lua_setfield(L, -2, "__mode");
    lua_setmetatable(L, -2);
    lua_setfield(L, LUA_REGISTRYINDEX, name);
  }
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, kMethods);
  register_type<nn::Module>(L, nullptr, kModuleMeta);
  add_module_methods(L, "*", kModuleStateMethods);
  push_library(L, kFunctions);
  for (const luaL_Reg* part : {kModuleMakeFunctions, kModuleCallFunctions, kModuleFieldFunctions,
      kModuleStateFunctions})
    luaL_register(L, nullptr, part);
  return 1;
}

}  // namespace moonlab::lua
