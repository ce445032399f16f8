#include "host/app/runtime.hpp"

#include "bindings/all.hpp"
#include "bindings/state.hpp"

namespace moonlab {

namespace {

// What an error says: its text, then where it came from, unless the text alone says it (no caller but the main chunk).
int explain(lua_State* L) {
  if (!lua_isstring(L, 1)) {
    // an error object: a table whose __tostring gives the text passes as it is
    if (!luaL_callmeta(L, 1, "__tostring")) lua_pushstring(L, lua::describe(L, 1).c_str());
    lua_replace(L, 1);
  }
  std::string text = lua_tostring(L, 1);
  lua_Debug ar;
  std::string frames;
  int count = 0;
  for (int level = 1; lua_getstack(L, level, &ar); ++level) {
    lua_getinfo(L, "Sln", &ar);
    if (ar.currentline <= 0) continue;
    std::string source = ar.short_src;
    ++count;
    frames += "\n  " + source + ":" + std::to_string(ar.currentline);
    if (ar.name) frames += std::string(": in ") + ar.name;
    if (count == 12) {
      frames += "\n  ...";
      break;
    }
  }
  if (count > 1) text += "\ncalled from" + frames;
  lua_pushlstring(L, text.data(), text.size());
  return 1;
}

}  // namespace

Runtime::Runtime(const Options& options) : root_(options.root), state_(luaL_newstate()) {
  if (!state_) fail("not enough memory for a Lua state");
  lua_State* L = state_;
  lua::open_state(L);
  lua::State::of(L).debug = options.debug;
  luaL_openlibs(L);
  lua::preload_all(L);
  lua_getglobal(L, "package");
  std::string path = root_ + "/stdlib/?.lua;" + root_ + "/stdlib/?/init.lua;./?.lua";
  lua::push(L, std::string_view(path));
  lua_setfield(L, -2, "path");
  lua_pop(L, 1);
  lua::push(L, std::string_view(root_));
  lua_setglobal(L, "MOONLAB_ROOT");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "prelude");
  if (!call(1, 0)) fail("stdlib does not load: ", error_);
}

Runtime::~Runtime() {
  lua_close(state_);
  lua::close_state(state_);
}

bool Runtime::fail_with_top() {
  size_t size;
  const char* text = lua_tolstring(state_, -1, &size);
  error_.assign(text ? text : "unknown error", text ? size : 13);
  lua_pop(state_, 1);
  return false;
}

bool Runtime::call(int arguments, int results) {
  const int handler = lua_gettop(state_) - arguments;
  lua_pushcfunction(state_, explain);
  lua_insert(state_, handler);
  const int status = lua_pcall(state_, arguments, results, handler);
  lua_remove(state_, handler);
  return status == 0 || fail_with_top();
}

bool Runtime::run_file(const std::string& path, const std::vector<std::string>& arguments) {
  lua_newtable(state_);
  lua::push(state_, std::string_view(path));
  lua_rawseti(state_, -2, 0);
  for (size_t i = 0; i < arguments.size(); ++i) {
    lua::push(state_, std::string_view(arguments[i]));
    lua_rawseti(state_, -2, static_cast<int>(i) + 1);
  }
  lua_setglobal(state_, "arg");
  if (luaL_loadfile(state_, path.c_str()) != 0) return fail_with_top();
  for (const auto& a : arguments) lua::push(state_, std::string_view(a));
  return call(static_cast<int>(arguments.size()), 0);
}

bool Runtime::run_string(const std::string& code, const std::string& name) {
  if (luaL_loadbuffer(state_, code.data(), code.size(), name.c_str()) != 0) return fail_with_top();
  return call(0, 0);
}

}  // namespace moonlab
