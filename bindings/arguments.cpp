// Arguments of binding functions, plain data, and objects of the host: what bindings/lua.hpp declares.
#include <algorithm>
#include <cstring>

#include "bindings/state.hpp"

namespace moonlab::lua {

namespace {

std::string function_name(lua_State* L) {
  lua_Debug ar;
  if (!lua_getstack(L, 0, &ar) || !lua_getinfo(L, "n", &ar) || !ar.name) return "";
  return ar.name;
}

bool is_method(lua_State* L) {
  lua_Debug ar;
  return lua_getstack(L, 0, &ar) && lua_getinfo(L, "n", &ar) && ar.namewhat && std::strcmp(ar.namewhat, "method") == 0;
}

}  // namespace

void argument_error(lua_State* L, int index, const std::string& expected) {
  std::string name = function_name(L);
  std::string got = index > lua_gettop(L) ? "nothing" : describe(L, index);
  if (index < 0) fail(name.empty() ? "" : name + ": ", "expected ", expected, ", got ", got);
  if (is_method(L)) --index;
  if (index == 0) fail(name, ": call it with a colon, as in x:", name, "(...); the receiver must be ", expected, ", got ", got);
  fail(name.empty() ? "" : name + ": ", "argument ", index, " must be ", expected, ", got ", got);
}

std::string describe(lua_State* L, int index) {
  switch (lua_type(L, index)) {
    case LUA_TNONE:
    case LUA_TNIL: return "nil";
    case LUA_TBOOLEAN: return lua_toboolean(L, index) ? "true" : "false";
    case LUA_TNUMBER: {
      lua_pushvalue(L, index);
      std::string text = lua_tostring(L, -1);
      lua_pop(L, 1);
      return text;
    }
    case LUA_TSTRING: {
      std::string text = lua_tostring(L, index);
      return "'" + (text.size() > 40 ? text.substr(0, 37) + "..." : text) + "'";
    }
    case LUA_TTABLE: return "a table";
    case LUA_TFUNCTION: return "a function";
    case LUA_TUSERDATA:
      if (luaL_getmetafield(L, index, "__name")) {
        std::string name = lua_tostring(L, -1);
        lua_pop(L, 1);
        return (std::strchr("aeiou", name[0]) ? "an " : "a ") + name;
      }
      return "a userdata";
    default: return std::string("a ") + lua_typename(L, lua_type(L, index));
  }
}

double check_number(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TNUMBER) argument_error(L, index, "a number");
  return lua_tonumber(L, index);
}

int64_t check_integer(lua_State* L, int index) {
  double d = lua_type(L, index) == LUA_TNUMBER ? lua_tonumber(L, index) : 0.5;
  auto i = d >= -9.2e18 && d <= 9.2e18 ? static_cast<int64_t>(d) : 0;
  if (static_cast<double>(i) != d) argument_error(L, index, "an integer");
  return i;
}

bool check_boolean(lua_State* L, int index) {
  if (!lua_isboolean(L, index)) argument_error(L, index, "true or false");
  return lua_toboolean(L, index);
}

std::string check_string(lua_State* L, int index) {
  if (lua_type(L, index) != LUA_TSTRING) argument_error(L, index, "a string");
  size_t size;
  const char* text = lua_tolstring(L, index, &size);
  return {text, size};
}

std::vector<std::string> check_strings(lua_State* L, int index) {
  if (!lua_istable(L, index)) argument_error(L, index, "a list of strings");
  std::vector<std::string> list;
  for (int i = 1, n = lua_objlen(L, index); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    if (lua_type(L, -1) != LUA_TSTRING) {
      std::string got = describe(L, -1);
      lua_pop(L, 1);
      argument_error(L, index, "a list of strings (item " + std::to_string(i) + " is " + got + ")");
    }
    list.push_back(check_string(L, -1));
    lua_pop(L, 1);
  }
  return list;
}

std::vector<int64_t> check_integers(lua_State* L, int index) {
  if (!lua_istable(L, index)) argument_error(L, index, "a list of integers");
  std::vector<int64_t> list;
  for (int i = 1, n = lua_objlen(L, index); i <= n; ++i) {
    lua_rawgeti(L, index, i);
    double d = lua_type(L, -1) == LUA_TNUMBER ? lua_tonumber(L, -1) : 0.5;
    std::string got = describe(L, -1);
    lua_pop(L, 1);
    auto k = d >= -9.2e18 && d <= 9.2e18 ? static_cast<int64_t>(d) : 0;
    if (static_cast<double>(k) != d) argument_error(L, index, "a list of integers (item " + std::to_string(i) + " is " + got + ")");
    list.push_back(k);
  }
  return list;
}

double optional_number(lua_State* L, int i, double fallback) { return lua_isnoneornil(L, i) ? fallback : check_number(L, i); }
int64_t optional_integer(lua_State* L, int i, int64_t fallback) { return lua_isnoneornil(L, i) ? fallback : check_integer(L, i); }
bool optional_boolean(lua_State* L, int i, bool fallback) { return lua_isnoneornil(L, i) ? fallback : check_boolean(L, i); }
std::string optional_string(lua_State* L, int i, const std::string& fallback) { return lua_isnoneornil(L, i) ? fallback : check_string(L, i); }

void push(lua_State* L, std::string_view text) { lua_pushlstring(L, text.data(), text.size()); }

template <class T, class F>
static void push_list(lua_State* L, const std::vector<T>& list, F&& one) {
  lua_createtable(L, static_cast<int>(list.size()), 0);
  for (size_t i = 0; i < list.size(); ++i) {
    one(list[i]);
    lua_rawseti(L, -2, static_cast<int>(i) + 1);
  }
}

void push(lua_State* L, const std::vector<std::string>& list) {
  push_list(L, list, [&](const std::string& s) { push(L, std::string_view(s)); });
}
void push(lua_State* L, const std::vector<int64_t>& list) {
  push_list(L, list, [&](int64_t i) { lua_pushnumber(L, static_cast<double>(i)); });
}
void push(lua_State* L, const std::vector<double>& list) {
  push_list(L, list, [&](double d) { lua_pushnumber(L, d); });
}

// ---- plain data ---------------------------------------------------------------------------------------------------

namespace {

Json json_of(lua_State* L, int index, const std::string& path, int depth) {
  if (depth > 64) fail("data nested more than 64 deep", path.empty() ? "" : " at " + path, " (a table that holds itself?)");
  if (index < 0) index = lua_gettop(L) + index + 1;
  switch (lua_type(L, index)) {
    case LUA_TNIL: return nullptr;
    case LUA_TBOOLEAN: return static_cast<bool>(lua_toboolean(L, index));
    case LUA_TNUMBER: {
      double d = lua_tonumber(L, index);
      if (d >= -9007199254740992.0 && d <= 9007199254740992.0 && static_cast<double>(static_cast<int64_t>(d)) == d) return static_cast<int64_t>(d);
      return d;
    }
    case LUA_TSTRING: return check_string(L, index);
    case LUA_TTABLE: break;
    case LUA_TUSERDATA:
      if (lua_touserdata(L, index) == State::of(L).none) return nullptr;
      [[fallthrough]];
    default: fail("not plain data: ", describe(L, index), path.empty() ? "" : " at " + path);
  }
  luaL_checkstack(L, 8, "data nested too deep");
  size_t n = lua_objlen(L, index);
  std::vector<std::string> keys;
  size_t count = 0;
  for (lua_pushnil(L); lua_next(L, index); lua_pop(L, 1)) {
    ++count;
    if (lua_type(L, -2) == LUA_TSTRING) keys.push_back(check_string(L, -2));
    else if (lua_type(L, -2) != LUA_TNUMBER) fail("not plain data: a key that is ", describe(L, -2), path.empty() ? "" : " at " + path);
  }
  if (keys.empty()) {
    if (count != n) fail("a list with holes", path.empty() ? "" : " at " + path);
    Json list = Json::array();
    for (size_t i = 1; i <= n; ++i) {
      lua_rawgeti(L, index, static_cast<int>(i));
      list.push_back(json_of(L, -1, path + "[" + std::to_string(i) + "]", depth + 1));
      lua_pop(L, 1);
    }
    return list;
  }
  if (keys.size() != count) fail("a table with both keys and list items", path.empty() ? "" : " at " + path);
  std::sort(keys.begin(), keys.end());
  Json object = Json::object();
  for (const auto& key : keys) {
    push(L, std::string_view(key));
    lua_rawget(L, index);
    object[key] = json_of(L, -1, path.empty() ? key : path + "." + key, depth + 1);
    lua_pop(L, 1);
  }
  return object;
}

}  // namespace

Json to_json(lua_State* L, int index) { return json_of(L, index, "", 0); }

void push(lua_State* L, const Json& json) {
  luaL_checkstack(L, 4, "data nested too deep");
  switch (json.type()) {
    case Json::value_t::boolean: lua_pushboolean(L, json.get<bool>()); return;
    case Json::value_t::number_integer:
    case Json::value_t::number_unsigned:
    case Json::value_t::number_float: lua_pushnumber(L, json.get<double>()); return;
    case Json::value_t::string: push(L, std::string_view(json.get_ref<const std::string&>())); return;
    case Json::value_t::array:
      lua_createtable(L, static_cast<int>(json.size()), 0);
      for (size_t i = 0; i < json.size(); ++i) {
        if (json[i].is_null()) lua_rawgeti(L, LUA_REGISTRYINDEX, State::of(L).none_ref);
        else push(L, json[i]);
        lua_rawseti(L, -2, static_cast<int>(i) + 1);
      }
      return;
    case Json::value_t::object:
      lua_createtable(L, 0, static_cast<int>(json.size()));
      for (const auto& [key, value] : json.items()) {
        push(L, std::string_view(key));
        push(L, value);
        lua_rawset(L, -3);
      }
      return;
    default: lua_pushnil(L);
  }
}

// ---- objects of the host ------------------------------------------------------------------------------------------

namespace detail {

void new_type(lua_State* L, const char* name, const luaL_Reg* methods, const luaL_Reg* meta, lua_CFunction gc) {
  luaL_newmetatable(L, name);
  lua_pushstring(L, name);
  lua_setfield(L, -2, "__name");
  lua_pushcfunction(L, gc);
  lua_setfield(L, -2, "__gc");
  lua_newtable(L);
  if (methods) luaL_register(L, nullptr, methods);
  lua_setfield(L, -2, "__index");
  if (meta) luaL_register(L, nullptr, meta);
  lua_pop(L, 1);
}

void* test_object(lua_State* L, int index, const char* name) {
  void* p = lua_touserdata(L, index);
  if (!p || !lua_getmetatable(L, index)) return nullptr;
  lua_getfield(L, LUA_REGISTRYINDEX, name);
  bool same = lua_rawequal(L, -1, -2);
  lua_pop(L, 2);
  return same ? p : nullptr;
}

void* new_object(lua_State* L, size_t size, const char* name) {
  void* p = lua_newuserdata(L, size);
  // the metatable comes after construction could fail no more: a shared_ptr is moved in without throwing
  lua_getfield(L, LUA_REGISTRYINDEX, name);
  if (lua_isnil(L, -1)) fail("the type ", name, " is not registered");
  lua_setmetatable(L, -2);
  return p;
}

}  // namespace detail

int push_library(lua_State* L, const luaL_Reg* functions) {
  lua_newtable(L);
  luaL_register(L, nullptr, functions);
  return 1;
}

}  // namespace moonlab::lua
