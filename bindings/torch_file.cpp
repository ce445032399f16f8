// require "host.torch_file": files of torch.save, for stdlib/torch/serialization.lua.
#include "host/weights/torch_file.hpp"

#include "bindings/all.hpp"
#include "bindings/pickled.hpp"

namespace moonlab::lua {

namespace {

bool flag(lua_State* L, int table, const char* name) {
  lua_getfield(L, table, name);
  const bool on = lua_toboolean(L, -1) != 0;
  lua_pop(L, 1);
  return on;
}

/// read(path, { mmap, unknown, place = function(bytes, location) -> tensor or nil }, int64) -> value
int read(lua_State* L) {
  const std::string path = check_string(L, 1);
  weights::ReadOptions options;
  options.mapped = flag(L, 2, "mmap");
  options.unknown = flag(L, 2, "unknown");
  lua_getfield(L, 2, "place");
  const int place = lua_gettop(L);
  if (lua_isfunction(L, place)) {
    options.place = [L, place](const at::Tensor& bytes, const std::string& location) {
      lua_pushvalue(L, place);
      push(L, bytes);
      push(L, location);
      lua_call(L, 2, 1);
      at::Tensor moved = optional_tensor(L, -1);
      lua_pop(L, 1);
      return moved;
    };
  }
  auto file = weights::read_torch_file(weights::MappedFile::open(path), options);
  push_pickled(L, file.root, 3);
  return 1;
}

/// write(path, value, legacy)
int write(lua_State* L) {
  weights::Arena arena;
  weights::Ref root;
  try {
    root = read_pickled(L, 2, arena);
  } catch (const Error& e) {
    fail("torch.save: ", e.what());
  }
  weights::write_torch_file(check_string(L, 1), root, arena, lua_toboolean(L, 3) != 0);
  return 0;
}

/// format(path) -> "zip", "legacy", "tar", "safetensors", ""
int format(lua_State* L) {
  push(L, weights::weights_format(weights::MappedFile::open(check_string(L, 1))->bytes()));
  return 1;
}

int keys(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  push_keys(L, 1);
  return 1;
}

}  // namespace

int open_torch_file(lua_State* L) {
  const luaL_Reg functions[] = {
      {"read", read}, {"write", write}, {"format", format}, {"keys", keys}, {nullptr, nullptr}};
  return push_library(L, functions);
}

}  // namespace moonlab::lua
