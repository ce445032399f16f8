// The profiler for Lua, and the line of the script that it tells of.
#include "host/tensor/profiler.hpp"

#include <cstring>
#include <optional>

#include "bindings/all.hpp"
#include "bindings/state.hpp"
#include "host/script_place.hpp"

namespace moonlab::lua {

template <>
struct TypeName<Profile> {
  static constexpr const char* value = "profile";
};

namespace {

thread_local std::string library;  // how sources of the standard library begin

// As where(), but with the file's whole name, so that it can be read.
std::string running_place() {
  State* state = State::running();
  if (!state) return "";
  std::string innermost;
  lua_Debug ar;
  for (int level = 0; lua_getstack(state->main, level, &ar); ++level) {
    lua_getinfo(state->main, "Sl", &ar);
    if (ar.currentline <= 0) continue;
    const bool ours = !library.empty() && std::strncmp(ar.source, library.c_str(), library.size()) == 0;
    if (ours && !innermost.empty()) continue;
    std::string place = std::string(*ar.source == '@' ? ar.source + 1 : ar.short_src) + ":" + std::to_string(ar.currentline);
    if (!ours) return place;
    innermost = std::move(place);
  }
  return innermost;
}

bool flag(lua_State* L, int table, const char* name, bool fallback) {
  lua_getfield(L, table, name);
  const bool value = lua_isnil(L, -1) ? fallback : lua_toboolean(L, -1);
  lua_pop(L, 1);
  return value;
}

/// record({shapes=, memory=, device=}, f, ...) -> profile, what f returned...
int record(lua_State* L) {
  luaL_checktype(L, 1, LUA_TTABLE);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  std::shared_ptr<Profile> profile;
  {
    Profiler profiler({flag(L, 1, "shapes", false), flag(L, 1, "memory", true), flag(L, 1, "device", false)});
    lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
    profile = std::make_shared<Profile>(profiler.stop());
  }
  push_object(L, std::move(profile));
  lua_replace(L, 1);
  return lua_gettop(L);
}

/// span(name, f, ...) -> what f returns
int span(lua_State* L) {
  const std::string name = check_string(L, 1);
  if (!lua_isfunction(L, 2)) argument_error(L, 2, "a function");
  ProfileSpan recorded(name);
  lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
  return lua_gettop(L) - 1;
}

void set(lua_State* L, const char* key, double value) { lua_pushnumber(L, value), lua_setfield(L, -2, key); }
void set(lua_State* L, const char* key, const std::string& value) { push(L, value), lua_setfield(L, -2, key); }

/// profile:rows() -> list of {name, shapes, line, backward, calls, self, total, device_self, device_total, allocated}
int rows(lua_State* L) {
  auto profile = check_object<Profile>(L, 1);
  lua_createtable(L, static_cast<int>(profile->rows.size()), 0);
  int i = 0;
  for (const auto& r : profile->rows) {
    lua_createtable(L, 0, 10);
    set(L, "name", r.name), set(L, "shapes", r.shapes), set(L, "line", r.place);
    lua_pushboolean(L, r.backward), lua_setfield(L, -2, "backward");
    set(L, "calls", static_cast<double>(r.calls)), set(L, "self", r.self), set(L, "total", r.total);
    set(L, "device_self", r.device_self), set(L, "device_total", r.device_total);
    set(L, "allocated", static_cast<double>(r.allocated));
    lua_rawseti(L, -2, ++i);
  }
  return 1;
}

/// profile:totals() -> {wall, calls, peak}
int totals(lua_State* L) {
  auto profile = check_object<Profile>(L, 1);
  lua_newtable(L);
  set(L, "wall", profile->wall), set(L, "calls", static_cast<double>(profile->calls)), set(L, "peak", static_cast<double>(profile->peak));
  return 1;
}

/// profile:write_chrome_trace(path)
int write_chrome_trace(lua_State* L) {
  check_object<Profile>(L, 1)->write_chrome_trace(check_string(L, 2));
  return 0;
}

const luaL_Reg kMethods[] = {{"rows", rows}, {"totals", totals}, {"write_chrome_trace", write_chrome_trace}, {nullptr, nullptr}};
const luaL_Reg kFunctions[] = {{"record", record}, {"span", span}, {nullptr, nullptr}};

}  // namespace

void find_places(lua_State* L) {
  lua_getglobal(L, "MOONLAB_ROOT");
  library = "@" + optional_string(L, -1, "") + "/stdlib/";
  lua_pop(L, 1);
  set_place_finder(running_place);
}

int open_profiler(lua_State* L) {
  register_type<Profile>(L, kMethods);
  return push_library(L, kFunctions);
}

}  // namespace moonlab::lua
