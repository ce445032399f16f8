#include "host/app/complete.hpp"

extern "C" {
#include <lauxlib.h>
#include <lua.h>
}

#include <cctype>
#include <set>

#include "bindings/lua.hpp"
#include "host/tensor/operator.hpp"

namespace moonlab::app {

namespace {

constexpr const char* kKeywords[] = {"and", "break",    "do",     "else", "elseif", "end",   "false",
                                     "for", "function", "if",     "in",   "local",  "nil",   "not",
                                     "or",  "repeat",   "return", "then", "true",   "until", "while"};
constexpr const char* kProperties[] = {
    "H",        "T",      "_version", "data",   "device",  "dtype", "grad", "grad_fn",       "is_nested", "is_sparse",
    "itemsize", "layout", "mH",       "nbytes", "is_leaf", "mT",    "ndim", "requires_grad", "shape"};

bool is_letter(char c) { return std::isalnum(static_cast<unsigned char>(c)) || c == '_'; }

class Finder {
 public:
  Finder(std::string_view prefix, bool methods) : prefix_(prefix), methods_(methods) {}

  void add(std::string_view name) {
    if (!name.starts_with(prefix_) || name.empty()) return;
    // names that begin with an underscore are private: shown only to who asks for them
    if (name[0] == '_' && !prefix_.starts_with("_")) return;
    names_.emplace(name);
  }

  void add_operators() {
    for (const std::string& name : operator_names("aten")) add(name);
  }

  /// Names of the value on top of the stack; leaves the stack as it was.
  void add_fields(lua_State* L, int depth = 0) {
    if (depth > 8 || !lua_checkstack(L, 10)) return;
    const bool tensor = lua::test_tensor(L, lua_gettop(L));
    if (tensor) {
      add_operators();
      if (!methods_)
        for (const char* name : kProperties) add(name);
    }
    if (lua_istable(L, -1)) {
      for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1))
        if (lua_type(L, -2) == LUA_TSTRING && (!methods_ || !is_plain(lua_type(L, -1)))) add(lua_tostring(L, -2));
    }
    if (!lua_getmetatable(L, -1)) return;
    lua_pushliteral(L, "__names");
    lua_rawget(L, -2);
    if (lua_isfunction(L, -1)) {
      lua_pushvalue(L, -3);
      if (lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1))
        for (int i = 1, n = static_cast<int>(lua_objlen(L, -1)); i <= n; ++i) {
          lua_rawgeti(L, -1, i);
          if (lua_type(L, -1) == LUA_TSTRING) add(lua_tostring(L, -1));
          lua_pop(L, 1);
        }
    }
    lua_pop(L, 1);
    lua_pushliteral(L, "__index");
    lua_rawget(L, -2);
    if (lua_istable(L, -1)) add_fields(L, depth + 1);
    lua_pop(L, 2);
  }

  std::vector<std::string> take() { return {names_.begin(), names_.end()}; }

 private:
  static bool is_plain(int type) { return type == LUA_TNUMBER || type == LUA_TSTRING || type == LUA_TBOOLEAN; }

  std::string_view prefix_;
  bool methods_;
  std::set<std::string> names_;
};

// Replaces the value on top by its field. Fields that a function computes are read too (a tensor's, a module's), under
// protection. False, with nil on top, where there is none.
bool descend(lua_State* L, std::string_view name) {
  if (lua_isnil(L, -1)) return false;
  lua_pushcfunction(L, [](lua_State* l) -> int {
    lua_gettable(l, 1);
    return 1;
  });
  lua_insert(L, -2);
  lua_pushlstring(L, name.data(), name.size());
  if (lua_pcall(L, 2, 1, 0) == 0) return !lua_isnil(L, -1);
  lua_pop(L, 1);
  lua_pushnil(L);
  return false;
}

// The keys that may stand at the end of the text in a constructor's table, `adamw { we`: what stdlib/key_completion.lua
// knows. False where the text ends elsewhere.
bool add_keys(lua_State* L, std::string_view text, Finder& finder) {
  const size_t open = text.rfind('{');
  if (open == std::string_view::npos) return false;
  const int top = lua_gettop(L);
  lua_getglobal(L, "require");
  lua_pushliteral(L, "key_completion");
  bool there = lua_pcall(L, 1, 1, 0) == 0;
  if (there) {
    lua_pushlstring(L, text.data(), text.size());
    there = lua_pcall(L, 1, 1, 0) == 0 && lua_istable(L, -1);
  }
  for (int i = 1, n = there ? static_cast<int>(lua_objlen(L, -1)) : 0; i <= n; ++i) {
    lua_rawgeti(L, -1, i);
    if (lua_type(L, -1) == LUA_TSTRING) finder.add(lua_tostring(L, -1));
    lua_pop(L, 1);
  }
  lua_settop(L, top);
  return there;
}

}  // namespace

Completion complete(lua_State* L, std::string_view text) {
  Completion result;
  size_t begin = text.size();
  while (begin > 0 && is_letter(text[begin - 1])) --begin;
  result.begin = begin;
  const std::string_view prefix = text.substr(begin);
  if (!prefix.empty() && std::isdigit(static_cast<unsigned char>(prefix[0]))) return result;

  // the names before it, from the left: a.b:c
  std::vector<std::string_view> path;
  size_t end = begin;
  const bool methods = end > 0 && text[end - 1] == ':';
  while (end > 0 && (text[end - 1] == '.' || text[end - 1] == ':')) {
    size_t start = end - 1;
    while (start > 0 && is_letter(text[start - 1])) --start;
    if (start == end - 1) return result;  // f(x). or "text":, whose value is not known before it runs
    path.insert(path.begin(), text.substr(start, end - 1 - start));
    end = start;
  }

  const int top = lua_gettop(L);
  Finder finder(prefix, methods);
  if (path.empty() && add_keys(L, text.substr(0, begin), finder)) {
    result.names = finder.take();
    return result;
  }
  lua_pushvalue(L, LUA_GLOBALSINDEX);
  bool there = true;
  for (size_t i = 0; there && i < path.size(); ++i) there = descend(L, path[i]);
  if (there) finder.add_fields(L);
  if (path.empty())
    for (const char* keyword : kKeywords) finder.add(keyword);
  if (path.size() == 1 && path[0] == "torch" && there) finder.add_operators();
  lua_settop(L, top);
  result.names = finder.take();
  return result;
}

}  // namespace moonlab::app
