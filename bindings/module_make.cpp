// Making modules: layers of the host by name and options.
#include "bindings/module_parts.hpp"
#include "host/device.hpp"
#include "host/nn/layer.hpp"
#include "host/tensor/dtype.hpp"

namespace moonlab::lua {

namespace {

/// Takes the keywords dtype and device out of the options: how the layer's tensors are made.
at::TensorOptions take_factory(Json& options) {
  at::TensorOptions made = nn::factory();
  if (auto given = options.find("dtype"); given != options.end()) {
    if (given->is_string()) {
      const auto dtype = parse_dtype(given->get<std::string>());
      if (!dtype) fail("unknown dtype '", given->get<std::string>(), "'");
      made = made.dtype(*dtype);
    }
    options.erase(given);
  }
  if (auto given = options.find("device"); given != options.end()) {
    if (given->is_string()) made = made.device(open_device(given->get<std::string>()));
    options.erase(given);
  }
  return made;
}

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
    if (argument == kind.arguments.end())
      fail("nn.", name, ": takes ", kind.arguments.size(), " arguments, got ", last - 1);
    if (options.contains(argument.key())) fail("nn.", name, ": '", argument.key(), "' is given twice");
    if (!lua_isnil(L, i)) options[argument.key()] = to_json(L, i);
  }
  const nn::Factory as(take_factory(options));
  push_module(L, nn::build(name, options));
  return 1;
}

/// make_lua(class_name, class) -> an empty module of a class written in Lua
int make_lua(lua_State* L) {
  push_module(L, new_scripted(check_string(L, 1)));
  lua_pushvalue(L, 2);
  set_field(L, -2, kClass);
  return 1;
}

/// remake(module) -> a new module of the same class and options; its tensors are as a new one's
int remake(lua_State* L) {
  auto module = module_self(L);
  if (is_scripted(*module)) {
    push_module(L, new_scripted(module->kind()));
    push_field(L, 1, kClass);
    set_field(L, -2, kClass);
    return 1;
  }
  if (module->made_with().is_null()) fail("a ", module->kind(), " cannot be copied: it was not made from options");
  push_module(L, nn::build(module->kind(), module->made_with()));
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

/// options(module) -> what it was made with, defaults included; nil for classes written in Lua
int options(lua_State* L) {
  push(L, module_self(L)->made_with());
  return 1;
}

}  // namespace

const luaL_Reg kModuleMakeFunctions[] = {{"make", make},     {"make_lua", make_lua},   {"remake", remake},
                                         {"names", names},   {"arguments", arguments}, {"options", options},
                                         {nullptr, nullptr}};

}  // namespace moonlab::lua
