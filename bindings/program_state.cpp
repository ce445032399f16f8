#include "bindings/program_state.hpp"

#include <csignal>

#include "bindings/all.hpp"
#include "bindings/state.hpp"
#include "host/interrupt.hpp"
#include "host/process.hpp"
#include "host/thread/worker.hpp"

namespace moonlab::lua {

namespace {

constexpr double kForever = 1e9;

void set_package_field(lua_State* L, const char* name, const std::string& value) {
  lua_getglobal(L, "package");
  push(L, value);
  lua_setfield(L, -2, name);
  lua_pop(L, 1);
}

std::string package_field(lua_State* L, const char* name) {
  lua_getglobal(L, "package");
  lua_getfield(L, -1, name);
  const char* text = lua_tostring(L, -1);
  std::string value = text ? text : "";
  lua_pop(L, 2);
  return value;
}

/// os.exit in the program: first the threads end, because the process takes down what they use.
int leave(lua_State* L) {
  if (thread::Worker::inside())
    fail("os.exit: a worker cannot end the program; return from it, or raise an error for whoever waits for it");
  thread::Worker::stop_all(3);
  lua_pushvalue(L, lua_upvalueindex(1));
  lua_insert(L, 1);
  lua_call(L, lua_gettop(L) - 1, 0);
  return 0;
}

/// os.execute([command]): as Lua's (the status of waitpid; 1 without a command: there is a shell), but Ctrl-C ends the
/// wait, and the command does not outlive the program.
int execute(lua_State* L) {
  if (lua_isnoneornil(L, 1)) {
    lua_pushinteger(L, 1);
    return 1;
  }
  ProcessOptions options;
  options.command = {"/bin/sh", "-c", check_string(L, 1)};
  options.inherit = true;
  Process process(options);
  auto ending = process.wait(kForever);
  if (!ending && on_interrupt() == Interrupt::stop) {
    signal_tree(process.pid(), SIGINT);  // from the terminal it has come to the command already
    if (!process.wait(0.5)) signal_tree(process.pid(), SIGTERM);
    throw Interrupted();
  }
  while (!ending) ending = process.wait(kForever);  // a run that finishes its step
  lua_pushinteger(L, ending->signal ? ending->signal : ending->code << 8);
  return 1;
}

void replace_os_functions(lua_State* L) {
  lua_getglobal(L, "os");
  lua_getfield(L, -1, "exit");
  lua_pushcclosure(L, leave, 1);
  lua_setfield(L, -2, "exit");
  lua_pushcfunction(L, execute);
  lua_setfield(L, -2, "execute");
  lua_pop(L, 1);
}

// Between two instructions of Lua code; a C function that is being called may be the message handler itself.
bool in_lua_code(lua_State* L) {
  lua_Debug running;
  if (!lua_getstack(L, 0, &running) || !lua_getinfo(L, "S", &running)) return false;
  return running.what[0] != 'C';
}

void stop_running(lua_State* L, lua_Debug*) {
  if (in_lua_code(L)) luaL_error(L, "interrupted");
}

}  // namespace

int explain(lua_State* L) {
  if (!lua_isstring(L, 1)) {
    // an error object: a table whose __tostring gives the text passes as it is
    if (!luaL_callmeta(L, 1, "__tostring")) lua_pushstring(L, describe(L, 1).c_str());
    lua_replace(L, 1);
  }
  std::string text = lua_tostring(L, 1);
  // Lines of the program's own library say nothing to who wrote the mistake, unless the failure stands there.
  const State& state = State::of(L);
  const std::string_view library = std::string_view(state.library).substr(state.library.empty() ? 0 : 1);
  const bool inner = state.debug || library.empty() || text.starts_with(library);
  lua_Debug ar;
  std::string frames;
  int count = 0;
  for (int level = 1; lua_getstack(L, level, &ar); ++level) {
    lua_getinfo(L, "Sln", &ar);
    if (ar.currentline <= 0) continue;
    if (!inner && std::string_view(ar.source).starts_with(state.library)) continue;
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

bool call_explained(lua_State* L, int arguments, int results, std::string& error) {
  const int handler = lua_gettop(L) - arguments;
  lua_pushcfunction(L, explain);
  lua_insert(L, handler);
  const int status = lua_pcall(L, arguments, results, handler);
  lua_remove(L, handler);
  if (status == 0) return true;
  size_t size;
  const char* text = lua_tolstring(L, -1, &size);
  error.assign(text ? text : "unknown error", text ? size : 13);
  lua_pop(L, 1);
  return false;
}

lua_State* open_program(const ProgramOptions& options) {
  lua_State* L = luaL_newstate();
  if (!L) fail("not enough memory for a Lua state");
  open_state(L);
  State::of(L).debug = options.debug;
  State::of(L).library = "@" + options.root + "/stdlib/";
  luaL_openlibs(L);
  replace_os_functions(L);
  preload_all(L);
  const std::string& root = options.root;
  set_package_field(L, "path", !options.path.empty() ? options.path
                                                      : root + "/stdlib/?.lua;" + root + "/stdlib/?/init.lua;./?.lua");
  if (!options.cpath.empty()) set_package_field(L, "cpath", options.cpath);
  push(L, root);
  lua_setglobal(L, "MOONLAB_ROOT");
  lua_getglobal(L, "require");
  lua_pushliteral(L, "prelude");
  std::string error;
  if (call_explained(L, 1, 0, error)) return L;
  close_program(L);
  fail("stdlib does not load: ", error);
}

void close_program(lua_State* L) {
  lua_close(L);
  close_state(L);
}

ProgramOptions program_options(lua_State* L) {
  lua_getglobal(L, "MOONLAB_ROOT");
  const char* root = lua_tostring(L, -1);
  ProgramOptions options{root ? root : "", State::of(L).debug, package_field(L, "path"), package_field(L, "cpath")};
  lua_pop(L, 1);
  return options;
}

void interrupt_lua(lua_State* L) noexcept {
  // as Lua's own program does: setting a hook is what a handler may do to a running state
  lua_sethook(L, stop_running, LUA_MASKCALL | LUA_MASKRET | LUA_MASKLINE | LUA_MASKCOUNT, 1);
}

}  // namespace moonlab::lua
