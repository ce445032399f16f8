// The parts of a module as Lua fields: m.weight, m.layer1[0], m.head = nn.Linear(8, 2).
#include <cstring>

#include "bindings/module_parts.hpp"
#include "host/backbone/backbone.hpp"

namespace moonlab::lua {

namespace {

using nn::Module;

/// A derived value is computed anew whenever a script reads it: f(module) of the table " derive" under its name.
void derive(lua_State* L, Module::Entry& entry) {
  const int top = lua_gettop(L);
  push_field(L, 1, kDerive);
  if (lua_istable(L, -1)) {
    lua_getfield(L, -1, entry.name.c_str());
    if (lua_isfunction(L, -1)) {
      lua_pushvalue(L, 1);
      lua_call(L, 1, 1);
      entry.value = check_tensor(L, -1);
    }
  }
  lua_settop(L, top);
}

bool push_part_of(lua_State* L, Module& module, const std::string& name) {
  if (auto* entry = module.find(name)) {
    if (entry->derived) derive(L, *entry);
    push(L, entry->value);
    if (entry->value.defined()) remember(L, lua_gettop(L));
    return true;
  }
  if (auto child = module.child(name)) {
    push_child(L, 1, name, child);
    return true;
  }
  return false;
}

/// The name of a numbered part; those below 0 count from the end.
std::string numbered(lua_State* L, const Module& module) {
  int64_t i = check_integer(L, 2);
  const auto n = static_cast<int64_t>(module.children().empty() ? module.entries().size() : module.children().size());
  return std::to_string(i < 0 && i >= -n ? i + n : i);
}

/// A method of the class of a module, pushed; nil where there is none.
void push_kind_method(lua_State* L, const Module& module, const char* name) {
  lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
  lua_getfield(L, -1, module.kind().c_str());
  if (lua_istable(L, -1)) lua_getfield(L, -1, name);
  else lua_pushnil(L);
}

int index(lua_State* L) {
  auto module = module_self(L);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    if (push_part_of(L, *module, numbered(L, *module))) return 1;
    fail(module->kind(), " has no child ", check_integer(L, 2), " (children count from 0; it has ",
        module->children().size(), ")");
  }
  lua_getfenv(L, 1);
  lua_pushvalue(L, 2);
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) return 1;
  lua_settop(L, 2);
  push_field(L, 1, kClass);
  if (!lua_isnil(L, -1)) {
    lua_pushvalue(L, 2);
    lua_gettable(L, -2);
    if (!lua_isnil(L, -1)) return 1;
  }
  lua_settop(L, 2);
  for (const char* table : {module->kind().c_str(), "*"}) {
    lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
    lua_getfield(L, -1, table);
    if (lua_istable(L, -1)) {
      lua_pushvalue(L, 2);
      lua_rawget(L, -2);
      if (!lua_isnil(L, -1)) return 1;
    }
    lua_settop(L, 2);
  }
  if (lua_type(L, 2) == LUA_TTABLE || (lua_type(L, 2) == LUA_TSTRING && std::strchr(lua_tostring(L, 2), ':'))) {
    push_kind_method(L, *module, "at");  // a slice of a container
    if (lua_isfunction(L, -1)) {
      lua_pushvalue(L, 1), lua_pushvalue(L, 2);
      lua_call(L, 2, 1);
      return 1;
    }
    lua_settop(L, 2);
  }
  const std::string key = check_string(L, 2);
  if (push_part_of(L, *module, key)) return 1;
  if (key == "training") lua_pushboolean(L, module->training());
  else if (key == "kind") push(L, std::string_view(module->kind()));
  else if ((key == "width" || key == "feature_count" || key == "features") && module->features()) lua_pushnumber(L, static_cast<double>(module->features()));
  else if (auto* backbone = key == "stages" ? dynamic_cast<nn::Backbone*>(module.get()) : nullptr)
    push(L, Json(backbone->stages()));
  else lua_pushnil(L);
  return 1;
}

/// Whether nn.Parameter made the tensor at a position.
bool marked(lua_State* L, int index) {
  lua_getfield(L, LUA_REGISTRYINDEX, kParameters);
  lua_pushvalue(L, index);
  lua_rawget(L, -2);
  const bool known = !lua_isnil(L, -1);
  lua_pop(L, 2);
  return known;
}

/// Puts the tensor at a position (or nil) into a registered place: the very tensor, so that what Lua holds and what
/// the module holds are one.
void fill(lua_State* L, Module& module, Module::Entry& entry, int index) {
  const at::Tensor* t = test_tensor(L, index);
  if (!t && !lua_isnoneornil(L, index))
    fail(module.kind(), ": '", entry.name, "' is a ", entry.buffer ? "buffer" : "parameter", ", assign a tensor to it");
  if (t && !entry.buffer && !entry.derived && !t->is_leaf())
    fail(module.kind(), ": a computed tensor cannot be the parameter '", entry.name,
        "'; make it one with nn.Parameter");
  entry.value = t ? *t : at::Tensor();
  if (t) remember(L, index);
}

/// m.name = module registers a child, a leaf that requires a gradient a parameter, nil takes a part away; anything else
/// is a plain field.
int new_index(lua_State* L) {
  auto module = module_self(L);
  std::string key = lua_type(L, 2) == LUA_TNUMBER ? numbered(L, *module) : check_string(L, 2);
  lua_getfenv(L, 1);
  if (auto child = test_object<Module>(L, 3)) {
    module->set_child(key, child);
    push_child(L, 1, key, child);
    lua_pushnil(L);
  } else if (auto* entry = module->find(key)) {
    fill(L, *module, *entry, 3);
    return 0;
  } else if (module->child(key)) {
    if (!lua_isnil(L, 3))
      fail(module->kind(), ": '", key, "' is a part of it, assign a module or nil to it, not ", describe(L, 3));
    module->remove_child(key);
    return 0;
  } else if (const at::Tensor* t = test_tensor(L, 3); t && t->is_leaf() && (t->requires_grad() || marked(L, 3))) {
    module->register_parameter(key, *t);
    fill(L, *module, *module->find(key), 3);
    lua_pushnil(L);
  } else {
    if (t) remember(L, 3);
    lua_pushvalue(L, 3);
  }
  lua_pushlstring(L, key.data(), key.size());
  lua_insert(L, -2);
  lua_rawset(L, 4);
  return 0;
}

int to_string(lua_State* L) {
  push(L, std::string_view(module_self(L)->tree()));
  return 1;
}

int length(lua_State* L) {
  auto module = module_self(L);
  const bool of_tensors = module->kind() == "ParameterList" || module->kind() == "ParameterDict";
  lua_pushinteger(L, static_cast<lua_Integer>(of_tensors ? module->entries().size() : module->children().size()));
  return 1;
}

// ---- for stdlib -----------------------------------------------------------------------------------------------------

int mark_parameter(lua_State* L) {
  check_tensor(L, 1);
  lua_settop(L, 1);
  lua_getfield(L, LUA_REGISTRYINDEX, kParameters);
  lua_pushvalue(L, 1);
  lua_pushboolean(L, 1);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  remember(L, 1);
  return 1;
}

int is_parameter(lua_State* L) {
  const at::Tensor* t = test_tensor(L, 1);
  lua_pushboolean(L, t && t->is_leaf() && (t->requires_grad() || marked(L, 1)));
  return 1;
}

/// set_entry(module, name, tensor | nil, "parameter" | "buffer" | "passing" | "derived"): registers it, or changes what
/// is registered under the name; passing buffers are not in the state.
int set_entry(lua_State* L) {
  auto module = module_self(L);
  const std::string name = check_string(L, 2), role = check_string(L, 4);
  if (!module->find(name)) module->register_parameter(name, at::Tensor());
  auto& entry = *module->find(name);
  entry.buffer = role == "buffer" || role == "passing";
  entry.persistent = role != "passing";
  entry.derived = role == "derived";
  fill(L, *module, entry, 3);
  return 0;
}

/// entries(module) -> list of {name, tensor | nil, role}, its own alone
int entries(lua_State* L) {
  auto module = module_self(L);
  lua_newtable(L);
  int i = 0;
  for (const auto& e : module->entries()) {
    lua_createtable(L, 3, 0);
    push(L, std::string_view(e.name)), lua_rawseti(L, -2, 1);
    push(L, e.value);
    if (e.value.defined()) remember(L, lua_gettop(L));
    lua_rawseti(L, -2, 2);
    push(L, e.derived ? "derived" : !e.buffer ? "parameter" : e.persistent ? "buffer" : "passing"),
        lua_rawseti(L, -2, 3);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/// parts(module) -> list of {name, child}, its own alone
int parts(lua_State* L) {
  auto module = module_self(L);
  lua_newtable(L);
  int i = 0;
  for (const auto& [name, child] : module->children()) {
    lua_createtable(L, 2, 0);
    push(L, std::string_view(name)), lua_rawseti(L, -2, 1);
    push_child(L, 1, name, child), lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/// fields(module) -> its table of plain fields, the one it uses
int fields(lua_State* L) {
  module_self(L);
  lua_getfenv(L, 1);
  return 1;
}

}  // namespace

const luaL_Reg kModuleMeta[] = {{"__call", call_module}, {"__index", index}, {"__newindex", new_index},
                                {"__tostring", to_string}, {"__len", length}, {nullptr, nullptr}};

const luaL_Reg kModuleFieldFunctions[] = {{"mark_parameter", mark_parameter}, {"is_parameter", is_parameter},
                                          {"set_entry", set_entry}, {"entries", entries}, {"parts", parts},
                                          {"fields", fields}, {nullptr, nullptr}};

}  // namespace moonlab::lua
