// Modules for Lua: making them, calling them, their parts by name, state, movement, hooks.
//
// A module's userdata has an environment table: plain Lua fields, its class (for classes written in Lua), its hooks,
// and its children's userdata, so that a child keeps its Lua side for as long as its parent does.
#include "bindings/module.hpp"

#include <c10/util/Exception.h>

#include "bindings/all.hpp"
#include "bindings/tensor.hpp"
#include "host/device.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab::lua {

namespace {

using nn::Module;

constexpr const char* kIdentity = "moonlab.module.identity";  // weak values: Module* -> userdata
constexpr const char* kMethods = "moonlab.module.methods";    // class name -> methods of that class
constexpr const char* kClass = " class";                      // keys of the environment that no field can have
constexpr const char* kHooks = " hooks";
constexpr const char* kChildren = " children";

std::shared_ptr<Module> self(lua_State* L) {
  auto m = test_object<Module>(L, 1);
  if (!m) argument_error(L, 1, "a module");
  return m;
}

std::vector<at::Tensor> tensor_arguments(lua_State* L, int first, int last) {
  std::vector<at::Tensor> inputs;
  for (int i = first; i <= last; ++i) {
    if (lua_isnil(L, i)) {
      inputs.emplace_back();
      continue;
    }
    const at::Tensor* t = test_tensor(L, i);
    if (!t) argument_error(L, i, "a tensor");
    inputs.push_back(*t);
  }
  return inputs;
}

int push_tensors(lua_State* L, std::vector<at::Tensor>&& outputs) {
  const int n = static_cast<int>(outputs.size());
  luaL_checkstack(L, n + 2, "too many outputs");
  for (auto& t : outputs) push(L, std::move(t));
  return n;
}

/// A class written in Lua. Its forward is called with its own userdata; C++ reaches it inside a Sequential.
struct LuaModule : Module {
  explicit LuaModule(const std::string& name) : Module(name) {}

  std::vector<at::Tensor> forward(const std::vector<at::Tensor>& inputs) override {
    State* state = State::running();
    if (!state) fail(kind(), ": called on a thread without a Lua state");
    lua_State* L = state->main;
    const int base = lua_gettop(L);
    push_module(L, shared_from_this());
    for (const auto& t : inputs) push(L, t);
    call_from_host(L, static_cast<int>(inputs.size()), LUA_MULTRET);
    auto outputs = tensor_arguments(L, base + 1, lua_gettop(L));
    lua_settop(L, base);
    return outputs;
  }
};

/// Field of the environment of the userdata at `index`, pushed; nil where there is none.
void push_field(lua_State* L, int index, const char* key) {
  lua_getfenv(L, index);
  lua_pushstring(L, key);
  lua_rawget(L, -2);
  lua_remove(L, -2);
}

/// The table under `key` of the environment, made where missing, pushed.
void push_part(lua_State* L, int index, const char* key) {
  push_field(L, index, key);
  if (!lua_isnil(L, -1)) return;
  lua_pop(L, 1);
  lua_getfenv(L, index);
  lua_newtable(L);
  lua_pushstring(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  lua_remove(L, -2);
}

// ---- making ---------------------------------------------------------------------------------------------------------

/// Positional arguments in PyTorch's order, then options in a trailing table; or one table of options.
int make(lua_State* L) {
  const std::string name = check_string(L, 1);
  const nn::Kind& kind = nn::kind(name);
  Json options = Json::object();
  int last = lua_gettop(L);
  if (last >= 2 && lua_istable(L, last) && lua_objlen(L, last) == 0) {
    Json given = to_json(L, last);
    if (given.is_object()) options = given;
    --last;
  }
  auto argument = kind.arguments.begin();
  for (int i = 2; i <= last; ++i, ++argument) {
    if (argument == kind.arguments.end()) fail("nn.", name, ": takes ", kind.arguments.size(), " arguments, got ", last - 1);
    if (options.contains(argument.key())) fail("nn.", name, ": '", argument.key(), "' is given twice");
    if (!lua_isnil(L, i)) options[argument.key()] = to_json(L, i);
  }
  push_module(L, nn::build(name, options));
  return 1;
}

/// make_lua(class_name, class) -> an empty module of a class written in Lua
int make_lua(lua_State* L) {
  push_module(L, std::make_shared<LuaModule>(check_string(L, 1)));
  lua_getfenv(L, -1);
  lua_pushstring(L, kClass);
  lua_pushvalue(L, 2);
  lua_rawset(L, -3);
  lua_pop(L, 1);
  return 1;
}

int names(lua_State* L) {
  push(L, nn::kinds());
  return 1;
}

/// arguments(class) -> list of {name, default}; nil as default: must be given
int arguments(lua_State* L) {
  lua_newtable(L);
  int i = 0;
  for (const auto& [key, value] : nn::kind(check_string(L, 1)).arguments.items()) {
    lua_createtable(L, 2, 0);
    push(L, std::string_view(key));
    lua_rawseti(L, -2, 1);
    push(L, value);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

// ---- calling --------------------------------------------------------------------------------------------------------

int run_host(lua_State* L, Module& module) {
  auto inputs = tensor_arguments(L, 2, lua_gettop(L));
  try {
    return push_tensors(L, module.forward(inputs));
  } catch (const c10::Error& e) {
    fail(text_of(L, e), "\n  in ", module.kind(), "(", module.describe(), ")");
  } catch (const std::out_of_range&) {
    fail(module.kind(), ": too few inputs (", inputs.size(), ")");
  }
}

/// m(x, ...): forward, then the hooks; a hook's result, if any, stands in for the output.
int call(lua_State* L) {
  auto module = self(L);
  const int n = lua_gettop(L);
  push_field(L, 1, kHooks);
  const bool hooked = !lua_isnil(L, -1);
  lua_pop(L, 1);
  push_field(L, 1, kClass);
  int results;
  if (lua_isnil(L, -1)) {
    lua_pop(L, 1);
    results = run_host(L, *module);
  } else {
    lua_getfield(L, -1, "forward");
    if (!lua_isfunction(L, -1)) fail(module->kind(), " has no forward: define function ", module->kind(), ":forward(x)");
    lua_remove(L, -2);
    for (int i = 1; i <= n; ++i) lua_pushvalue(L, i);
    lua_call(L, n, LUA_MULTRET);
    results = lua_gettop(L) - n;
  }
  if (!hooked) return results;
  push_field(L, 1, kHooks);
  const int hooks = lua_gettop(L);
  for (int i = 1, count = static_cast<int>(lua_objlen(L, hooks)); i <= count; ++i) {
    lua_rawgeti(L, hooks, i);
    if (!lua_isfunction(L, -1)) {
      lua_pop(L, 1);
      continue;
    }
    lua_pushvalue(L, 1);                              // hook(module, input, output)
    lua_pushvalue(L, n >= 2 ? 2 : 1);
    lua_pushvalue(L, n + 1);
    lua_call(L, 3, 1);
    if (!lua_isnil(L, -1)) lua_replace(L, n + 1);
    else lua_pop(L, 1);
  }
  lua_settop(L, n + results);
  return results;
}

// ---- parts by name --------------------------------------------------------------------------------------------------

bool push_part_of(lua_State* L, Module& module, const std::string& name) {
  if (auto* entry = module.find(name)) {
    push(L, entry->value);
    if (entry->value.defined()) remember(L, lua_gettop(L));
    return true;
  }
  if (auto child = module.child(name)) {
    push_module(L, child);
    return true;
  }
  return false;
}

int index(lua_State* L) {
  auto module = self(L);
  if (lua_type(L, 2) == LUA_TNUMBER) {
    if (push_part_of(L, *module, std::to_string(check_integer(L, 2)))) return 1;
    fail(module->kind(), " has no child ", check_integer(L, 2), " (children count from 0; it has ", module->children().size(), ")");
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
  const std::string key = check_string(L, 2);
  if (push_part_of(L, *module, key)) return 1;
  if (key == "training") lua_pushboolean(L, module->training());
  else if (key == "kind") push(L, std::string_view(module->kind()));
  else if (key == "features" && module->features()) lua_pushnumber(L, static_cast<double>(module->features()));
  else lua_pushnil(L);
  return 1;
}

/// m.name = module registers a child, a leaf that requires a gradient a parameter; anything else is a plain field.
int new_index(lua_State* L) {
  auto module = self(L);
  std::string key = lua_type(L, 2) == LUA_TNUMBER ? std::to_string(check_integer(L, 2)) : check_string(L, 2);
  if (auto child = test_object<Module>(L, 3)) {
    module->set_child(key, child);
    push_part(L, 1, kChildren);
    lua_pushvalue(L, 3);
    lua_setfield(L, -2, key.c_str());
    return 0;
  }
  if (auto* entry = module->find(key)) {
    const at::Tensor* t = test_tensor(L, 3);
    if (!t && !lua_isnil(L, 3)) fail(module->kind(), ": '", key, "' is a ", entry->buffer ? "buffer" : "parameter", ", assign a tensor to it");
    entry->value = t ? *t : at::Tensor();
    if (t) remember(L, 3);
    return 0;
  }
  if (const at::Tensor* t = test_tensor(L, 3)) {
    if (t->is_leaf() && t->requires_grad()) module->register_parameter(key, *t);
    // the registered handle is the tensor itself: what Lua holds and what the module holds are one
    if (auto* entry = module->find(key)) entry->value = *t;
    remember(L, 3);
    if (module->find(key)) return 0;
  }
  lua_getfenv(L, 1);
  lua_pushlstring(L, key.data(), key.size());
  lua_pushvalue(L, 3);
  lua_rawset(L, -3);
  return 0;
}

int to_string(lua_State* L) {
  push(L, std::string_view(self(L)->tree()));
  return 1;
}

int length(lua_State* L) {
  lua_pushinteger(L, static_cast<lua_Integer>(self(L)->children().size()));
  return 1;
}

// ---- methods --------------------------------------------------------------------------------------------------------

int parameters(lua_State* L) {
  auto named = self(L)->named_parameters();
  lua_createtable(L, static_cast<int>(named.size()), 0);
  int i = 0;
  for (auto& [name, tensor] : named) {
    push(L, tensor);
    remember(L, lua_gettop(L));
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

int named_parameters(lua_State* L) {
  push_named(L, self(L)->named_parameters(), true);
  return 1;
}

int named_buffers(lua_State* L) {
  push_named(L, self(L)->named_buffers(), true);
  return 1;
}

/// state_dict() -> { name = tensor }; its names in order are in state_dict_names().
int state_dict(lua_State* L) {
  auto named = self(L)->state_dict();
  lua_createtable(L, 0, static_cast<int>(named.size()));
  for (auto& [name, tensor] : named) {
    push(L, std::string_view(name));
    push(L, tensor);
    lua_rawset(L, -3);
  }
  return 1;
}

int state_dict_names(lua_State* L) {
  std::vector<std::string> list;
  for (auto& [name, tensor] : self(L)->state_dict()) list.push_back(name);
  push(L, list);
  return 1;
}

/// load_state_dict({ name = tensor }, { strict = true }) -> { missing, unexpected, misshapen }
int load_state_dict(lua_State* L) {
  auto module = self(L);
  if (!lua_istable(L, 2)) argument_error(L, 2, "a table of tensors by name");
  bool strict = true;
  if (lua_istable(L, 3)) {
    lua_getfield(L, 3, "strict");
    strict = optional_boolean(L, -1, true);
    lua_pop(L, 1);
  }
  Module::Named named;
  for (lua_pushnil(L); lua_next(L, 2); lua_pop(L, 1)) {
    const at::Tensor* t = test_tensor(L, -1);
    if (lua_type(L, -2) != LUA_TSTRING || !t) fail("load_state_dict: expected tensors by name, got ", describe(L, -1), " under ", describe(L, -2));
    named.emplace_back(check_string(L, -2), *t);
  }
  auto report = module->load_state_dict(named, strict);
  lua_createtable(L, 0, 3);
  push(L, report.missing), lua_setfield(L, -2, "missing");
  push(L, report.unexpected), lua_setfield(L, -2, "unexpected");
  push(L, report.misshapen), lua_setfield(L, -2, "misshapen");
  return 1;
}

int self_back(lua_State* L) {
  lua_settop(L, 1);
  return 1;
}

int train(lua_State* L) {
  self(L)->train(optional_boolean(L, 2, true));
  return self_back(L);
}

int eval(lua_State* L) {
  self(L)->train(false);
  return self_back(L);
}

/// to(device), to(dtype), to(device, dtype)
int to(lua_State* L) {
  auto module = self(L);
  std::optional<at::Device> device;
  std::optional<at::ScalarType> dtype;
  for (int i = 2; i <= lua_gettop(L); ++i) {
    if (lua_isnil(L, i)) continue;
    std::string word = check_string(L, i);
    if (auto parsed = parse_dtype(word)) dtype = parsed;
    else device = open_device(word);
  }
  module->to(device, dtype);
  return self_back(L);
}

int freeze(lua_State* L) {
  self(L)->requires_grad(false);
  return self_back(L);
}

int unfreeze(lua_State* L) {
  self(L)->requires_grad(true);
  return self_back(L);
}

int zero_grad(lua_State* L) {
  self(L)->zero_grad(optional_boolean(L, 2, true));
  return 0;
}

int num_parameters(lua_State* L) {
  lua_pushnumber(L, static_cast<double>(self(L)->count(optional_boolean(L, 2, false))));
  return 1;
}

int register_parameter(lua_State* L) {
  self(L)->register_parameter(check_string(L, 2), check_tensor(L, 3));
  return 0;
}

int register_buffer(lua_State* L) {
  self(L)->register_buffer(check_string(L, 2), optional_tensor(L, 3), optional_boolean(L, 4, true));
  return 0;
}

int children(lua_State* L) {
  lua_newtable(L);
  int i = 0;
  for (auto& [name, child] : self(L)->children()) {
    lua_createtable(L, 2, 0);
    push(L, std::string_view(name));
    lua_rawseti(L, -2, 1);
    push_module(L, child);
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/// modules() -> list of {path, module}, itself first with the path ""
int modules(lua_State* L) {
  lua_newtable(L);
  int i = 0;
  for (auto& [name, module] : self(L)->named_modules()) {
    lua_createtable(L, 2, 0);
    push(L, std::string_view(name));
    lua_rawseti(L, -2, 1);
    push_module(L, module->shared_from_this());
    lua_rawseti(L, -2, 2);
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/// apply(f): f(module) on everything below, itself last.
int apply(lua_State* L) {
  auto all = self(L)->named_modules();
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  for (auto it = all.rbegin(); it != all.rend(); ++it) {
    lua_pushvalue(L, 2);
    push_module(L, it->second->shared_from_this());
    lua_call(L, 1, 0);
  }
  return self_back(L);
}

/// register_forward_hook(f) -> number; f(module, input, output) may return another output.
int register_forward_hook(lua_State* L) {
  self(L);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  push_part(L, 1, kHooks);
  int n = static_cast<int>(lua_objlen(L, -1)) + 1;
  lua_pushvalue(L, 2);
  lua_rawseti(L, -2, n);
  lua_pushinteger(L, n);
  return 1;
}

int remove_forward_hook(lua_State* L) {
  self(L);
  int n = static_cast<int>(check_integer(L, 2));
  push_part(L, 1, kHooks);
  lua_pushboolean(L, false);
  lua_rawseti(L, -2, n);
  return 0;
}

const luaL_Reg kModuleMethods[] = {{"parameters", parameters}, {"named_parameters", named_parameters}, {"named_buffers", named_buffers},
                             {"state_dict", state_dict}, {"state_dict_names", state_dict_names}, {"load_state_dict", load_state_dict},
                             {"train", train}, {"eval", eval}, {"to", to}, {"freeze", freeze}, {"unfreeze", unfreeze},
                             {"zero_grad", zero_grad}, {"num_parameters", num_parameters}, {"register_parameter", register_parameter},
                             {"register_buffer", register_buffer}, {"children", children}, {"modules", modules}, {"apply", apply},
                             {"register_forward_hook", register_forward_hook}, {"remove_forward_hook", remove_forward_hook},
                             {nullptr, nullptr}};

const luaL_Reg kMeta[] = {{"__call", call}, {"__index", index}, {"__newindex", new_index}, {"__tostring", to_string}, {"__len", length}, {nullptr, nullptr}};

const luaL_Reg kFunctions[] = {{"make", make}, {"make_lua", make_lua}, {"names", names}, {"arguments", arguments}, {nullptr, nullptr}};

}  // namespace

void push_named(lua_State* L, const Module::Named& named, bool known) {
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

void push_module(lua_State* L, std::shared_ptr<Module> module) {
  lua_getfield(L, LUA_REGISTRYINDEX, kIdentity);
  lua_pushlightuserdata(L, module.get());
  lua_rawget(L, -2);
  if (!lua_isnil(L, -1)) {
    lua_remove(L, -2);
    return;
  }
  lua_pop(L, 1);
  Module* key = module.get();
  push_object<Module>(L, std::move(module));
  lua_newtable(L);
  lua_setfenv(L, -2);
  lua_pushlightuserdata(L, key);
  lua_pushvalue(L, -2);
  lua_rawset(L, -4);
  lua_remove(L, -2);
}

void add_module_methods(lua_State* L, const char* kind, const luaL_Reg* methods) {
  lua_getfield(L, LUA_REGISTRYINDEX, kMethods);
  lua_newtable(L);
  luaL_register(L, nullptr, methods);
  lua_setfield(L, -2, kind);
  lua_pop(L, 1);
}

int open_module(lua_State* L) {
  lua_newtable(L);
  lua_newtable(L);
  lua_pushliteral(L, "v"), lua_setfield(L, -2, "__mode");
  lua_setmetatable(L, -2);
  lua_setfield(L, LUA_REGISTRYINDEX, kIdentity);
  lua_newtable(L);
  lua_setfield(L, LUA_REGISTRYINDEX, kMethods);
  register_type<Module>(L, nullptr, kMeta);
  add_module_methods(L, "*", kModuleMethods);
  return push_library(L, kFunctions);
}

}  // namespace moonlab::lua
