#include <algorithm>

#include "bindings/pickled.hpp"

namespace moonlab::lua {

namespace {

/// Whether `table`, if it is one, has something under the key at `key`.
bool holds(lua_State* L, int table, int key) {
  if (!lua_istable(L, table)) return false;
  lua_pushvalue(L, key);
  lua_rawget(L, table);
  const bool found = !lua_isnil(L, -1);
  lua_pop(L, 1);
  return found;
}

}  // namespace

void push_keys(lua_State* L, int index) {
  luaL_checkstack(L, 12, "the keys of a table");
  index = index < 0 ? lua_gettop(L) + index + 1 : index;
  lua_newtable(L);
  const int out = lua_gettop(L);
  lua_newtable(L);
  const int listed = lua_gettop(L);
  int n = 0;
  if (lua_getmetatable(L, index)) {
    const int meta = lua_gettop(L);
    lua_pushliteral(L, "__keys"), lua_rawget(L, meta);
    lua_pushliteral(L, "__none"), lua_rawget(L, meta);
    for (int i = 1, count = lua_istable(L, meta + 1) ? static_cast<int>(lua_objlen(L, meta + 1)) : 0; i <= count; ++i) {
      lua_rawgeti(L, meta + 1, i);
      const int key = lua_gettop(L);
      if ((holds(L, index, key) || holds(L, meta + 2, key)) && !holds(L, listed, key)) {
        lua_pushvalue(L, key), lua_pushboolean(L, true), lua_rawset(L, listed);
        lua_pushvalue(L, key), lua_rawseti(L, out, ++n);
      }
      lua_pop(L, 1);
    }
    lua_settop(L, listed);
  }
  std::vector<double> numbers;
  std::vector<std::string> texts;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    const int key = lua_gettop(L) - 1;
    if (holds(L, listed, key)) continue;
    if (lua_type(L, key) == LUA_TNUMBER) numbers.push_back(lua_tonumber(L, key));
    else if (lua_type(L, key) == LUA_TSTRING) texts.push_back(check_string(L, key));
    else lua_pushvalue(L, key), lua_rawseti(L, out, ++n);
  }
  std::sort(numbers.begin(), numbers.end());
  std::sort(texts.begin(), texts.end());
  for (double d : numbers) lua_pushnumber(L, d), lua_rawseti(L, out, ++n);
  for (const auto& s : texts) push(L, s), lua_rawseti(L, out, ++n);
  lua_settop(L, out);
}

}  // namespace moonlab::lua
