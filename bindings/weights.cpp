// require "host.weights": safetensors files for stdlib/safetensors.lua.
#include "bindings/all.hpp"
#include "bindings/lua.hpp"
#include "host/tensor/dtype.hpp"
#include "host/weights/safetensors.hpp"

namespace moonlab::lua {

template <>
struct TypeName<weights::Safetensors> {
  static constexpr const char* value = "safetensors file";
};

namespace {

using weights::Safetensors;

/// read(path): an open file; parse(bytes, name): the same from memory.
int read(lua_State* L) {
  push_object(L, std::make_shared<Safetensors>(weights::MappedFile::open(check_string(L, 1))));
  return 1;
}

int parse(lua_State* L) {
  const std::string bytes = check_string(L, 1);
  const auto copy = weights::MappedFile::copy(std::as_bytes(std::span(bytes)), check_string(L, 2));
  push_object(L, std::make_shared<Safetensors>(copy));
  return 1;
}

/// index(path): tensor name -> path of the part that holds it
int index(lua_State* L) {
  push(L, Json(weights::read_safetensors_index(check_string(L, 1))));
  return 1;
}

/// file:names(): in the order of the bytes
int names(lua_State* L) {
  std::vector<std::string> list;
  for (const auto& entry : check_object<Safetensors>(L, 1)->entries()) list.push_back(entry.name);
  push(L, list);
  return 1;
}

int metadata(lua_State* L) {
  const auto& metadata = check_object<Safetensors>(L, 1)->metadata();
  lua_createtable(L, 0, static_cast<int>(metadata.size()));
  for (const auto& [key, value] : metadata) {
    push(L, key);
    push(L, value);
    lua_rawset(L, -3);
  }
  return 1;
}

int path(lua_State* L) {
  push(L, check_object<Safetensors>(L, 1)->path());
  return 1;
}

/// file:tensor(name)
int tensor(lua_State* L) {
  const auto file = check_object<Safetensors>(L, 1);
  push(L, file->tensor(file->entry(check_string(L, 2))));
  return 1;
}

/// file:info(name) -> shape, dtype, the format's name of the dtype; nothing of the data is read
int info(lua_State* L) {
  const auto file = check_object<Safetensors>(L, 1);
  const auto& entry = file->entry(check_string(L, 2));
  push(L, entry.sizes);
  push(L, dtype_name(entry.type));
  push(L, weights::detail::safetensors_type(entry.type)->name);
  return 3;
}

weights::NamedTensors check_named(lua_State* L, int index) {
  if (!lua_istable(L, index)) argument_error(L, index, "a table of tensors by name");
  weights::NamedTensors tensors;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const at::Tensor* value = test_tensor(L, -1);
    if (lua_type(L, -2) != LUA_TSTRING || !value) {
      const std::string key = lua_type(L, -2) == LUA_TSTRING ? "'" + check_string(L, -2) + "'" : describe(L, -2);
      fail("safetensors: expected tensors by name, got ", describe(L, -1), " under ", key);
    }
    tensors.emplace_back(check_string(L, -2), *value);
  }
  return tensors;
}

weights::Metadata check_metadata(lua_State* L, int index) {
  weights::Metadata metadata;
  if (lua_isnoneornil(L, index)) return metadata;
  if (!lua_istable(L, index)) argument_error(L, index, "a table of strings by name (metadata)");
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    if (lua_type(L, -2) != LUA_TSTRING || lua_type(L, -1) != LUA_TSTRING) {
      fail("safetensors: metadata holds strings by name, got ", describe(L, -1), " under ", describe(L, -2));
    }
    metadata.emplace(check_string(L, -2), check_string(L, -1));
  }
  return metadata;
}

/// write(path, { name = tensor }, metadata); bytes({ name = tensor }, metadata) -> string
int write(lua_State* L) {
  weights::write_safetensors(check_string(L, 1), check_named(L, 2), check_metadata(L, 3));
  return 0;
}

int bytes(lua_State* L) {
  push(L, weights::safetensors_bytes(check_named(L, 1), check_metadata(L, 2)));
  return 1;
}

}  // namespace

int open_weights(lua_State* L) {
  const luaL_Reg methods[] = {{"names", names},   {"metadata", metadata}, {"path", path},
                              {"tensor", tensor}, {"info", info},         {nullptr, nullptr}};
  register_type<Safetensors>(L, methods);
  const luaL_Reg functions[] = {{"read", read},   {"parse", parse}, {"index", index},
                                {"write", write}, {"bytes", bytes}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
